"""The text of ``params.yaml`` for an adopted table: its own comments kept, what depends on the data set anew."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from goldenpath.adopt.division import Division
from goldenpath.adopt.target import FEW_ROWS, Target
from goldenpath.tables.table_io import TableFormat

SPARE_SHARE = 0.05
"""Rows that may break the contract besides those without a target: an inferred contract meets new data for the first
time, and some of its guesses are too narrow."""

LARGE_ROWS = 10_000
SMALL_TREE, MIDDLE_TREE, LARGE_TREE = 8, 15, 31
"""Leaves of a tree with few, some and many rows. Measured on 40 tables of 150 to 50,000 rows: below 2,000 rows 8 leaves
had the least error, up to 10,000 rows 15, above it scikit-learn's 31."""

IMBALANCED_ODDS = 4.0
"""From four negatives for each positive on, a threshold for equal costs would hardly ever raise an alarm."""

LEAST_AUC, LEAST_CORRELATION = 0.55, 0.1
"""Floors for groups before any model is trained: clearly more than a constant answer reaches, which is 0.5 and 0."""
LEAST_OVER_CHANCE = 1.2
"""The same with more than two classes, of which a constant answer finds one: so many times its share of right ones."""

CALIBRATION_NOISE = 0.4
"""The calibration error of a perfect model is this times the root of bins by rows: the mean of a half-normal, 0.8,
times the most that the standard deviation of a class can be, 0.5."""

_HEADLINES = {
    "binary": ("roc_auc", "absolute", "recall: 0.1"),
    "multiclass": ("log_loss", "relative", "accuracy: 0.1"),
    "regression": ("mae", "relative", "rank_correlation: 0.2"),
}
"""By kind of problem: the metric by which models are compared, the unit of its margin, and the gap between groups."""

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
    split: Division
    target: Target


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
    _model(tree["model"], found.rows)
    _value(tree["value"], target)
    smallest = min(200, max(20, found.rows // 50))
    _put(tree["evaluation"], "min_segment_rows", smallest, "smaller segments are not judged on their own")
    _gates(tree, found)
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _gates(tree: CommentedMap, found: Settings) -> None:
    """What a model has to hold, as far as it can be said before one is there; the fewer rows, the wider the margins."""
    if "gates" not in tree:
        tree.insert(list(tree).index("export"), "gates", None)
    rows = max(1.0, found.rows * found.split.share)
    metric, least, why = _floor(found.target)
    headline, unit, gap = _HEADLINES[_kind(found.target)]
    chance = CALIBRATION_NOISE * math.sqrt(10 / rows)
    margin = _between(1 / math.sqrt(rows), 0.01, 0.1)
    lines = [
        "gates:|what a model and its data have to hold before a merge; see docs/how-to/gates.md",
        "  data: {lost_share: 0.01}|of the base's rows may be gone; more, and the source was cut",
        "  floors:|over all held-out rows; raise it once the model is better",
        f"    {metric}: {{min: {least}}}|{why}",
        "  non_inferiority:|the interval of the difference to the champion has to lie within this",
        f"    {headline}: {{{unit}: {margin}}}|what chance does on {rows:,.0f} held-out rows; narrow it",
        f"    cost_per_row: {{relative: {_between(2 / math.sqrt(rows), 0.02, 0.2)}}}|the same, of the cost of mistakes",
        "  segments:|every group with enough rows has to hold this; raise it",
        f"    {metric}: {{min: {least}}}|{why}",
        "  segment_non_inferiority:|no group may be shown to be worse than under the champion by more than this",
        f"    {headline}: {{{unit}: {_between(2 * margin, 0.05, 0.2)}}}|groups are small, so twice that margin",
        "  fairness:|largest gap shown between two groups of a protected column",
        f"    {gap}|stand-in: replace by what your risk assessment allows",
    ]
    if found.target.problem != "regression":
        lines += [
            "  calibration:|expected calibration error, ten bins",
            f"    max: {_between(0.05 + chance, 0.05, 0.3)}|5 in 100, and what chance adds on these rows",
            f"    margin: {_between(chance, 0.02, 0.2)}|more than the champion's",
        ]
    lines += [
        "  latency:|one row on one thread, without the network",
        "    p50_ms: 5.0|stand-in: replace by what your callers can wait for",
        "    p99_ms: 20.0|the same",
        "    times_champion: 2.0|both measured in the same run, so a slow machine does not matter",
        "  size_mib: 50|it is baked into the image",
        "  training:|of the train stage, by the lineage of the model",
        "    seconds: 600|a pull request can wait ten minutes",
        "    peak_memory_mib: 8192|half of a CI machine",
    ]
    text = "\n".join(
        f"{setting:<{_COMMENT_COLUMN - 2}}  # {reason}" for setting, _, reason in (x.partition("|") for x in lines)
    )
    # Loaded with a section after it, which keeps the blank line between them.
    tree["gates"] = YAML().load(f"{text}\n\nexport:\n")["gates"]


def _between(value: float, low: float, high: float) -> float:
    """A value within bounds, as precise as a guess deserves."""
    return round(min(high, max(low, value)), 2)


def _kind(target: Target) -> str:
    return "regression" if target.problem == "regression" else "binary" if target.positive is not None else "multiclass"


def _floor(target: Target) -> tuple[str, float, str]:
    """A metric, the least value of it, and why."""
    if target.problem == "regression":
        return "rank_correlation", LEAST_CORRELATION, "larger amounts are predicted larger; one answer reaches 0"
    if target.positive is not None:
        return "roc_auc", LEAST_AUC, "clearly better than the 0.5 of a coin"
    least = float(f"{LEAST_OVER_CHANCE / len(target.classes):.2g}")
    return "balanced_accuracy", least, f"one answer for all rows finds 1 of {len(target.classes)} classes"


def _data(tree: CommentedMap, found: Settings) -> None:
    data: CommentedMap = tree["data"]
    data.pop("through", None)
    data["path"] = found.path
    data["separator"] = DoubleQuotedScalarString(found.format.separator)
    data["encoding"] = found.format.encoding
    data["decimal"] = DoubleQuotedScalarString(found.format.decimal)
    _blank_line_after(data, "decimal")


def _split(split: CommentedMap, found: Settings) -> None:
    share = found.split.share
    why = {
        "time": "time, entity or random; time never lets the future into training",
        "entity": "time, entity or random; no entity stands on both sides",
        "random": "time, entity or random; neither --time nor --entity was named, so rows are taken as independent",
    }
    _put(split, "by", found.split.by, why[found.split.by])
    _put(split, "validation", share, "early stopping and the threshold")
    words = "seen once, by evaluate"
    if share > 0.1:
        few = "a tenth of few rows would judge nothing"
        words = few if found.rows < FEW_ROWS else "a tenth cannot be cut off: too few different times"
    _put(split, "test", share, words)


def _model(model: CommentedMap, rows: int) -> None:
    """Settings that do well on most tables; the sample's are tuned to the sample."""
    leaves = SMALL_TREE if rows < FEW_ROWS else MIDDLE_TREE if rows < LARGE_ROWS else LARGE_TREE
    if "loss" not in model:
        model.insert(0, "loss", None)
    _put(model, "loss", "squared_error", "regression only: predicts the mean; absolute_error predicts the median")
    _put(model, "learning_rate", 0.05)
    _put(model, "max_iter", 200)
    _put(model, "max_leaf_nodes", leaves, "8, 15 or 31: small trees for few rows")
    _put(model, "min_samples_leaf", min(20, max(5, rows // 50)), "a fiftieth of the rows, 5 to 20")
    _put(model, "l2_regularization", 1.0)


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
