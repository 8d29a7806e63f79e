"""One look at what was served lately: drift, replay, and performance where labels are known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from goldenpath.monitoring import drift, labels, performance, replay
from goldenpath.project.exit_codes import Exit

LOOK_BACK = timedelta(days=7)
SEEN = (Exit.OK, Exit.INCONCLUSIVE, Exit.ALARM)
"""An alarm, or too few rows, is what a look is for; both stand in the reports."""


def look(log: Path, since: datetime | None, labelled: Path | None) -> Exit:
    """Measure, write the reports, and say what came out.

    Args:
        log: The prediction log.
        since: The earliest time; a week ago unless told.
        labelled: A labels file to import first.

    Returns:
        OK, whatever was seen.

    Raises:
        ProjectError: A step could not be carried out.
    """
    start = since or datetime.now(UTC) - LOOK_BACK
    steps: list[Callable[[], int]] = [
        lambda: drift.run(drift.Selection(log, since=start)),
        lambda: replay.run(log),
    ]
    if labelled is not None or (log / labels.STORE).is_file():
        steps.append(lambda: performance.run(labelled, log))
    else:
        print(
            "labels: none lie beside the log, so how right the predictions were is not known. "
            "`goldenpath labels FILE` takes some."
        )
    for step in steps:
        code = Exit(step())
        if code not in SEEN:
            return code
    return Exit.OK
