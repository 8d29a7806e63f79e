"""The next steps: what fell back, what ends soon and is needed, what blocks, what ends soon and is not."""

from __future__ import annotations

from pathlib import Path

from goldenpath.review.insights import next_steps
from goldenpath.review.review import Review, review
from tests.review.standards.cases import Repository

ENTRY = """\
- id: {id}
  approver: "@acme/churn"
  reason: The vendor mends it in July
  when: 2026-06-01
  expires: {expires}
  link: https://example.com/1
"""


def reviewed(folder: Path, *waivers: tuple[str, str]) -> Review:
    repository = Repository(folder)
    entries = "".join(ENTRY.format(id=name, expires=expires) for name, expires in waivers)
    repository.commit({"checklist/waivers.yaml": entries, ".github/CODEOWNERS": "* @acme/churn\n"})
    return review(repository.product())


def test_a_waiver_that_ends_soon_comes_first_where_the_next_level_needs_it(tmp_path: Path) -> None:
    steps = next_steps(reviewed(tmp_path, ("DOC-01", "2026-07-10"), ("CQ-02", "2026-06-20")))

    assert [step.id for step in steps[:2]] == ["CQ-02", "DOC-01"]
    assert steps[0].why_now == "its waiver ends on 2026-06-20"


def test_a_waiver_of_a_high_level_that_ends_soon_comes_after_all_that_blocks_the_next(tmp_path: Path) -> None:
    found = reviewed(tmp_path, ("MON-12", "2026-06-20"))

    steps = next_steps(found, most=100)

    assert found.level == 0
    assert steps[-1].id == "MON-12"
    assert all("blocks level 1" in step.why_now for step in steps[:-1])


def test_a_waiver_that_lasts_is_no_step(tmp_path: Path) -> None:
    steps = next_steps(reviewed(tmp_path, ("MON-12", "2026-08-20")), most=100)

    assert "MON-12" not in [step.id for step in steps]


def test_what_fell_back_comes_before_what_ends_soon(tmp_path: Path) -> None:
    steps = next_steps(reviewed(tmp_path, ("CQ-02", "2026-06-20")), regressions=["MON-14"])

    assert [step.id for step in steps[:2]] == ["MON-14", "CQ-02"]
    assert steps[0].why_now == "was met before this change"
