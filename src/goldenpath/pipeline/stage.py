"""How every stage runs: measured, and with its name before what went wrong."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from goldenpath.project import files
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import STAGE_COSTS

KIB_PER_MIB = 1024


class StageError(ProjectError):
    """A stage failed, for the reason that its cause gives."""

    def __init__(self, name: str, cause: ProjectError) -> None:
        """Name the stage, and end as its cause would."""
        super().__init__(str(cause))
        self.outcome = f"{name} failed"
        self.exit_code = cause.exit_code


def measured(name: str, stage: Callable[[], str]) -> str:
    """Run a stage and note what it cost; the export stage gathers the notes in the lineage.

    Args:
        name: The stage's name in ``dvc.yaml``.
        stage: Does the work and returns one line that says what came out.

    Returns:
        What came out, and in how many seconds.

    Raises:
        StageError: The stage refused its inputs or its settings.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        outcome = stage()
    except ProjectError as error:
        raise StageError(name, error) from error
    seconds = time.perf_counter() - clock
    cost = {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB),
    }
    files.write_json(STAGE_COSTS / f"{name}.json", cost)
    return f"{name}: {outcome} ({seconds:.1f} s)"


def run(name: str, stage: Callable[[], str]) -> None:
    """Run a stage that a project has ejected, as a script of its own; see :func:`measured`.

    Raises:
        SystemExit: The stage failed; the reason went to standard error, as that of a verb does.
    """
    try:
        print(measured(name, stage))
    except StageError as error:
        print(f"{error.outcome}.\n{error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error
