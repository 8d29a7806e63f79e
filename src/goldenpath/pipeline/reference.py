"""What the training data looks like: ``models/reference.json``, against which drift is measured.

Of each input of the model it holds how many rows of the train part lie in each of some hundred bins, of score and
decision the same on the test part, and how much each input matters. Of a personal column it holds no value, only how
many rows have one. It is small, stands in git beside the model that it belongs to, and is read without pandas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from goldenpath.evaluation.column_values import as_numbers, category_counts
from goldenpath.evaluation.drift_measures import BINS
from goldenpath.model.features import as_category
from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import Input
from goldenpath.project import contract, files
from goldenpath.project.contract import PERSONAL
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import IMPORTANCE, REFERENCE, split_file
from goldenpath.repository import lineage

SCHEMA = 1
SCORE, DECISION = "score", "decision"
PERCENTILES = 100
"""The distance between two distributions is seen at this many places, so it is at most a hundredth too small."""
GRID = 24
"""Bins of equal width between the first and the last percentile, for pictures."""
FEW_VALUES = 40
"""A number with fewer different values has a bin for each."""
MOST_CATEGORIES = 500
"""Categories with a bin of their own; the others share one."""


@dataclass(frozen=True)
class Numbers:
    """What a column of numbers looks like.

    Attributes:
        missing: Rows without a value.
        minimum: The least value; None where there is none.
        maximum: The largest value.
        edges: Upper ends, inclusive, of all bins but the last, in ascending order.
        counts: Rows in each bin, shape (edges + 1,).
        deciles: Positions of the edges between which equally many rows lie, as the stability index wants them; the
            first and the last bound what training saw.
        grid: Positions of the edges that a picture shows: each value where there are few, else bins of equal width.
        importance: How much worse the model gets when the column is shuffled; 0 where that is not known.
    """

    missing: int
    minimum: float | None
    maximum: float | None
    edges: NDArray[np.float32]
    counts: NDArray[np.int64]
    deciles: tuple[int, ...]
    grid: tuple[int, ...]
    importance: float = 0.0

    @property
    def has_few_values(self) -> bool:
        """Whether each value has a bin."""
        return len(self.grid) == len(self.edges) - 1

    @property
    def known(self) -> tuple[str, ...]:
        """Numbers have no categories."""
        return ()

    @property
    def rows(self) -> int:
        """Rows that were looked at."""
        return self.missing + int(self.counts.sum())

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "kind": "number",
            "importance": self.importance,
            "missing": self.missing,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "edges": [_short(edge) for edge in self.edges],
            "counts": self.counts.tolist(),
            "deciles": list(self.deciles),
            "grid": list(self.grid),
        }


@dataclass(frozen=True)
class Categories:
    """What a column of categories looks like.

    Attributes:
        missing: Rows without a value.
        values: Rows of each category, the most frequent first.
        rest: Rows of the categories that ``values`` has no room for.
        importance: How much worse the model gets when the column is shuffled; 0 where that is not known.
    """

    missing: int
    values: Mapping[str, int]
    rest: int
    importance: float = 0.0

    @property
    def edges(self) -> None:
        """Categories have no edges."""
        return

    @property
    def known(self) -> tuple[str, ...]:
        """Categories with a bin of their own."""
        return tuple(self.values)

    @property
    def rows(self) -> int:
        """Rows that were looked at."""
        return self.missing + self.rest + sum(self.values.values())

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "kind": "category",
            "importance": self.importance,
            "missing": self.missing,
            "values": dict(self.values),
            "rest": self.rest,
        }


Column = Numbers | Categories


@dataclass(frozen=True)
class Reference:
    """What the rows looked like that a model learned from.

    Attributes:
        model: SHA-256 of the model.
        data: SHA-256 of the train part.
        rows: Rows of the train part.
        columns: The model's inputs, by name.
        predictions: ``score``, and ``decision`` where it is another thing, of the test part.
    """

    model: str
    data: str
    rows: int
    columns: Mapping[str, Column]
    predictions: Mapping[str, Column]

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "data": {"path": str(split_file("train")), "sha256": self.data},
            "rows": self.rows,
            "columns": {name: column.to_json() for name, column in self.columns.items()},
            "predictions": {name: column.to_json() for name, column in self.predictions.items()},
        }


def load(path: Path = REFERENCE) -> Reference:
    """Read a reference.

    Raises:
        ProjectError: The file is missing, or is none of this version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise KeyError(f"schema {content['schema']}, want {SCHEMA}")
        return Reference(
            model=content["model"],
            data=content["data"]["sha256"],
            rows=content["rows"],
            columns={name: _column(item) for name, item in content["columns"].items()},
            predictions={name: _column(item) for name, item in content["predictions"].items()},
        )
    except FileNotFoundError as error:
        raise ProjectError(f"{path}: no such file. Run `make run`.") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProjectError(f"{path}: not a reference ({error}). Run `make run`.") from error


