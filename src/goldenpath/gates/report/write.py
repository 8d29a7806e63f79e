"""Write the report of a pull request: as Markdown for its page, and as one page of HTML with plots."""

from __future__ import annotations

import os
from pathlib import Path

from goldenpath.gates import github
from goldenpath.gates.report import html, markdown, sections
from goldenpath.gates.report.collect import collect
from goldenpath.gates.report.outline import Outline

MARKDOWN = Path("reports/pull-request.md")
PAGE = Path("reports/pull-request.html")


def write(root: Path, ref: str, jobs: str = "") -> Outline:
    """Write both forms of the report, and show the Markdown on the job's page where there is one.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
        jobs: How the jobs of CI ended: GitHub's ``needs``, as JSON; empty on a laptop.

    Returns:
        What the report says. It tells verdicts and gives none.
    """
    outline = sections.outline(collect(root, ref, jobs))
    text = markdown.render(outline, str(PAGE), _run())
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(html.render(outline), encoding="utf-8", newline="\n")
    (root / MARKDOWN).write_text(text, encoding="utf-8", newline="\n")
    github.summarize(text)
    return outline


def _run() -> str:
    """The address of the workflow run that this is part of; empty on a laptop."""
    server, repository, run = (os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
