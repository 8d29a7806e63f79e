"""Realized metrics: predictions whose label is known, judged by window of time, segment, variant and model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenpath.evaluation import intervals, metrics, segments
from goldenpath.evaluation.metrics import Metric, Weights
from goldenpath.model.features import as_category
from goldenpath.model.task import Task
from goldenpath.monitoring import labels, log
from goldenpath.monitoring.labels import LABEL
from goldenpath.monitoring.log import INPUT, Format
from goldenpath.monitoring.performance_page import ALL
from goldenpath.project.contract import Contract
from goldenpath.project.params import Evaluation, Floor, Params

RESAMPLES = 100
"""Behind each interval: there are many windows and groups, and alerts need to tell a notable loss from chance only."""
MOST_WINDOWS = 26
WINDOW_DAYS = {"day": 1, "week": 7}

State = Literal["ok", "perhaps", "low", "unknown"]
"""Beside a floor: above it, below it by chance perhaps, below it with its whole interval, or too few labels to say."""


@dataclass(frozen=True)
class Judged:
    """A metric of some predictions.

    Attributes:
        variant: Which variant gave them.
        model: SHA-256 of the model that it predicted with.
        segment: ``all``, or ``column=value``.
        window: The first day of the window; empty for all windows together.
        labels: Predictions whose label is known.
        metric: The metric's name.
        value: Its value; None where there are too few labels, or where it is not defined.
        low: Lower end of its interval.
        high: Upper end.
        floor: What the gate wants, in words; empty where it wants nothing.
        state: Beside that floor.
        current: Whether it says how the variant does now: of the model that it predicts with, in the newest window that
            says enough. Alerts and the report's state count those only.
    """

    variant: str
    model: str
    segment: str
    window: str
    labels: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    floor: str
    state: State
    current: bool = False


def labelled(folder: Path, agreed: Format, asked: Task) -> pd.DataFrame:
    """The logged predictions whose label is known, each once, with ``actual`` as the metrics take it, by time."""
    known = labels.load(folder)
    ids = pa.array(known.index.astype("object"), pa.string())
    wanted = ["id", "time", "variant", "model", "decision", "score", *_segment_inputs(agreed)]
    found = [
        table.select(wanted).filter(pc.is_in(table["id"], value_set=ids))
        for table in log.batches(folder, agreed, columns=wanted)
    ]
    empty = pa.schema([agreed.schema.field(name) for name in wanted]).empty_table()
    frame = log.as_frame(pa.concat_tables([empty, *found]), agreed)
    frame = frame.drop_duplicates(["id", "variant"], keep="last")
    frame = frame[frame["score"].notna()].assign(actual=frame["id"].map(known[LABEL]))
    frame["actual"] = asked.encode(_as_number(asked, frame["actual"]))
    return frame.sort_values("time", ignore_index=True)


def judge(rows: pd.DataFrame, agreed: Contract, asked: Task, settings: Params) -> list[Judged]:
    """Metrics of each variant and model: of all time, of each of the newest windows, and of each segment.

    Segments are judged in the newest window that says enough, for the models that serve now.

    Args:
        rows: See :func:`labelled`.
        agreed: Names the segments.
        asked: The task.
        settings: Floors, costs, window and how intervals are drawn.
    """
    found: list[Judged] = []
    wanted, windows = _metrics(asked, settings), settings.monitoring.performance.window
    starts = window_starts(pd.Series(rows["time"]), windows)
    recent = rows[starts.isin(np.sort(starts.unique())[-MOST_WINDOWS:])]
    serving = serving_now(rows, windows)
    for (variant, model), part in recent.groupby(["variant", "model"], sort=True):
        who = str(variant), str(model)
        whole = rows[(rows["variant"] == variant) & (rows["model"] == model)]
        own = _judged(who, ALL, "", whole, wanted, settings.gates.floors, asked, settings)
        by_window = [(str(start.date()), given) for start, given in part.groupby(starts, sort=True)]
        for window, given in by_window:
            own += _judged(who, ALL, window, given, wanted, settings.gates.floors, asked, settings)
        if serving.get(who[0]) == who[1]:
            if (newest := _newest(by_window, settings)) is not None:
                for name, given in _groups(agreed, newest[1]):
                    own += _judged(who, name, newest[0], given, wanted, settings.gates.segments, asked, settings)
            own = _marked(own)
        found += own
    return found


def serving_now(rows: pd.DataFrame, window: str) -> dict[str, str]:
    """The model that each variant predicts with, by its newest prediction whose label is known.

    A variant without such a prediction for the length of a window is left out, such as the challenger of an experiment
    that is over: it serves nobody any more, so it is to alert nobody.

    Args:
        rows: See :func:`labelled`.
        window: ``day`` or ``week``.
    """
    newest = rows.drop_duplicates("variant", keep="last")
    newest = newest[newest["time"] > rows["time"].max() - pd.to_timedelta(WINDOW_DAYS[window], unit="D")]
    return {str(variant): str(model) for variant, model in zip(newest["variant"], newest["model"], strict=True)}


def window_starts(times: pd.Series, window: str) -> pd.Series:
    """The start of each time's window: its day, or the Monday of its week, UTC."""
    days = times.dt.floor("D")
    return pd.Series(days if window == "day" else days - pd.to_timedelta(days.dt.day_of_week, unit="D"))


