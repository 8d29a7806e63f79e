"""Make the champion again where neither the cache nor the remote has it (``make champion``).

A model follows from its commit byte for byte, so the stages up to it, run in a throwaway clone of that commit, put the
very files that its ``dvc.lock`` names into the cache. A CI job that has no remote can judge that way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import params
from ..checks import base
from ..checks.gate import InconclusiveError
from ..errors import ProjectError
from ..paths import MODEL, split_file
from ..release import git
from ..release.clone import clone
from . import contender, revision


def main(arguments: list[str] | None = None) -> int:
    """Bring the champion of a base into the cache.

    Returns:
        0 where it is there, 1 where it is not; the reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="champion", description="Make the champion of the base again.")
    parser.add_argument("--base", default=base.DEFAULT, help="branch, tag or commit to compare with")
    asked = parser.parse_args(arguments)
    try:
        print(remake(Path.cwd(), asked.base))
    except ProjectError as refusal:
        print(f"champion failed.\n{refusal}", file=sys.stderr)
        return 1
    return 0


def remake(root: Path, asked: str) -> str:
    """Make sure that the champion's model can be read.

    Args:
        root: The project's folder.
        asked: The revision from whose merge base the champion is taken.

    Returns:
        What was done.

    Raises:
        ProjectError: A stage failed, or made another model than ``dvc.lock`` names.
    """
    commit = base.find(root, asked).commit
    other = contender.incumbent(root, commit)
    if other is None:
        return f"Commit {commit[:9]} has no model: nothing to make."
    if _is_here(root, commit):
        return f"The model of commit {commit[:9]} is here."
    with tempfile.TemporaryDirectory(prefix="champion-") as folder:
        project = clone(root, Path(folder), share_cache=True)
        git.run(project, "checkout", "--quiet", commit)
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro", other.lock.makers[str(MODEL)]],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(project / "src")},
            check=False,
        )
    if done.returncode:
        raise ProjectError(f"The pipeline of commit {commit[:9]} ended with {done.returncode}.")
    if not _is_here(root, commit):
        raise ProjectError(
            f"The pipeline of commit {commit[:9]} made another model here than its dvc.lock names: requirements or "
            "machine differ. Send the champion from where it was trained: make push."
        )
    return f"The model of commit {commit[:9]} was made again."


def _is_here(root: Path, commit: str) -> bool:
    """Whether the model can be read, and the rows it learned from where the comparison has to know them."""
    by_time = params.load(root / params.PATH).split.by == "time"
    learned = () if by_time else map(split_file, contender.LEARNING_PARTS)
    try:
        for path in (MODEL, *learned):
            revision.stored(root, commit, path)
    except InconclusiveError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
