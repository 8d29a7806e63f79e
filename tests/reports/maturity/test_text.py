"""The terminal."""

from __future__ import annotations

from goldenpath.reports.maturity import text
from tests.reports.maturity.reviews import FINDINGS, hostile, report


def test_the_terminal_shows_level_gate_steps_and_what_is_not_met() -> None:
    lines = text.render([report(findings=FINDINGS, base="f" * 40)], width=100).splitlines()

    assert "Level 1 of 4  DevOps, but no MLOps: artifacts are thrown over the fence." in lines
    assert any(line.split()[:3] == ["documentation", "■□□□", "1"] for line in lines)
    assert "Gate against fffffffff: red" in lines
    assert "Next steps to level 2" in lines
    assert any("contract.yaml:7" in line for line in lines)
    assert not any(len(line) > 100 for line in lines)


def test_a_terminal_is_not_driven_by_what_a_repository_says() -> None:
    shown = text.render([hostile()], width=400, colour=False)

    assert "\x1b" not in shown
    assert "[red]x[/]" in shown
    assert r"\x1b[31m" in shown


def test_colour_is_there_only_where_it_is_asked_for() -> None:
    assert "\x1b[" in text.render([report()], colour=True)
    assert "\x1b[" not in text.render([report()])


def test_a_line_that_does_not_fit_goes_on_below_its_own_beginning() -> None:
    lines = text.render([report(findings=FINDINGS)], width=44).splitlines()

    start = lines.index("  ✗ fell back DOC-06: Title of DOC-06: pass")
    assert lines[start + 1] == "    at the base, fail now"
