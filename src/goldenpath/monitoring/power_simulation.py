"""Shows that the drift watch does both: rests where nothing moved, alarms where something did.

Rows are drawn again from the training data. As they are, no shift is in them, so every alarm is a false one; with a
number moved, a category replaced and values taken away, exactly those columns have to alarm. It can be repeated
many times for several numbers of rows, to tell how often chance raises an alarm and how often a shift is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goldenpath.evaluation.column_values import as_numbers
from goldenpath.monitoring import bin_counts
from goldenpath.monitoring.compare import Comparison, compare
from goldenpath.monitoring.rows import watched
from goldenpath.pipeline import reference
from goldenpath.pipeline.reference import Numbers, Reference
from goldenpath.project import contract, files, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.params import Drift
from goldenpath.project.paths import DRIFT_DRILL, split_file
from goldenpath.repository import facts

ROWS = 20_000
SEED = 20130101
SHIFT = 1.0
"""Standard deviations by which the drill moves a number."""
REPLACED, EMPTIED = 0.3, 0.3
"""Shares of rows whose category is replaced by an unknown one, and whose value is taken away."""
STRANGE = "never seen in training"
TABLE_ROWS = (500, 1_000, 5_000, 20_000, 100_000)
TABLE_SHIFTS = (0.1, 0.25, 0.5, 1.0)
RUNS = 200


@dataclass(frozen=True)
class Drill:
    """What came out.

    Attributes:
        rows: Rows of each sample.
        rest: Columns that alarm although nothing moved.
        injected: Columns that were moved.
        alarms: Columns that alarm then.
    """

    rows: int
    rest: tuple[str, ...]
    injected: tuple[str, ...]
    alarms: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether it rested on the one and found all of the other."""
        return not self.rest and bool(self.injected) and set(self.injected) <= set(self.alarms)


def drill(known: Reference, rows: pa.Table, limits: Drift, seed: int = SEED) -> Drill:
    """Measure drift on rows of the training data, as they are and with shifts put in.

    Args:
        known: The reference.
        rows: The training data; see :func:`training_rows`.
        limits: From where on a move counts.
        seed: Of the sample.
    """
    sample = draw(rows, min(ROWS, max(limits.min_rows, rows.num_rows)), np.random.default_rng(seed))
    shifted, injected = shift(known, sample)
    found = [_compared(known, table, limits) for table in (sample, shifted)]
    return Drill(sample.num_rows, _alarms(found[0]), injected, _alarms(found[1]))


def training_rows(known: Reference) -> pa.Table:
    """The train part as the drill takes it: numbers as float32, categories as codes.

    Raises:
        ProjectError: It is not there, or no column of it may be looked at.
    """
    if not known.columns:
        raise ProjectError(f"{contract.PATH}: every input of the model is personal, so there is no drift to look for.")
    path = split_file("train")
    if not path.is_file():
        raise ProjectError(f"{path}: no such file. Run `make run`, or `goldenpath results` for the committed ones.")
    table = pq.read_table(path, columns=list(known.columns))
    columns = {}
    for name, column in known.columns.items():
        values = table[name].combine_chunks()
        if isinstance(column, Numbers):
            columns[name] = pa.array(as_numbers(values), from_pandas=True)
        else:
            columns[name] = values.cast(pa.string()).dictionary_encode()
    return pa.table(columns)


def draw(rows: pa.Table, count: int, generator: np.random.Generator) -> pa.Table:
    """Rows drawn with replacement: another sample of the same distribution."""
    return rows.take(pa.array(generator.integers(0, rows.num_rows, count)))


