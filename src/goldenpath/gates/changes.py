"""What kind of change this is, and how it moves the metrics: what a workflow asks before and after the gates.

The first job of ``ci.yml`` has nothing installed, so that a change of documents is done within seconds:
``PYTHONPATH=vendor/goldenpath-X.whl python -S -m goldenpath.gates.changes REF``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from goldenpath.gates import base, github
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL_CARD
from goldenpath.repository import git

METRICS_DIFF = Path("reports/metrics-diff.md")
DOCUMENTS = ("README.md", "CHANGELOG.md", "docs/**/*.md")
"""What only people read. The model card is none of these in this sense, because a machine writes it."""


def documents_only(root: Path, ref: str) -> bool:
    """Whether documents changed since the base, and nothing else; the step's output ``documents-only`` says so too.

    What was renamed or taken away may be missed by other documents' links, so it counts as more than that.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.

    Raises:
        InconclusiveError: There is nothing to compare with.
    """
    changed = ("diff", "--no-renames", "--name-only", base.find(root, ref).commit, "HEAD")
    excluded = [f":(exclude,glob){pattern}" for pattern in DOCUMENTS]
    beyond = (
        git.run(root, *changed, "--", ".", *excluded)
        or git.run(root, *changed, "--", str(MODEL_CARD))
        or git.run(root, *changed, "--diff-filter=am", "--", ".")
    )
    only = bool(git.run(root, *changed, "--", ".")) and not beyond
    github.output("documents-only", str(only).lower())
    return only


def metrics_diff(root: Path, ref: str) -> str:
    """How the metrics moved since a commit, as Markdown; ``reports/metrics-diff.md`` and the job's page get it too.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.

    Raises:
        ProjectError: DVC cannot compare.
    """
    words = [sys.executable, "-m", "dvc", "metrics", "diff", "--md", "--", ref]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"dvc metrics diff: {' '.join(done.stderr.split()) or 'it gave no reason'}")
    (root / METRICS_DIFF).parent.mkdir(exist_ok=True)
    (root / METRICS_DIFF).write_text(done.stdout, encoding="utf-8")
    github.summarize(done.stdout)
    return done.stdout


if __name__ == "__main__":  # straight from the wheel, where click is not installed
    try:
        print(f"documents-only={str(documents_only(Path.cwd(), sys.argv[1])).lower()}")
    except ProjectError as error:
        print(f"changes {error.outcome}.\n{error}", file=sys.stderr)
        sys.exit(error.exit_code)
