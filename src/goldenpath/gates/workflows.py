"""Whether ``.github/workflows`` holds mistakes (actionlint), or what an attacker could use (zizmor, offline)."""

from __future__ import annotations

from pathlib import Path

from goldenpath.gates import tools
from goldenpath.gates.verdict import Outcome

GATE = "workflows"
FOLDER = Path(".github/workflows")
LINTERS = (("actionlint",), ("zizmor", "--offline", "--no-progress", "--quiet", ".github"))


def run(root: Path) -> Outcome:
    """Judge the workflows of a project, and print what the linters say.

    Args:
        root: The project's folder.

    Raises:
        InconclusiveError: A linter is not installed.
    """
    red = []
    for program, *words in LINTERS:
        done = tools.call(root, program, *words)
        print(f"{done.stdout}{done.stderr}", end="")
        if done.returncode:
            red.append(program)
    if red:
        return Outcome(GATE, "fail", f"Findings of {' and '.join(red)}; they stand above.")
    return Outcome(GATE, "pass", f"Neither {' nor '.join(program for program, *_ in LINTERS)} found anything.")
