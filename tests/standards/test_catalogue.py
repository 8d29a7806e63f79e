"""The catalogue as a whole: every criterion is described, and proved to tell good from bad and from pretence."""

from __future__ import annotations

from importlib import import_module

import pytest

from goldenpath.standards import MODULES, catalogue
from goldenpath.standards.criterion import Criterion
from tests.standards.cases import Case

CASES: list[Case] = [case for name in MODULES for case in import_module(f"tests.standards.test_{name}").CASES]
ANCHORS = {"CQ-02", "TR-04", "TR-06", "TR-13", "TR-14", "CQ-12", "MON-12", "MON-14"}


def test_ids_are_given_once_and_begin_with_their_part() -> None:
    ids = [item.id for item in catalogue()]

    assert len(ids) == len(set(ids))
    assert {item.id.split("-")[0] for item in catalogue()} <= {"DOC", "CQ", "TR", "MON", "SEC"}


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_a_criterion_says_why_it_is_and_how_it_is_met(item: type[Criterion]) -> None:
    assert len(item.why().split()) >= 10
    assert item.title
    assert item.verify
    assert item.fix
    assert 0 <= item.level <= 4
    assert set(item.requires) <= {other.id for other in catalogue()}
    assert item.is_anchor == (item.id in ANCHORS)


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_a_criterion_is_tried_on_what_meets_it_what_does_not_and_what_pretends_to(item: type[Criterion]) -> None:
    kinds = {case.kind for case in CASES if case.id == item.id}

    assert {"met", "not met"} <= kinds
    assert "gamed" in kinds or not item.gaming
