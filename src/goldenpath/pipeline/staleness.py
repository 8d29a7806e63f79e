"""How fast the model gets worse by standing still: ``reports/staleness.json``.

A model learns from the oldest rows only, and is judged on everything after them, age by age. The loss is the metric of
the gate's floor, turned so that more is worse, and tolerated is what the floor allows. The limit of the alert on the
model's age follows from it. Seasons are in these numbers too: a later month may be harder to tell for any model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from goldenpath.evaluation import intervals, metrics
from goldenpath.model import estimator, task
from goldenpath.project import contract, files, params
from goldenpath.project.contract import Contract
from goldenpath.project.params import Params
from goldenpath.project.paths import STALENESS, VALID

LEAST_ROWS = 200
"""Ages with fewer rows are not judged: a metric of them says nothing."""
LEAST_AGES = 3
RESAMPLES = 50


@dataclass(frozen=True)
class Floor:
    """By what the model is judged.

    Attributes:
        metric: The metric's name.
        tolerated: The largest loss.
        is_turned: Whether more of the metric is better, so that the loss is 1 less it.
    """

    metric: str
    tolerated: float
    is_turned: bool

    def loss(self, value: float) -> float:
        """A value of the metric as a loss."""
        return float(f"{1 - value if self.is_turned else value:.6g}")


def staleness() -> str:
    """The stage: train once, judge at every age, write the study.

    A product without a time, a floor or enough rows has no such study; the file then says why.
    """
    agreed, settings = contract.load(), params.load()
    study = study_of(agreed, settings, pd.read_parquet(VALID))
    files.write_json(STALENESS, study)
    if not study["applicable"]:
        return f"not applicable: {study['reason']}"
    return f"{study['metric']} tolerable for {study['tolerable_days']} of {study['ages'][-1]['days']} days"


def study_of(agreed: Contract, settings: Params, rows: pd.DataFrame) -> dict[str, Any]:
    """Train on the oldest rows and judge on the others.

    Args:
        agreed: The contract.
        settings: The parameters.
        rows: Validated rows.

    Returns:
        ``metric``, ``tolerated``, ``ages`` (the most ``days`` since the training data ended, ``loss`` with its
        interval, ``rows``) and ``tolerable_days``; or why there is no study.
    """
    if agreed.time is None:
        return _none("no column of contract.yaml has the role time, so rows have no age.")
    floor = _floor(settings)
    if floor is None:
        return _none("gates.floors in params.yaml is empty, so nothing says which loss is tolerable.")
    asked, wanted = task.of(agreed, settings), settings.monitoring.staleness
    rows = rows[rows[agreed.time.name].notna()].sort_values(agreed.time.name, kind="stable", ignore_index=True)
    timestamps = pd.Series(rows[agreed.time.name])
    cut = min(len(rows) - 1, round(len(rows) * wanted.train_share))
    is_older = timestamps < timestamps.iloc[cut] if len(rows) else timestamps.notna()
    older = rows[is_older]
    target = asked.encode(older[asked.target])
    if len(older) < LEAST_ROWS or (asked.kind != "regression" and len(set(target)) < len(asked.classes)):
        return _none(f"the oldest {len(older):,} rows are too few to learn from.")
    shape = settings.model
    if isinstance(shape.get("max_iter"), int):
        shape = shape | {"max_iter": min(shape["max_iter"], wanted.max_iter)}
    fitted = estimator.build(asked, agreed.features, shape)
    fitted.fit(estimator.as_frame(agreed.features, older), target)
    few = settings.evaluation.model_copy(update={"bootstrap": min(settings.evaluation.bootstrap, RESAMPLES)})
    measured = {floor.metric: metrics.for_task(asked.kind, settings.value, None)[floor.metric]}
    ages = []
    for days, part in _ages(rows[~is_older], pd.Series(timestamps[~is_older]), wanted.ages):
        scores = estimator.scores(asked, fitted, estimator.as_frame(agreed.features, part))
        found = intervals.estimates({"model": measured}, asked.encode(part[asked.target]), {"model": scores}, few)[0][
            "model"
        ][floor.metric]
        if found.value is None or found.low is None or found.high is None:
            continue
        ends = sorted(floor.loss(end) for end in (found.low, found.high))
        ages.append({"days": days, "loss": floor.loss(found.value), "low": ends[0], "high": ends[1], "rows": len(part)})
    if len(ages) < LEAST_AGES:
        return _none(
            f"the rows after the oldest {wanted.train_share:.0%} give {len(ages)} ages, fewer than {LEAST_AGES}."
        )
    tolerable: float = 0
    for age in ages:
        if age["loss"] > floor.tolerated:
            break
        tolerable = age["days"]
    return {
        "applicable": True,
        "metric": floor.metric,
        "loss": f"1 - {floor.metric}" if floor.is_turned else floor.metric,
        "tolerated": floor.tolerated,
        "trained_through": str(timestamps[is_older].max()),
        "rows": len(older),
        "trees": shape.get("max_iter"),
        "ages": ages,
        "tolerable_days": tolerable,
    }


def _none(reason: str) -> dict[str, Any]:
    return {"applicable": False, "reason": reason, "ages": []}


def _floor(settings: Params) -> Floor | None:
    for name, floor in settings.gates.floors.items():
        if floor.min is not None and name in metrics.HIGHER_IS_BETTER:
            return Floor(name, round(1 - floor.min, 6), is_turned=True)
        if floor.max is not None and name not in metrics.HIGHER_IS_BETTER:
            return Floor(name, floor.max, is_turned=False)
    return None


def _ages(rows: pd.DataFrame, timestamps: pd.Series, count: int) -> Iterator[tuple[int, pd.DataFrame]]:
    """The rows of each age, and its last day; ages are equally long, in whole days."""
    age = ((timestamps - timestamps.min()) / pd.Timedelta(days=1)).to_numpy()
    cuts = np.linspace(0, age.max(), count + 1)[1:] if len(age) else np.empty(0)
    ends: list[int] = np.unique(np.ceil(cuts)).astype(int).tolist()
    begin = 0
    for end in ends:
        part = rows[(age >= begin) & ((age < end) | (end == ends[-1]))]
        if len(part) >= LEAST_ROWS:
            yield end, part
        begin = end
