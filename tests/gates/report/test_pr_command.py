"""``make pr-report`` as a person or a job calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from goldenpath.gates.report import __main__ as command
from goldenpath.gates.report import markdown
from tests.gates.report.branches import Branch, git

NASTY = '"><script>alert(1)</script>|@everyone'


def test_both_forms_are_written_and_the_verdict_is_printed(
    drawn: Branch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn.all_green()
    monkeypatch.chdir(drawn.root)

    assert command.main(["--base", "main"]) == 0

    assert (drawn.root / command.MARKDOWN).read_text().startswith(markdown.MARKER)
    page = (drawn.root / command.PAGE).read_text()
    assert "Gates are green: all 7 hold." in page
    assert "Gates are green: all 7 hold." in capsys.readouterr().out


def test_the_page_asks_nothing_of_the_network(drawn: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn.all_green()
    monkeypatch.chdir(drawn.root)

    command.main(["--base", "main"])

    page = (drawn.root / command.PAGE).read_text()
    assert not [word for word in ("<script", "<link", " src=", "url(http", "@import") if word in page]


def test_the_markdown_goes_to_the_jobs_summary(branch: Branch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.chdir(branch.root)

    command.main(["--base", "main"])

    assert summary.read_text() == "before\n" + (branch.root / command.MARKDOWN).read_text()


def test_nasty_names_from_everywhere_reach_neither_page_nor_comment(
    drawn: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn.all_green()
    drawn.drifted(NASTY)
    drawn.results("bb" * 32, 0.7, group=NASTY)
    drawn.check("secrets", "fail", (NASTY,))
    (drawn.root / "golden-path.yaml").write_text(yaml.safe_dump({"product": {"name": NASTY}}))
    monkeypatch.setenv("GITHUB_HEAD_REF", NASTY)
    monkeypatch.chdir(drawn.root)

    command.main(["--base", "main"])

    for path in (command.MARKDOWN, command.PAGE):
        assert "<script" not in (drawn.root / path).read_text()
    assert "@everyone" not in (drawn.root / command.MARKDOWN).read_text()


def test_a_project_without_any_commit_is_still_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)

    command.main(["--base", "origin/main"])

    text = (tmp_path / command.MARKDOWN).read_text()
    assert "No base: origin/main is not in this clone" in text
    assert "not run: keys in git" in text
