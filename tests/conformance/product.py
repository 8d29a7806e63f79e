"""Products for the suite to judge: copies of the generated sample, and pytest on them in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from goldenpath.conformance.outcomes import REPORT
from tests.sample import ROOT, TEMPLATE

PRINTED = "printed.txt"
MONTH = "2013-01"
"""The one month of flights that these products learn from, so that reading them takes a second."""


def copy(folder: Path) -> None:
    """Copy the sample into a folder that may be there."""
    shutil.copytree(ROOT, folder, dirs_exist_ok=True)
    replace(folder / "params.yaml", r'through: "[\d-]+"', f'through: "{MONTH}"')


def replace(path: Path, pattern: str, text: str) -> None:
    """Replace the first match of a pattern in a file; there has to be one."""
    before = path.read_text(encoding="utf-8")
    after = re.sub(pattern, text, before, count=1)
    assert after != before, f"{path} has no {pattern}"
    path.write_text(after, encoding="utf-8")


def judge(folder: Path, chosen: str = "", *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the product's ``tests/test_product.py``, or those of its tests that pytest's ``-k`` would choose."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_product.py", *arguments]
    return subprocess.run(
        [*command, *(["-k", chosen] if chosen else [])],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(TEMPLATE / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def checks(folder: Path) -> dict[str, Any]:
    """How each check ended in the last run on a product."""
    content: dict[str, Any] = json.loads((folder / REPORT).read_text(encoding="utf-8"))["checks"]
    return content


def judge_once(folder: Path) -> None:
    """Run all of a product's suite, and leave what it printed and JUnit's report beside its own."""
    done = judge(folder, "", "--junit-xml=reports/junit.xml")
    (folder / PRINTED).write_text(f"{done.stdout}{done.stderr}exit code {done.returncode}\n", encoding="utf-8")


def failed(folder: Path) -> list[str]:
    """The checks that failed in the last run on a product."""
    return [name for name, check in checks(folder).items() if check["outcome"] == "failed"]
