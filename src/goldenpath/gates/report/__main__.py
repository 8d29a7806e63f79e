"""``make pr-report``: tell in one report what a pull request changes, and what its gates said of it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from goldenpath.gates import base
from goldenpath.gates.gate import STEP_SUMMARY
from goldenpath.gates.report import html, markdown, sections
from goldenpath.gates.report.collect import collect

MARKDOWN = Path("reports/pull-request.md")
PAGE = Path("reports/pull-request.html")


def main(arguments: list[str] | None = None) -> int:
    """Write both forms of the report, and show the Markdown on the job's page where there is one.

    Returns:
        0: the report tells verdicts, it gives none.
    """
    parser = argparse.ArgumentParser(prog="pr-report", description="Report what a pull request changes.")
    parser.add_argument("--base", default=base.DEFAULT, help="branch, tag or commit to compare with")
    found = sections.outline(collect(Path.cwd(), parser.parse_args(arguments).base))
    text = markdown.render(found, str(PAGE), _run())
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(html.render(found), encoding="utf-8", newline="\n")
    MARKDOWN.write_text(text, encoding="utf-8", newline="\n")
    if summary := os.environ.get(STEP_SUMMARY):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    print(f"{MARKDOWN}\n{PAGE}\n{found.verdict}\n{found.headline}")
    return 0


def _run() -> str:
    """The address of the workflow run that this is part of; empty on a laptop."""
    server, repository, run = (os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


if __name__ == "__main__":
    sys.exit(main())
