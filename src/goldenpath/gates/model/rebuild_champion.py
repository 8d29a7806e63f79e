"""Make the base's results again where neither cache nor remote has them: its model, or its raw rows.

What a stage writes follows from its commit byte for byte, so the stages up to it, run in a throwaway clone of that
commit by the library that its ``vendor/`` holds, put the very files that its ``dvc.lock`` names into the cache. A
CI job without a remote can judge that way.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from goldenpath.gates import base
from goldenpath.gates.model import candidate, revision
from goldenpath.gates.model.lock import Lock
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project import params
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK, MODEL, RAW, split_file
from goldenpath.repository import git
from goldenpath.repository.clone import clone, environment_of_commit


def champion(root: Path, ref: str) -> str:
    """Make sure that the champion can be compared with: its model, and the rows it has learned from where they count.

    Args:
        root: The project's folder.
        ref: The revision from whose merge base the champion is taken.

    Returns:
        What was done.

    Raises:
        ProjectError: A stage failed, or made another model than ``dvc.lock`` names.
    """
    commit = base.find(root, ref).commit
    other = candidate.load_champion(root, commit)
    if other is None:
        return f"Commit {commit[:9]} has no model: nothing to make."
    by_time = params.load(root / params.PATH).split.by == "time"
    learned = () if by_time else map(split_file, candidate.LEARNING_PARTS)
    return _rebuild(root, commit, other.lock, (MODEL, *learned), "model")


def rows(root: Path, ref: str) -> str:
    """Make sure that the base's raw rows can be compared with, where they are others than those here.

    Args:
        root: The project's folder.
        ref: The revision from whose merge base the rows are taken.

    Returns:
        What was done.

    Raises:
        ProjectError: Reading the source failed, or gave other rows than ``dvc.lock`` names.
    """
    commit = base.find(root, ref).commit
    then, now = base.text(root, commit, DVC_LOCK), root / DVC_LOCK
    lock = Lock.parse(then) if then else None
    if lock is None or str(RAW) not in lock.outs:
        return f"Commit {commit[:9]} has no rows: nothing to make."
    if now.is_file() and Lock.parse(now.read_text(encoding="utf-8")).outs.get(str(RAW)) == lock.outs[str(RAW)]:
        return f"{RAW} is that of commit {commit[:9]}: nothing to make."
    return _rebuild(root, commit, lock, (RAW,), "raw table")


def _rebuild(root: Path, commit: str, lock: Lock, wanted: Sequence[Path], name: str) -> str:
    """Run the stages up to the first wanted file, unless all of them can be had."""
    if _is_here(root, commit, wanted):
        return f"The {name} of commit {commit[:9]} is here."
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        project = clone(root, Path(folder), share_cache=True)
        git.run(project, "checkout", "--quiet", commit)
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro", lock.makers[str(wanted[0])]],
            cwd=project,
            env=environment_of_commit(root, project),
            check=False,
        )
    if done.returncode:
        raise ProjectError(f"The pipeline of commit {commit[:9]} ended with {done.returncode}.")
    if not _is_here(root, commit, wanted):
        raise ProjectError(
            f"The pipeline of commit {commit[:9]} made another {name} here than its dvc.lock names: source, "
            "requirements or machine differ. Send it from where it was made: goldenpath push."
        )
    return f"The {name} of commit {commit[:9]} was made again."


def _is_here(root: Path, commit: str, wanted: Sequence[Path]) -> bool:
    try:
        for path in wanted:
            revision.stored(root, commit, path)
    except InconclusiveError:
        return False
    return True
