"""How every stage runs: measured, and with errors for people."""

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


def run(name: str, stage: Callable[[], str]) -> None:
    """Run a stage and note what it cost; the export stage gathers the notes in the lineage.

    Args:
        name: The stage's name in ``dvc.yaml``.
        stage: Does the work and returns one line that says what came out.

    Raises:
        SystemExit: With status 1 after a :class:`ProjectError`, whose message went to standard error.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    try:
        outcome = stage()
    except ProjectError as error:
        print(f"{name} failed.\n{error}", file=sys.stderr)
        raise SystemExit(1) from error
    seconds = time.perf_counter() - clock
    cost = {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB),
    }
    files.write_json(STAGE_COSTS / f"{name}.json", cost)
    print(f"{name}: {outcome} ({seconds:.1f} s)")
