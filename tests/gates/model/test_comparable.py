"""Whether the champion can be asked what the candidate is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from goldenpath.gates.model.comparable import obstacle, too_few
from goldenpath.model import signature
from goldenpath.model.task import Task
from goldenpath.project import contract
from goldenpath.project.paths import SIGNATURE
from tests.gates.model.sales_project import SalesProject

CLASSES = ("a", "b", "c")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"task": "regression"}, "solves a regression problem"),
        ({"target": "returned"}, "predicts 'returned', the candidate 'sold'"),
        ({"classes": (True, False)}, "The positive class was 'False' and is now 'True'"),
        ({"classes": ("no", "yes")}, "The classes were no, yes and are now False, True"),
    ],
)
def test_another_question_is_an_obstacle(sales: SalesProject, change: dict[str, Any], words: str) -> None:
    candidate = signature.load(sales.root / SIGNATURE)
    asked = Task("binary", "sold", (False, True))

    found = obstacle(asked, candidate, replace(candidate, **change), contract.load(sales.root / contract.PATH))

    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("candidate", "champion", "words"),
    [
        (CLASSES, ("a", "b"), "knows the classes c, which the champion has never heard of"),
        (("a", "b"), ("a", "b", "d"), "knows the classes d, which the contract has no longer"),
        (("a", "b"), CLASSES, ""),
    ],
)
def test_other_classes_are_an_obstacle(sales: SalesProject, candidate: Any, champion: Any, words: str) -> None:
    described = replace(signature.load(sales.root / SIGNATURE), task="multiclass", target="sold")
    mine, other = replace(described, classes=candidate), replace(described, classes=champion)

    found = obstacle(Task("multiclass", "sold", CLASSES), mine, other, contract.load(sales.root / contract.PATH))

    assert words in found
    assert bool(found) == bool(words)


def test_a_number_that_has_become_text_is_an_obstacle(sales: SalesProject) -> None:
    described = signature.load(sales.root / SIGNATURE)
    sales.agree(lambda columns: columns[4].update(logicalType="string"))

    found = obstacle(
        Task("binary", "sold", (False, True)), described, described, contract.load(sales.root / contract.PATH)
    )

    assert "takes x as numbers, which the contract now has as text" in found


def test_few_rows_are_enough_only_where_there_are_no_more() -> None:
    assert too_few(np.array([True] * 10), least=50) == ""
    assert "10 are too few" in too_few(np.array([True] * 10 + [False] * 90), least=50)
