"""Run the README's first commands where nobody has run them before: ``goldenpath quickstart``.

A README that is not run goes out of date unnoticed. Here its commands run in a throwaway clone of the last commit, with
none of the tools, data and results that this folder already has.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts
from goldenpath.repository.clone import clone, environment

README = Path("README.md")
HEADING = "From a fresh clone"
SUITE, COVERAGE = Path("reports/junit.xml"), Path("reports/coverage.xml")


def quickstart(root: Path) -> str:
    """Run the README's commands in a fresh clone, and keep what their tests reported.

    Args:
        root: The project's folder.

    Returns:
        How many commands ran, and how many tests passed.

    Raises:
        ProjectError: The README names no command, a command failed, or no test passed.
    """
    if not (root / README).is_file():
        raise ProjectError(f"{README}: no such file. Run this from the project's folder.")
    commands = read((root / README).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="quickstart-") as folder:
        tests, passed = run(root, commands, Path(folder))
    facts.tell({"commands": commands, "tests": tests})
    return f"{len(commands)} commands ran in a fresh clone, {passed} tests passed."


def read(text: str) -> list[str]:
    """The commands of the shell block under the README's heading, in order and without comments.

    Raises:
        ProjectError: There is none.
    """
    section = re.search(rf"^## {re.escape(HEADING)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    block = re.search(r"^```sh\n(.*?)^```", section[1] if section else "", re.MULTILINE | re.DOTALL)
    lines = re.sub(r"\\\n", "", block[1]).splitlines() if block else []
    found = [" ".join(re.sub(r"\s+#.*$|^#.*$", "", line.strip()).split()) for line in lines]
    if not any(found):
        raise ProjectError(f'{README}: no shell block with commands under "## {HEADING}".')
    return [command for command in found if command]


def run(root: Path, commands: list[str], folder: Path) -> tuple[int, int]:
    """Run commands in a fresh clone; the reports of its tests are then those of this folder.

    Args:
        root: The project's folder.
        commands: What to run, one after the other.
        folder: Where the clone goes; empty.

    Returns:
        How many tests there are, and how many of them passed.

    Raises:
        ProjectError: A command failed, or no test passed.
    """
    project = clone(root, folder / root.resolve().name, share_cache=False)
    for command in commands:
        print(f"$ {command}", flush=True)
        # The README tells people to type this into a shell.
        done = subprocess.run(["bash", "-c", command], cwd=project, env=environment(root), check=False)
        if done.returncode:
            raise ProjectError(f"`{command}` of {README} ended with {done.returncode} in a fresh clone.")
    if not (project / SUITE).is_file():
        raise ProjectError(f"The commands of {README} ran no tests: {SUITE} was not written.")
    tests, passed = _counted(project / SUITE)
    if not passed:
        raise ProjectError(f"The commands of {README} ran no tests: by {SUITE}, none passed.")
    for report in (SUITE, COVERAGE):
        if (project / report).is_file():
            (root / report).parent.mkdir(exist_ok=True)
            # Coverage tells where the code lay, and the clone is about to be gone.
            text = (project / report).read_text(encoding="utf-8").replace(str(project), str(root.resolve()))
            (root / report).write_text(text, encoding="utf-8")
    return tests, passed


def _counted(path: Path) -> tuple[int, int]:
    cases = list(ET.parse(path).iter("testcase"))  # noqa: S314 - the suite that has just run wrote it
    return len(cases), sum(not {child.tag for child in case} & {"failure", "error", "skipped"} for case in cases)
