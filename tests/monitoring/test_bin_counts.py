from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa

from goldenpath.monitoring.bin_counts import count
from goldenpath.pipeline import reference


def test_batches_give_what_all_rows_whole_give() -> None:
    generator = np.random.default_rng(1)
    numbers = generator.normal(0, 1, 5_000).astype(np.float32)
    numbers[::7] = np.nan
    names = generator.choice(["a", "b", "c"], 5_000)
    where = {
        "number": reference.of_numbers(numbers[:3_000]),
        "name": reference.of_categories({"a": 10, "b": 5}, 0),
    }
    table = pa.table({"number": pa.array(numbers), "name": pa.array(names), "other": pa.array(names)})

    found = count(where, [table.slice(start, 900) for start in range(0, 5_000, 900)])

    assert set(found) == {"number", "name"}
    whole = count(where, [table])
    for name in found:
        assert (found[name].counts == whole[name].counts).all()
        assert (found[name].missing, found[name].rows) == (whole[name].missing, 5_000)
    assert found["number"].missing == np.isnan(numbers).sum()
    assert (found["number"].minimum, found["number"].maximum) == (np.nanmin(numbers), np.nanmax(numbers))
    assert found["name"].categories == {"a": (names == "a").sum(), "b": (names == "b").sum()}
    assert found["name"].strange == {"c": (names == "c").sum()}


def test_memory_does_not_grow_with_the_rows() -> None:
    generator = np.random.default_rng(3)
    known = {"x": reference.of_numbers(generator.normal(0, 1, 1_000).astype(np.float32))}

    def peak(batches: int) -> int:
        tables = (pa.table({"x": generator.normal(0, 1, 50_000)}) for _ in range(batches))
        tracemalloc.start()
        try:
            assert count(known, tables)["x"].rows == batches * 50_000
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(40) < 1.5 * peak(2)


def test_the_rows_of_a_reference_fall_into_its_own_bins() -> None:
    values = np.random.default_rng(2).gamma(2, 3, 4_000).astype(np.float32)
    known = reference.of_numbers(values)

    found = count({"x": known}, [pa.table({"x": pa.array(values)})])["x"]

    assert (found.counts == known.counts).all()
    assert (found.counts[0], found.counts[-1]) == (0, 0)


def test_a_column_without_any_value_can_be_counted() -> None:
    known = reference.of_numbers(np.full(10, np.nan, dtype=np.float32))

    found = count({"x": known}, [pa.table({"x": pa.array([None, 1.0, 2.0])})])["x"]

    assert (found.missing, found.counts.tolist()) == (1, [2])


def test_free_text_does_not_fill_the_memory() -> None:
    known = reference.of_categories({"a": 1}, 0)

    found = count({"x": known}, [pa.table({"x": pa.array([str(n) for n in range(20_000)])})])["x"]

    assert (len(found.strange), found.unknown) == (10_000, 20_000)
