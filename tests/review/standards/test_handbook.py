"""The documents that are generated from the criteria: current, complete, and safe to link to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.review import handbook
from goldenpath.review.handbook import GUIDE, METHODOLOGY, anchor, as_markdown, documents
from goldenpath.review.standards import catalogue, criterion

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "docs" / "standards"


@pytest.mark.parametrize("name", [METHODOLOGY, GUIDE])
def test_what_is_committed_is_what_the_criteria_say(name: str) -> None:
    assert (COMMITTED / name).read_text(encoding="utf-8") == documents()[name], "run make docs and review the diff"


def test_nothing_else_lies_among_the_generated_documents() -> None:
    assert {path.name for path in COMMITTED.iterdir()} == set(documents())


@pytest.mark.parametrize("name", [METHODOLOGY, GUIDE])
def test_every_criterion_has_one_anchor_in_each_document(name: str) -> None:
    anchors = re.findall(r'<a id="([^"]+)">', documents()[name])

    assert sorted(anchors) == sorted(anchor(item.id) for item in catalogue())


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name)
def test_links_to_criteria_lead_to_an_anchor(path: Path) -> None:
    anchors = {anchor(item.id) for item in catalogue()}
    links = re.findall(r"\]\(([^)#]*)#([^)]+)\)", path.read_text(encoding="utf-8"))
    to_standards = [
        place
        for target, place in links
        if (path.parent / target).resolve().parent == COMMITTED or (not target and path.parent == COMMITTED)
    ]

    assert [place for place in to_standards if place not in anchors] == []


def test_the_levels_page_names_every_anchor_of_the_catalogue() -> None:
    text = (ROOT / "docs" / "review" / "levels.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\[([A-Z]+-\d\d)\]\(\.\./standards", text))

    assert named == {item.id for item in catalogue() if item.is_anchor}


def test_a_changed_criterion_makes_the_documents_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    before = documents()

    monkeypatch.setattr(criterion("TR-06"), "verify", "something else; and (this; together)")

    changed = documents()
    assert "- something else\n- and (this; together)\n" in changed[GUIDE]
    assert changed[METHODOLOGY] == before[METHODOLOGY]


def test_both_documents_are_written_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    handbook.main()

    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "docs" / "standards").iterdir()}
    assert written == documents()


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("edit docs/risk.md, then goldenpath attest DOC-10", "edit `docs/risk.md`, then `goldenpath attest DOC-10`"),
        ("every tag v*, and a <name>", r"every tag v\*, and a \<name\>"),
        ("what `a_b < c` says", "what `a_b < c` says"),
        ("requirements/*.txt under src/", "`requirements/*.txt` under `src/`"),
        ("and/or 3.11", "and/or 3.11"),
    ],
)
def test_commands_and_paths_are_code_and_nothing_else_marks_up(text: str, markdown: str) -> None:
    assert as_markdown(text) == markdown
