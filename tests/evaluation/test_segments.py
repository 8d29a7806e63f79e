from __future__ import annotations

import numpy as np
import pandas as pd

from goldenpath.evaluation.segments import MISSING, by_segment, group_labels
from goldenpath.project.contract import Contract


def share(actual: np.ndarray, _: np.ndarray, __: None) -> float:
    return float(actual.mean())


def test_every_group_of_segment_and_protected_columns_is_judged(shop_contract: Contract) -> None:
    rows = pd.DataFrame({"store": [7] * 6 + [12] * 3, "member": [True] * 8 + [None]})
    actual = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1])

    found = by_segment(shop_contract, rows, {"share": share}, actual, actual, min_rows=3)

    told = {(item["column"], item["group"]): (item["role"], item["rows"], item["metrics"]) for item in found}
    assert told["store", "7"] == ("segment", 6, {"share": 0.5})
    assert told["store", "12"] == ("segment", 3, {"share": 1.0})
    assert told["member", MISSING] == ("protected", 1, None), "a group too small is listed and not judged"


def test_numbers_with_many_values_are_cut_into_quartiles() -> None:
    assert group_labels(pd.Series(range(1000))).nunique() == 4
