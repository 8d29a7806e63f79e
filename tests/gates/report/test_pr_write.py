"""Both forms of the report, as a person or a job gets them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from goldenpath.gates.report import markdown, write
from tests.gates.report.branches import Branch, git

NASTY = '"><script>alert(1)</script>|@everyone'


def test_both_forms_are_written_and_the_verdict_is_told(drawn: Branch) -> None:
    drawn.all_green()

    outline = write.write(drawn.root, "main")

    assert (drawn.root / write.MARKDOWN).read_text().startswith(markdown.MARKER)
    page = (drawn.root / write.PAGE).read_text()
    assert "Gates are green: all 7 hold." in page
    assert outline.verdict == "Gates are green: all 7 hold."


def test_the_page_asks_nothing_of_the_network(drawn: Branch) -> None:
    drawn.all_green()

    write.write(drawn.root, "main")

    page = (drawn.root / write.PAGE).read_text()
    assert not [word for word in ("<script", "<link", " src=", "url(http", "@import") if word in page]


def test_the_markdown_goes_to_the_jobs_summary(branch: Branch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    write.write(branch.root, "main")

    assert summary.read_text() == "before\n" + (branch.root / write.MARKDOWN).read_text()


def test_nasty_names_from_everywhere_reach_neither_page_nor_comment(
    drawn: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn.all_green()
    drawn.drifted(NASTY)
    drawn.results("bb" * 32, 0.7, group=NASTY)
    drawn.check("secrets", "fail", (NASTY,))
    (drawn.root / "golden-path.yaml").write_text(yaml.safe_dump({"product": {"name": NASTY}}))
    monkeypatch.setenv("GITHUB_HEAD_REF", NASTY)

    write.write(drawn.root, "main")

    for path in (write.MARKDOWN, write.PAGE):
        assert "<script" not in (drawn.root / path).read_text()
    assert "@everyone" not in (drawn.root / write.MARKDOWN).read_text()


def test_a_project_without_any_commit_is_still_reported(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    write.write(tmp_path, "origin/main")

    text = (tmp_path / write.MARKDOWN).read_text()
    assert "No base: origin/main is not in this clone" in text
    assert "not run: keys in git" in text
