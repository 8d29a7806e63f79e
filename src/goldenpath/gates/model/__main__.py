"""``make gate``: judge the model, print the findings, and keep them in ``reports/gates.json``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from goldenpath.gates import base
from goldenpath.gates.model import render
from goldenpath.gates.model.judge import judge
from goldenpath.gates.model.verdict import EXIT_CODES
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import GATES
from goldenpath.repository import facts

NARROWEST = 140
"""Columns of the table where nobody looks at it in a terminal, as in the log of a CI job."""


def main(arguments: list[str] | None = None) -> int:
    """Judge the model of the working directory.

    Returns:
        0 where every gate holds, 1 where one is red, 3 where one cannot be judged; the reason of the latter went to
        standard error when it concerns the candidate itself.
    """
    parser = argparse.ArgumentParser(prog="gates", description="Judge the model beside the champion of the base.")
    parser.add_argument("--base", default=base.DEFAULT, help="branch, tag or commit to compare with")
    asked = parser.parse_args(arguments)
    root = Path.cwd()
    GATES.unlink(missing_ok=True)
    try:
        report = judge(root, asked.base)
    except ProjectError as refusal:
        print(f"gate is inconclusive.\n{refusal}", file=sys.stderr)
        return EXIT_CODES["inconclusive"]
    content = report.to_json()
    GATES.parent.mkdir(parents=True, exist_ok=True)
    GATES.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    red = [gate.name for gate in report.gates if gate.verdict == "fail"]
    facts.tell({"gate": report.verdict, "model": report.model, "base": report.champion.commit, "failed": red})
    console = Console() if sys.stdout.isatty() else Console(width=NARROWEST)
    render.show(content, console)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
