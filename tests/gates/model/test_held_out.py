"""Which rows a model has not learned from."""

from __future__ import annotations

import pandas as pd
import pytest

from goldenpath.gates.model.held_out import Learned, clusters, unseen
from goldenpath.project import contract, params
from goldenpath.project.contract import Contract
from tests.gates.model.sales_project import SalesProject, rows


@pytest.fixture
def agreed(sales: SalesProject) -> Contract:
    return contract.load(sales.root / contract.PATH)


def test_by_time_only_what_is_later_is_unseen(agreed: Contract) -> None:
    test = rows().head(10)

    found = unseen(test, agreed, "time", Learned(newest=test["moment"][3]))

    assert found.tolist() == [False] * 4 + [True] * 6


def test_by_entity_nothing_of_a_known_one_is_unseen(agreed: Contract) -> None:
    test = rows().head(4).assign(person=pd.Series(["p1", "p2", None, "p3"], dtype="string"))

    found = unseen(test, agreed, "entity", Learned(rows=pd.DataFrame({"person": ["p2", None]})))

    assert found.tolist() == [True, False, True, True]


def test_at_random_a_row_like_a_known_one_is_seen_whatever_its_types(agreed: Contract) -> None:
    test = rows().head(4)
    known = test.tail(2).assign(is_f=test["is_f"].tail(2).astype("Int64"), store=test["store"].tail(2).astype(object))

    found = unseen(test, agreed, "random", Learned(rows=known))

    assert found.tolist() == [True, True, False, False]


def test_rows_of_one_entity_are_one_cluster(agreed: Contract) -> None:
    test = rows().head(5).assign(person=pd.Series(["p1", "p1", None, None, "p2"], dtype="string"))
    by_entity = params.Split(by="entity", validation=0.1, test=0.1, seed=1)

    found = clusters(test, agreed, by_entity)

    assert found is not None
    assert found[0] == found[1]
    assert len(set(found)) == 4
    assert clusters(test, agreed, by_entity.model_copy(update={"by": "time"})) is None
