"""How right the answers were, once the labels are known.

Takes the labels of a file, joins all that are known to the logged answers, and writes ``reports/performance.json``,
``.prom`` and ``.html``: metrics with intervals in each window of time, segment and variant, beside the floors that the
gate holds a model to before it is merged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from goldenpath.evaluation import intervals, metrics, segments
from goldenpath.evaluation.metrics import Metric, Weights
from goldenpath.model import task
from goldenpath.model.features import as_category
from goldenpath.model.task import Task
from goldenpath.monitoring import exposition, labels, log, performance_page
from goldenpath.monitoring.exposition import Gauge
from goldenpath.monitoring.labels import TRUTH, Taken
from goldenpath.monitoring.log import INPUT, Format
from goldenpath.monitoring.performance_page import ALL, CHAMPION
from goldenpath.project import files, manifest, params
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Evaluation, Floor, Params
from goldenpath.project.paths import PERFORMANCE
from goldenpath.repository import facts

SCHEMA = 1
RESAMPLES = 100
"""Behind each interval: there are many windows and groups, and alerts need to tell a notable loss from chance only."""
MOST_WINDOWS = 26
WINDOW_DAYS = {"day": 1, "week": 7}

State = Literal["ok", "perhaps", "low", "unknown"]
"""Beside a floor: above it, below it by chance perhaps, below it with its whole interval, or too few labels to say."""


@dataclass(frozen=True)
class Judged:
    """A metric of some answers.

    Attributes:
        variant: Which variant gave them.
        model: SHA-256 of the model that it answered with.
        segment: ``all``, or ``column=value``.
        window: The first day of the window; empty for all windows together.
        labels: Answers whose truth is known.
        metric: The metric's name.
        value: Its value; None where there are too few labels, or where it is not defined.
        low: Lower end of its interval.
        high: Upper end.
        floor: What the gate wants, in words; empty where it wants nothing.
        state: Beside that floor.
        current: Whether it says how the variant does now: of the model that it answers with, in the newest window that
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
    """The logged answers whose truth is known, each once, with ``actual`` as the metrics take it, by time."""
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
    truths = frame["id"].map(known[TRUTH])
    frame = frame[frame["score"].notna()].assign(actual=truths)
    frame["actual"] = asked.encode(_as_number(asked, frame["actual"]))
    return frame.sort_values("time", ignore_index=True)


def judge(rows: pd.DataFrame, agreed: Contract, asked: Task, settings: Params) -> list[Judged]:
    """Metrics of each variant and model: of all time, of each of the newest windows, and of each segment.

    Segments are judged in the newest window that says enough, for the models that answer now.

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
    answering = answering_now(rows, windows)
    for (variant, model), part in recent.groupby(["variant", "model"], sort=True):
        who = str(variant), str(model)
        whole = rows[(rows["variant"] == variant) & (rows["model"] == model)]
        own = _judged(who, ALL, "", whole, wanted, settings.gates.floors, asked, settings)
        by_window = [(str(start.date()), given) for start, given in part.groupby(starts, sort=True)]
        for window, given in by_window:
            own += _judged(who, ALL, window, given, wanted, settings.gates.floors, asked, settings)
        if answering.get(who[0]) == who[1]:
            if (newest := _newest(by_window, settings)) is not None:
                for name, given in _groups(agreed, newest[1]):
                    own += _judged(who, name, newest[0], given, wanted, settings.gates.segments, asked, settings)
            own = _marked(own)
        found += own
    return found


def answering_now(rows: pd.DataFrame, window: str) -> dict[str, str]:
    """The model that each variant answers with, by its newest answer whose truth is known.

    A variant without such an answer for the length of a window is left out, such as the challenger of an experiment
    that is over: it answers nobody any more, so it is to wake nobody.

    Args:
        rows: See :func:`labelled`.
        window: ``day`` or ``week``.
    """
    newest = rows.drop_duplicates("variant", keep="last")
    newest = newest[newest["time"] > rows["time"].max() - pd.to_timedelta(WINDOW_DAYS[window], unit="D")]
    return {str(variant): str(model) for variant, model in zip(newest["variant"], newest["model"], strict=True)}


def window_starts(moments: pd.Series, window: str) -> pd.Series:
    """The first moment of each moment's window: its day, or the Monday of its week, UTC."""
    days = moments.dt.floor("D")
    return pd.Series(days if window == "day" else days - pd.to_timedelta(days.dt.day_of_week, unit="D"))


def verdict(found: list[Judged]) -> dict[str, Any]:
    """The report's ``state``, and under ``judged`` what it rests on: ``models``, ``labels`` and ``window``.

    It is the worst of the champion's current metrics; of those of all variants where none is called that.
    """
    now = [item for item in found if item.current]
    own = [item for item in now if item.variant == CHAMPION] or now
    states = {item.state for item in own if item.floor}
    state = next((state for state in ("low", "perhaps", "ok") if state in states), "unknown")
    newest = max((item for item in own if item.segment == ALL), key=lambda item: item.window)
    models = sorted({item.model for item in own})
    return {"state": state, "judged": {"models": models, "labels": newest.labels, "window": newest.window}}


