"""The sample that the suite works on keeps the order of rows and every class."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goldenpath.conformance.sample import ROWS, ROWS_OF_A_CLASS, few


def test_few_keeps_a_rare_class() -> None:
    rows = pd.DataFrame({"kind": np.where(np.arange(100_000) % 1500, "usual", "rare")})

    sample = few(rows, "kind")

    assert len(sample) == ROWS
    assert (sample["kind"] == "rare").sum() >= ROWS_OF_A_CLASS


def test_few_keeps_the_order_of_rows() -> None:
    rows = pd.DataFrame({"number": np.arange(10_000), "kind": np.arange(10_000) % 3})

    sample = few(rows, "kind")

    assert sample["number"].is_monotonic_increasing


def test_few_takes_all_rows_of_a_small_table() -> None:
    rows = pd.DataFrame({"number": np.arange(ROWS)})

    assert few(rows, None) is rows
