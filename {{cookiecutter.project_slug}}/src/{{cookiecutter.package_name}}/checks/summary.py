"""What every job and gate said of a pull request, in one page: ``make pr-report``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ..errors import ProjectError
from ..paths import PULL_REQUEST
from . import gate

JOBS = "JOBS"
"""The environment variable in which CI hands over its jobs: GitHub's ``needs``, as JSON."""


def main() -> int:
    """Write the page, and show it.

    Returns:
        0, or 1 where a report cannot be read: a page that leaves it out would look green.
    """
    try:
        text = markdown(jobs(os.environ.get(JOBS, "")), gates(PULL_REQUEST.parent))
    except ProjectError as refusal:
        print(f"pr-report failed.\n{refusal}", file=sys.stderr)
        return 1
    PULL_REQUEST.parent.mkdir(parents=True, exist_ok=True)
    PULL_REQUEST.write_text(text, encoding="utf-8")
    print(text)
    if shown := os.environ.get(gate.STEP_SUMMARY):
        with Path(shown).open("a", encoding="utf-8") as file:
            file.write(text)
    return 0


def jobs(needs: str) -> dict[str, str]:
    """How each job of CI ended, by its name; nothing on a person's machine.

    Args:
        needs: What CI hands over; may be empty.

    Raises:
        ProjectError: It is no such text.
    """
    try:
        return {name: str(job["result"]) for name, job in json.loads(needs or "{}").items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ProjectError(f'{JOBS}: want {{"job": {{"result": "success"}}}}, as GitHub writes `needs`.') from error


def gates(folder: Path) -> list[gate.Report]:
    """The reports that gates have left, by name of the file.

    Args:
        folder: Where reports lie. What else lies there is passed over.

    Raises:
        ProjectError: A file is not JSON.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            report = json.loads(path.read_bytes())
        except ValueError as error:
            raise ProjectError(f"{path}: not JSON: {error}. Take it away, and run its gate again.") from error
        if isinstance(report, dict) and {"gate", "verdict", "reasons"} <= report.keys():
            found.append(report)
    return found


def markdown(ended: dict[str, str], reports: list[gate.Report]) -> str:
    """The page: what is not green comes first."""
    rows: list[list[Any]] = [
        [report["gate"], report["verdict"], "; ".join(map(str, report["reasons"]))]
        for report in sorted(reports, key=lambda report: (report["verdict"] == "pass", report["gate"]))
    ]
    red = sorted(name for name, result in ended.items() if result not in ("success", "skipped"))
    red += [str(name) for name, verdict, _ in rows if verdict != "pass" and name not in red]
    title = f"## Not green: {', '.join(map(gate.cell, red))}" if red else "## Green"
    lines = [title, "", *gate.table(["job", "ended with"], [[name, result] for name, result in ended.items()])]
    lines += gate.table(["gate", "verdict", "why"], rows)
    if not ended and not reports:
        lines.append("No gate has left a report here. `docs/pull-requests.md` names them.")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
