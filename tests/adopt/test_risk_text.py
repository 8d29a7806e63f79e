from __future__ import annotations

from typing import Any

from goldenpath.adopt.risk_text import risk_text

RISKS = "# Risks\n\n| a | b |\n\n## People in the data\n\nNone is here.\n\n## What is left\n\nJudgement.\n"


def test_protected_and_sensitive_columns_are_named_and_the_rest_stays(guess: Any) -> None:
    protected = guess("gender", ["f", "m"] * 100, protected=("gender",))
    address = guess("email", [f"person{number}@example.com" for number in range(200)])

    text = risk_text(RISKS, [protected, address])

    assert "Protected: `gender`." in text
    assert "`email`" in text
    assert "None is here." not in text
    assert text.startswith("# Risks\n\n| a | b |\n\n## People in the data\n\n")
    assert text.endswith("\n\n## What is left\n\nJudgement.\n")


def test_a_table_without_people_says_so_once(guess: Any) -> None:
    height = guess("height", list(range(200)))

    once = risk_text(RISKS, [height])

    assert "No column of the contract is protected." in once
    assert risk_text(once, [height]) == once


def test_a_text_of_the_teams_own_is_left_alone(guess: Any) -> None:
    assert risk_text("# Our risks\n", [guess("height", list(range(200)))]) == "# Our risks\n"
