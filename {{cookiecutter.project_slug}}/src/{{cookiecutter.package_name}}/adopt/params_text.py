"""The text of ``params.yaml`` for an adopted table: its own comments kept, what depends on the data set anew."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from ..tabular import TableFormat
from .target import Target

SPARE_SHARE = 0.05
"""Rows that may break the contract besides those without a target: an inferred contract meets new data for the first
time, and some of its guesses are too narrow."""

FEW_ROWS = 2000
"""Below this, a tenth of the rows is too few to hold out: with 200 rows, the interval of a share is 0.14 wide."""

IMBALANCED_ODDS = 4.0
"""From four negatives for each positive on, a threshold for equal costs would hardly ever raise an alarm."""

_COMMENT_COLUMN = 32


@dataclass(frozen=True)
class Settings:
    """What the parameters follow from.

    Attributes:
        path: Where the file lies in the project.
        format: How to read it.
        rows: Rows with a target.
        unusable_share: Share of rows without a target, time or entity.
        split: How to divide the rows.
        target: The guess about the target.
    """

    path: str
    format: TableFormat
    rows: int
    unusable_share: float
    split: Literal["time", "entity", "random"]
    target: Target


def held_out(rows: int) -> float:
    """The share of the rows to hold out for validation, and again for the test."""
    return 0.2 if rows < FEW_ROWS else 0.1


def params_text(text: str, found: Settings) -> str:
    """Change the parameters that follow from the data and leave the others, comments included.

    Args:
        text: The present ``params.yaml``.
        found: What the new values follow from.

    Returns:
        YAML that :func:`params.load` reads.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    tree: CommentedMap = yaml.load(text)
    target = found.target
    if "positive_class" not in tree:
        tree.insert(list(tree).index("problem") + 1, "positive_class", None)
    _put(tree, "positive_class", target.positive, "" if target.positive is not None else "only two classes have one")
    _put(tree, "problem", target.problem, target.reason)
    tree.pop("features", None)
    _data(tree, found)
    share = min(1.0, math.ceil((found.unusable_share + SPARE_SHARE) * 100) / 100)
    why = "more rows than this break the contract: the pipeline stops"
    if found.unusable_share:
        why += f"; {found.unusable_share:.1%} have no target, time or entity"
    _put(tree["validation"], "tolerated_share", share, why)
    _split(tree["split"], found)
    _put(tree["model"], "min_samples_leaf", min(40, max(5, found.rows // 50)), "a fiftieth of the rows, 5 to 40")
    _value(tree["value"], target)
    smallest = min(200, max(20, found.rows // 20))
    _put(tree["evaluation"], "min_segment_rows", smallest, "smaller segments are not judged on their own")
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _data(tree: CommentedMap, found: Settings) -> None:
    data: CommentedMap = tree["data"]
    data.pop("through", None)
    data["path"] = found.path
    data["separator"] = DoubleQuotedScalarString(found.format.separator)
    data["encoding"] = found.format.encoding
    data["decimal"] = DoubleQuotedScalarString(found.format.decimal)
    _blank_line_after(data, "decimal")


def _split(split: CommentedMap, found: Settings) -> None:
    share = held_out(found.rows)
    why = {
        "time": "time, entity or random; time never lets the future into training",
        "entity": "time, entity or random; no entity stands on both sides",
        "random": "time, entity or random; no TIME or ENTITY was named, so rows are taken as independent",
    }
    _put(split, "by", found.split, why[found.split])
    _put(split, "validation", share, "early stopping and the threshold")
    few = found.rows < FEW_ROWS
    words = "a fifth, because a tenth of few rows would judge nothing" if few else "seen once, by evaluate"
    _put(split, "test", share, words)


def _value(value: CommentedMap, target: Target) -> None:
    _put(value, "currency", "units", "replace by your currency, and the costs below by yours")
    missed, alarm, why = 1.0, 1.0, "stand-in: both mistakes cost the same"
    if target.positive is not None and target.odds >= IMBALANCED_ODDS:
        missed = float(f"{target.odds:.3g}")
        why = f"stand-in: there are {missed:g} negatives for each positive; replace by your cost"
    elif target.positive is not None and target.odds <= 1 / IMBALANCED_ODDS:
        alarm = float(f"{1 / target.odds:.3g}")
        why = f"stand-in: there are {alarm:g} positives for each negative; replace by your costs"
    _put(value, "missed", missed, why)
    _put(value, "false_alarm", alarm, "cost of one alarm that was false")
    _put(value, "per_unit_error", 1.0, "cost of one unit of error, for amounts")


def _put(section: CommentedMap, key: str, value: Any, comment: str = "") -> None:
    """Set a value and its comment, and keep the blank lines that stood after it."""
    old = section.ca.items.pop(key, None)
    # Quoted, because "yes" would else be read as true.
    section[key] = DoubleQuotedScalarString(value) if key == "positive_class" and isinstance(value, str) else value
    below = old[2].value.partition("\n")[2] if old and old[2] else ""
    if comment or below:
        text = f"# {comment}\n" if comment else "\n"
        section.ca.items[key] = [None, None, CommentToken(text + below, CommentMark(_COMMENT_COLUMN)), None]


def _blank_line_after(section: CommentedMap, key: str) -> None:
    section.ca.items[key] = [None, None, CommentToken("\n\n", CommentMark(0)), None]