def business_figure(found: list[Judged], rows: pd.DataFrame, window: str, root: Path = Path()) -> dict[str, Any]:
    """The figure that ``golden-path.yaml`` steers by, on the newest window of what is served, whichever model gave it.

    Args:
        found: See :func:`judge`.
        rows: What was judged; see :func:`labelled`.
        window: ``day`` or ``week``.
        root: The project's folder.

    Returns:
        ``kpi``, its ``value``, the ``labels`` it rests on, and the day that these reach ``through``.

    Raises:
        ProjectError: The manifest names none, or one that no label can tell.
    """
    name = manifest.load(root).kpi.name if (root / manifest.PATH).is_file() else ""
    own = [item for item in found if item.metric == name and item.segment == ALL]
    own = [item for item in own if item.variant == CHAMPION] or own
    if not own:
        known = sorted({item.metric for item in found})
        raise ProjectError(
            f"{manifest.PATH}: kpi.name is {name or 'not there'}, which labels cannot tell. They tell "
            f"{', '.join(known)}."
        )
    newest = max(own, key=lambda item: (item.value is not None, item.window, item.current))
    own_rows = rows[(rows["variant"] == newest.variant) & (rows["model"] == newest.model)]
    times = pd.Series(own_rows["time"])
    if newest.window:
        times = times[window_starts(times, window) == pd.Timestamp(newest.window, tz="UTC")]
    return {"kpi": name, "value": newest.value, "labels": newest.labels, "through": str(times.max().date())}


def gauges(found: list[Judged], total: int, through: datetime | None) -> list[Gauge]:
    """The current metrics, for alerts."""
    told = [item for item in found if item.current and item.value is not None]
    keys: list[tuple[str, ...]] = [(item.metric, item.segment, item.variant) for item in told]
    names = ("metric", "segment", "variant")
    value: dict[tuple[str, ...], float] = {key: item.value or 0.0 for key, item in zip(keys, told, strict=True)}
    low = {key: float(item.state == "low") for key, item in zip(keys, told, strict=True) if item.floor}
    reached: dict[tuple[str, ...], float] = {(): through.timestamp()} if through is not None else {}
    return [
        Gauge("realized_performance", "Metric of the newest window whose truth is known.", value, names),
        Gauge("realized_performance_low", "1 where the whole interval is beyond the gate's floor, else 0.", low, names),
        Gauge("realized_labels_total", "Predictions whose truth is known.", {(): float(total)}, is_counter=True),
        Gauge("realized_through_timestamp_seconds", "Time of the newest prediction whose truth is known.", reached),
    ]


def run(file: Path | None, folder: Path) -> int:
    """Take labels, judge, write the reports, say what came out, and return the exit code.

    Args:
        file: The labels; None to judge again those that are known.
        folder: The prediction log.

    Raises:
        ProjectError: A file is missing or cannot be used.
    """
    agreed, settings = log.of_project(), params.load()
    asked = task.of(agreed.agreed, settings)
    taken = None
    if file is not None:
        taken = labels.take(file, folder, agreed, asked, settings.monitoring.performance.match_hours)
        print(_told(file, taken))
    else:
        labels.look_up(folder, agreed)
    rows, known = labelled(folder, agreed, asked), labels.load(folder)
    if rows.empty:
        print(f"None of {len(known):,} labels belongs to an answer in {folder}, so nothing is judged.", file=sys.stderr)
        return 3
    found = judge(rows, agreed.agreed, asked, settings)
    figure = business_figure(found, rows, settings.monitoring.performance.window)
    through = rows["time"].max().to_pydatetime()
    told = {
        "schema": SCHEMA,
        **verdict(found),
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": asked.kind,
        "window": settings.monitoring.performance.window,
        "labels": len(rows),
        "through": through.isoformat(),
        "taken": None if taken is None else asdict(taken),
        "models": {str(v): sorted(part["model"].dropna().unique()) for v, part in rows.groupby("variant")},
        "kpi": figure,
        "results": [asdict(item) for item in found],
    }
    files.write_json(PERFORMANCE, told)
    exposition.write(PERFORMANCE.with_suffix(".prom"), gauges(found, int(known[labels.FOUND].sum()), through))
    page = PERFORMANCE.with_suffix(".html")
    page.write_text(performance_page.render(told, agreed.agreed, settings), encoding="utf-8", newline="\n")
    if figure["value"] is not None:
        facts.tell(figure | {"environment": facts.environment()})
    value = "not known" if figure["value"] is None else f"{figure['value']:.4g} on {figure['labels']:,} labels"
    print(f"performance: {told['state']}; {figure['kpi']} {value}, through {figure['through']}. {page}")
    return 0 if figure["value"] is not None else 3


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


def _told(file: Path, taken: Taken) -> str:
    waiting = f", {taken.waiting:,} wait for their prediction" if taken.waiting else ""
    return (
        f"{file}: {taken.given:,} labels: {taken.new:,} new, {taken.again:,} known already, {taken.changed:,} changed, "
        f"{taken.unmatched:,} without a prediction, {taken.unusable:,} unusable; "
        f"{taken.total:,} are known now{waiting}."
    )