def _segment_inputs(agreed: Format) -> list[str]:
    names = [INPUT + column.name for role in ("segment", "protected") for column in agreed.agreed.having(role)]
    return [name for name in dict.fromkeys(names) if name in agreed.schema.names]


def _as_number(asked: Task, values: pd.Series) -> Iterator[Any]:
    return (float(value) if asked.kind == "regression" else value for value in values)


def _metrics(asked: Task, settings: Params) -> dict[str, Metric]:
    """Metrics that a log can tell; those of decisions count what was served, whatever the threshold is now."""
    if asked.kind == "regression":
        found = metrics.for_task(asked.kind, settings.value, None)
        return {name: _of_column(metric, 0) for name, metric in found.items()}
    if asked.kind == "binary":
        found = metrics.for_task(asked.kind, settings.value, 0.5)
        decided = {"precision", "recall", "cost_per_row"}
        return {name: _of_column(metric, int(name in decided)) for name, metric in found.items()}
    # The log holds the probability of the decided class only.
    found = metrics.for_task(asked.kind, settings.value, None)
    return {name: metric for name, metric in found.items() if name != "log_loss"}


def _of_column(metric: Metric, place: int) -> Metric:
    def measured(actual: NDArray[Any], score: NDArray[Any], weight: Weights) -> float:
        return metric(actual, score[:, place], weight)

    return measured


def _scores(rows: pd.DataFrame, asked: Task) -> NDArray[np.float64]:
    """What :func:`_metrics` takes: score and decision, or for several classes a one for the decided one."""
    score = rows["score"].to_numpy(dtype=np.float64)
    if asked.kind == "regression":
        return score[:, None]
    names = [as_category(label) for label in asked.classes]
    chosen = pd.Categorical([as_category(value) for value in rows["decision"]], categories=names).codes
    if asked.kind == "binary":
        return np.stack([score, chosen == 1], axis=1)
    return np.asarray(chosen[:, None] == np.arange(len(names)), dtype=np.float64)


def _judged(
    who: tuple[str, str],
    segment: str,
    window: str,
    rows: pd.DataFrame,
    wanted: Mapping[str, Metric],
    floors: Mapping[str, Floor],
    asked: Task,
    settings: Params,
) -> list[Judged]:
    enough = len(rows) >= settings.monitoring.performance.min_labels
    few = _few(settings.evaluation)
    shown = _shown(wanted, floors, asked)
    found: Mapping[str, intervals.Estimate] = {}
    if enough:
        actual = rows["actual"].to_numpy()
        found = intervals.estimates({"": shown}, actual, {"": _scores(rows, asked)}, few)[0][""]
    results = []
    for name in shown:
        item = found.get(name, intervals.Estimate(None, None, None))
        floor = floors.get(name)
        words = "" if floor is None else f"≥ {floor.min:g}" if floor.min is not None else f"≤ {floor.max:g}"
        state = _state(item, floor)
        ends = item.value, item.low, item.high
        results.append(Judged(*who, segment, window, len(rows), name, *ends, words, state))
    return results


def _shown(wanted: Mapping[str, Metric], floors: Mapping[str, Floor], asked: Task) -> dict[str, Metric]:
    """Metrics that people steer by: the headline, the cost, calibration, and those that have a floor."""
    names = {metrics.HEADLINE[asked.kind], "cost_per_row", "calibration_error", "accuracy", *floors}
    return {name: metric for name, metric in wanted.items() if name in names}


def _few(settings: Evaluation) -> Evaluation:
    return settings.model_copy(update={"bootstrap": min(settings.bootstrap, RESAMPLES)})


def _state(found: intervals.Estimate, floor: Floor | None) -> State:
    if floor is None or found.value is None:
        return "unknown"
    if floor.holds(found.value):
        return "ok"
    best = found.high if floor.min is not None else found.low
    return "perhaps" if floor.holds(best) else "low"


def _newest(by_window: list[tuple[str, pd.DataFrame]], settings: Params) -> tuple[str, pd.DataFrame] | None:
    least = settings.monitoring.performance.min_labels
    return next(((name, part) for name, part in reversed(by_window) if len(part) >= least), None)


def _marked(own: list[Judged]) -> list[Judged]:
    """A model's metrics, with the current one of each segment marked; all windows together where none says enough."""
    newest: dict[tuple[str, str], Judged] = {}
    for item in own:
        key = item.segment, item.metric
        if key not in newest or (item.value is not None and item.window > newest[key].window):
            newest[key] = item
    return [replace(item, current=newest[item.segment, item.metric] is item) for item in own]


def _groups(agreed: Contract, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    held = tuple(column for column in agreed if INPUT + column.name in rows.columns)
    named = rows.rename(columns={INPUT + column.name: column.name for column in held})
    for group in segments.groups(replace(agreed, columns=held), named):
        yield f"{group.column}={group.name}", rows[group.rows]
