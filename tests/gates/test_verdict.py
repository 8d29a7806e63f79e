from __future__ import annotations

import pytest

from goldenpath.gates.verdict import EXIT_CODES, WORST_FIRST, Outcome, Verdict, overall
from goldenpath.project.exit_codes import Exit


@pytest.mark.parametrize(
    ("verdicts", "worst", "code"),
    [
        ((), "pass", Exit.OK),
        (("pass", "n/a"), "pass", Exit.OK),
        (("pass", "not run"), "inconclusive", Exit.INCONCLUSIVE),
        (("inconclusive", "pass"), "inconclusive", Exit.INCONCLUSIVE),
        (("inconclusive", "fail", "pass"), "fail", Exit.FAILED),
    ],
)
def test_the_worst_verdict_decides(verdicts: tuple[Verdict, ...], worst: Verdict, code: Exit) -> None:
    assert overall(verdicts) == worst
    assert EXIT_CODES[overall(verdicts)] == code


def test_every_verdict_has_an_exit_code_and_a_place() -> None:
    assert set(EXIT_CODES) == set(WORST_FIRST)


def test_an_outcome_reads_as_one_line() -> None:
    outcome = Outcome("secrets", "inconclusive", "no history here; fetch it with git fetch --unshallow")

    assert str(outcome) == "secrets: inconclusive (no history here; fetch it with git fetch --unshallow)"
