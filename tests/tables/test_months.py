from __future__ import annotations

import pandas as pd
import pytest

from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.tables import months


def test_months_are_counted_in_their_order(shop_contract: Contract) -> None:
    rows = pd.DataFrame({"ordered": ["2026-02-01", "2026-01-31", None, "2026-02-28"]})

    assert months.counted(months.timestamps(rows, shop_contract)) == {"2026-01": 1, "2026-02": 2}


def test_a_month_that_has_just_begun_is_not_the_newest_whole_one() -> None:
    assert months.newest_whole({"2026-01": 100, "2026-02": 90, "2026-03": 3}) == "2026-02"
    assert months.newest_whole({"2026-01": 5}) == "2026-01"


def test_newer_months_are_held_back_and_rows_without_a_time_are_left_to_the_contract(shop_contract: Contract) -> None:
    rows = pd.DataFrame({"ordered": ["2026-02-01", "2026-01-31", None, "2026-03-01"]})

    kept = months.through(rows, shop_contract, "2026-02")

    assert kept["ordered"].fillna("").tolist() == ["2026-02-01", "2026-01-31", ""]
    assert months.through(rows, shop_contract, None) is rows


def test_an_unknown_month_is_refused_with_those_there_are() -> None:
    with pytest.raises(ProjectError, match=r"MONTH 2026-07: .* It has 2026-01 \(3 rows\), 2026-02 \(4 rows\)\."):
        months.refuse_unknown("2026-07", {"2026-01": 3, "2026-02": 4}, "MONTH")
