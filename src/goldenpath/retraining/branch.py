"""Begin a branch for a candidate, and let it learn from newer rows where that is asked for.

``data.through`` in ``params.yaml`` holds newer months back. Moving it is a commit of its own, before the training: the
lineage of the candidate names that commit.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from goldenpath.project import contract, params, team
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git
from goldenpath.tables import months

NEWEST = "newest"
NEXT = "Next: goldenpath retrain run, then goldenpath gate model"
_THROUGH = re.compile(r"^(  through: *)(\"[^\"]*\"|'[^']*'|[^\s#]+)(?= *(?:#.*)?$)", re.MULTILINE)


def begin(root: Path, through: str, now: datetime) -> str:
    """Begin the branch.

    Args:
        root: The project's folder, which is the working folder.
        through: The last month to learn from, or :data:`NEWEST`; empty to leave it as it is.
        now: The time, which names the branch.

    Returns:
        What was done.

    Raises:
        ProjectError: Something is not committed, the branch is there, or the source has no such month.
    """
    git.refuse_changes(root)
    settings = params.load(root / params.PATH)
    month = _month(settings, through)
    name = f"retrain/{now:%Y-%m-%d-%H%M}"
    git.run(root, "switch", "--quiet", "--create", name)
    if month is None or month == settings.data.through:
        return f"Branch {name}; the parameters stay as they are. {NEXT}"
    path = root / params.PATH
    path.write_text(moved(path.read_text(encoding="utf-8"), month), encoding="utf-8", newline="\n")
    git.run(root, "commit", "--quiet", "--message", f"Learn from rows through {month}", "--", str(params.PATH))
    return f"Branch {name}: data.through is {month} instead of {settings.data.through}. {NEXT}"


def moved(text: str, month: str) -> str:
    """``params.yaml`` with another ``data.through``; the rest to the byte.

    Raises:
        ProjectError: It has no such line.
    """
    changed, count = _THROUGH.subn(rf'\g<1>"{month}"', text, count=1)
    if not count:
        raise ProjectError(f"{params.PATH}: data.through stands on no line of its own, so it cannot be moved.")
    return changed


def _month(settings: params.Params, through: str) -> str | None:
    if not through or (through == NEWEST and settings.data.through is None):
        return None  # nothing is held back
    whole = settings.model_copy(update={"data": settings.data.model_copy(update={"through": None})})
    agreed = contract.load()
    counts = months.counted(months.timestamps(team.load_rows(whole), agreed))
    if through == NEWEST:
        return max(months.newest_whole(counts), settings.data.through or "")
    months.refuse_unknown(through, counts, "--through")
    if settings.data.through is None:
        raise ProjectError(
            f"{params.PATH}: data.through is not set, so all rows are used, and nothing can be moved. "
            f'To hold newer months back, write under data: through: "{through}"'
        )
    return through