def shift(known: Reference, rows: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Put a shift into the most important columns: one number moves, one category is replaced, one column is emptied.

    Returns:
        The rows, and the names of the columns that were touched.
    """
    ranked = sorted(known.columns, key=lambda name: -known.columns[name].importance)
    numbers = [name for name in ranked if _varies(rows[name]) and isinstance(known.columns[name], Numbers)]
    names = [name for name in ranked if not isinstance(known.columns[name], Numbers)]
    touched: dict[str, Any] = {}
    if numbers:
        touched[numbers[0]] = moved(rows[numbers[0]], SHIFT)
    if names:
        touched[names[0]] = pc.if_else(_first(rows, REPLACED), STRANGE, rows[names[0]].cast(pa.string()))
    if left := [name for name in ranked if name not in touched and rows[name].null_count < rows.num_rows / 2]:
        touched[left[0]] = pc.if_else(_first(rows, EMPTIED), None, rows[left[0]].combine_chunks())
    for name, values in touched.items():
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows, tuple(touched)


def moved(values: Any, deviations: float) -> Any:
    """Numbers, each larger by so many standard deviations."""
    return pc.add(values, pa.scalar(deviations * (pc.stddev(values).as_py() or 1.0), values.type))


def table(known: Reference, rows: pa.Table, limits: Drift, runs: int, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """How often chance alone moves something, and how often a shift of the most important number is found.

    Returns:
        One record per number of rows: shares of the runs, ``any_moved`` and ``any_alarm`` for at least one column,
        ``overall_moved`` and ``overall_alarm`` for the verdict, all without a shift; and ``found_<deviations>``, the
        share in which the number that was moved so far is at least ``moved``.
    """
    generator, records = np.random.default_rng(SEED), []
    number = next(
        (
            name
            for name in sorted(known.columns, key=lambda name: -known.columns[name].importance)
            if isinstance(known.columns[name], Numbers) and _varies(rows[name])
        ),
        None,
    )
    for size in sizes:
        hits: dict[str, int] = {}
        for _ in range(runs):
            sample = draw(rows, size, generator)
            found = _compared(known, sample, limits)
            seen = {
                "any_moved": any(move.verdict != "ok" for move in found.columns),
                "any_alarm": any(move.verdict == "alarm" for move in found.columns),
                "overall_moved": found.overall.verdict != "ok",
                "overall_alarm": found.overall.verdict == "alarm",
            }
            for deviations in TABLE_SHIFTS if number else ():
                one = pa.table({number: moved(sample[number], deviations)})
                seen[f"found_{deviations:g}"] = _compared(known, one, limits).columns[0].verdict != "ok"
            hits = {name: hits.get(name, 0) + hit for name, hit in seen.items()}
        records.append({"rows": size, "runs": runs, **{name: round(hit / runs, 4) for name, hit in hits.items()}})
    return records


def _compared(known: Reference, rows: pa.Table, limits: Drift) -> Comparison:
    return compare(known, bin_counts.count(known.columns, [rows]), limits)


def _alarms(found: Comparison) -> tuple[str, ...]:
    return tuple(move.column for move in found.columns if move.verdict == "alarm")


def _varies(values: Any) -> bool:
    return not pa.types.is_floating(values.type) or bool((pc.stddev(values).as_py() or 0) > 0)


def _first(rows: pa.Table, share: float) -> Any:
    """The first rows of a sample, which are as good as any others."""
    return pa.array(np.arange(rows.num_rows) < share * rows.num_rows)


def _markdown(records: list[dict[str, Any]]) -> str:
    shifts = [name for name in records[0] if name.startswith("found_")]
    header = [
        "rows",
        "a column moved",
        "a column in alarm",
        "verdict moved",
        "verdict alarm",
        *(f"{name.removeprefix('found_')} sd found" for name in shifts),
    ]
    keys = ["any_moved", "any_alarm", "overall_moved", "overall_alarm", *shifts]
    lines = [" | ".join([f"{record['rows']:,}", *(f"{record[key]:.1%}" for key in keys)]) for record in records]
    return "\n".join(f"| {line} |" for line in [" | ".join(header), " | ".join(["---:"] * len(header)), *lines])


def run(runs: int = 0) -> Exit:
    """Measure drift where there is none and where there is, write the report, and say what came out.

    Args:
        runs: Also measure error rates over so many runs for several numbers of rows; 0 for none.

    Returns:
        FAILED where the watch alarms without a shift or misses one.

    Raises:
        ProjectError: The reference, the contract or the training data cannot be read.
    """
    known, limits = watched(reference.load(), contract.load()), params.load().monitoring.drift
    rows = training_rows(known)
    found = drill(known, rows, limits)
    told: dict[str, Any] = {
        "null": {"rows": found.rows, "alarms": list(found.rest)},
        "shift": {"rows": found.rows, "alarms": list(found.alarms), "injected": list(found.injected)},
    }
    facts.tell(told)
    if runs:
        told["rates"] = table(known, rows, limits, runs, TABLE_ROWS)
        print(_markdown(told["rates"]))
    files.write_json(DRIFT_DRILL, told | {"verdict": "pass" if found.is_good else "fail"})
    print(f"Without a shift, in alarm: {', '.join(found.rest) or 'none'} of {len(known.columns)} columns.")
    print(f"With a shift in {', '.join(found.injected)}, in alarm: {', '.join(found.alarms) or 'none'}.")
    return Exit.OK if found.is_good else Exit.FAILED