def of_numbers(values: NDArray[np.float32], importance: float = 0.0) -> Numbers:
    """Describe a column of numbers.

    Args:
        values: NaN where missing, shape (rows,).
        importance: How much the column matters.
    """
    present = np.sort(values[~np.isnan(values)])
    if not present.size:
        return Numbers(len(values), None, None, present, np.zeros(1, dtype=np.int64), (), (), importance)
    places = np.arange(1, PERCENTILES) * present.size // PERCENTILES
    percentiles = present[places]  # values that occur, so that a number with few values keeps each in one bin
    deciles = percentiles[PERCENTILES // BINS - 1 :: PERCENTILES // BINS]
    different = np.unique(present)
    is_few = different.size <= FEW_VALUES
    grid = different if is_few else np.linspace(percentiles[0], percentiles[-1], GRID - 1, dtype=np.float32)
    # What lies outside all that training saw has bins of its own.
    outside = np.array([np.nextafter(present[0], np.float32(-np.inf)), present[-1]], dtype=np.float32)
    edges = np.unique(np.concatenate([outside, percentiles, grid]))
    below = np.searchsorted(present, edges, side="right")
    return Numbers(
        missing=len(values) - present.size,
        minimum=float(present[0]),
        maximum=float(present[-1]),
        edges=edges,
        counts=np.diff(below, prepend=0, append=present.size),
        deciles=tuple(np.searchsorted(edges, np.unique(np.concatenate([outside, deciles]))).tolist()),
        grid=tuple(np.searchsorted(edges, np.unique(grid)).tolist()),
        importance=importance,
    )


def of_categories(counts: Mapping[str, int], missing: int, importance: float = 0.0) -> Categories:
    """Describe a column of categories.

    Args:
        counts: Rows of each category.
        missing: Rows of none.
        importance: How much the column matters.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    values = dict(ordered[:MOST_CATEGORIES])
    return Categories(missing, values, sum(counts.values()) - sum(values.values()), importance)


def describe(is_category: bool, column: Any, importance: float = 0.0, is_personal: bool = False) -> Column:
    """Describe an Arrow column, of categories or of numbers.

    Args:
        is_category: Which of the two.
        column: The column.
        importance: How much it matters.
        is_personal: Whether only the numbers of rows may be told: any edge between bins would be somebody's value.
    """
    found: Column
    if is_category:
        found = of_categories(*category_counts(column), importance)
    else:
        found = of_numbers(as_numbers(column), importance)
    return _nameless(found) if is_personal else found


def reference() -> str:
    """The stage: describe the train part, and what the model answers on the test part.

    Raises:
        ProjectError: The model or a part of the data is missing.
    """
    predictor = Predictor.load()
    matters = {item["column"]: item["importance"] for item in json.loads(IMPORTANCE.read_text(encoding="utf-8"))}
    names = [item.name for item in predictor.signature.inputs]
    personal = {column.name for column in contract.load() if column.classification in PERSONAL}
    train, test = (pq.read_table(split_file(part), columns=names) for part in ("train", "test"))
    found = Reference(
        model=predictor.signature.model_sha256,
        data=lineage.sha256(split_file("train")),
        rows=train.num_rows,
        columns={
            item.name: describe(
                item.is_category, train[item.name], matters.get(item.name, 0.0), is_personal=item.name in personal
            )
            for item in predictor.signature.inputs
        },
        predictions=dict(_predictions(predictor, test)),
    )
    files.write_json(REFERENCE, found.to_json())
    _on_one_line(REFERENCE)
    return f"{len(found.columns)} inputs on {found.rows:,} rows, {REFERENCE.stat().st_size / 1024:,.0f} KiB"


def _predictions(predictor: Predictor, rows: pa.Table) -> Iterator[tuple[str, Column]]:
    inputs = {item.name: _as_given(item, rows[item.name]) for item in predictor.signature.inputs}
    scores = predictor.scores(inputs)
    shown = scores.max(axis=1) if predictor.signature.task == "multiclass" else scores
    yield SCORE, of_numbers(shown.astype(np.float32))
    if predictor.signature.task != "regression":
        classes, chosen = predictor.signature.classes, np.bincount(predictor.decisions(scores))
        decided = {as_category(classes[index]): int(times) for index, times in enumerate(chosen) if times}
        yield DECISION, of_categories(decided, 0)


def _as_given(item: Input, column: Any) -> Any:
    return column.to_pylist() if item.is_category else as_numbers(column)


def _nameless(column: Column) -> Column:
    """What may stand in git of a column that is personal or secret: how many rows, and no one's value."""
    present = column.rows - column.missing
    if isinstance(column, Categories):
        return Categories(column.missing, {}, present, column.importance)
    edges, counts = np.empty(0, dtype=np.float32), np.array([present], dtype=np.int64)
    return Numbers(column.missing, None, None, edges, counts, (), (), column.importance)


def _column(item: Mapping[str, Any]) -> Column:
    if item["kind"] == "category":
        return Categories(item["missing"], dict(item["values"]), item["rest"], item["importance"])
    return Numbers(
        missing=item["missing"],
        minimum=item["minimum"],
        maximum=item["maximum"],
        edges=np.array(item["edges"], dtype=np.float32),
        counts=np.array(item["counts"], dtype=np.int64),
        deciles=tuple(item["deciles"]),
        grid=tuple(item["grid"]),
        importance=item["importance"],
    )


def _short(value: np.float32) -> float:
    """The shortest number that is the same float32."""
    return float(str(value))


def _on_one_line(path: Path) -> None:
    """Lists of numbers on one line each: a line for each of some thousand numbers would bury the rest of a diff."""
    lines = path.read_text(encoding="utf-8").split("\n")
    kept: list[str] = []
    for line in lines:
        text = line.strip()
        if kept and (kept[-1].endswith("[") or (kept[-1].count("[") > kept[-1].count("]"))):
            kept[-1] += text if kept[-1].endswith("[") or text.startswith("]") else f" {text}"
        else:
            kept.append(line)
    path.write_text("\n".join(kept), encoding="utf-8")
