"""How each check of the suite ended, for whoever reads facts instead of a terminal: ``reports/conformance.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import goldenpath
from goldenpath.project import files

REPORT = Path("reports/conformance.json")
_WORST = ("passed", "skipped", "failed")


class Recorder:
    """A plugin of pytest that writes the outcomes of one file's tests when the session ends."""

    def __init__(self, module: str, root: Path) -> None:
        """Record the tests of ``module``, the part of a test's id before ``::``, into the report below ``root``."""
        self._module, self._root = module, root
        self._checks: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's worst outcome, and why it was skipped."""
        module, _, name = report.nodeid.partition("::")
        if module != self._module:
            return
        before = self._checks.get(name, {"outcome": "passed"})
        if _WORST.index(report.outcome) >= _WORST.index(before["outcome"]):
            self._checks[name] = {"outcome": report.outcome, **_reason(report)}

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        content: dict[str, Any] = {"goldenpath": goldenpath.__version__, "checks": dict(sorted(self._checks.items()))}
        files.write_json(self._root / REPORT, content)


def _reason(report: pytest.TestReport) -> dict[str, str]:
    if report.outcome != "skipped" or not isinstance(report.longrepr, tuple):
        return {}
    return {"reason": str(report.longrepr[2]).removeprefix("Skipped: ")}
