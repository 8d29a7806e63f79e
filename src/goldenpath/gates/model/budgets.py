"""The gates of what a model costs to run, to ship and to train."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from goldenpath.gates.model.findings import Gate, held, off
from goldenpath.model.predictor import Predictor
from goldenpath.project.params import PATH, Latency, TrainingCost
from goldenpath.project.paths import LINEAGE, MODEL
from goldenpath.reports import formatting

ROUNDS, ROWS = 9, 200
"""Each round asks for the same rows one by one; the quietest round counts, since a busy machine only ever adds."""
MIB = 1024 * 1024
STAGE = "train"


def latency(limits: Latency | None, candidate: Predictor, rows: pd.DataFrame) -> Iterator[Gate]:
    """Whether one row is answered fast enough."""
    limits = limits or Latency()
    median, tail = _quietest([candidate], rows)[0] if limits.p50_ms or limits.p99_ms else (0.0, 0.0)
    for name, found, most, what in (
        ("p50_ms", median, limits.p50_ms, "median"),
        ("p99_ms", tail, limits.p99_ms, "99th percentile"),
    ):
        gate, told = f"latency.{name}", f"One row takes {formatting.number(found)} ms ({what})."
        yield off(gate) if most is None else _budget(gate, found, most, "ms", told)


def latency_beside(most: float, candidate: Predictor, champion: Predictor, rows: pd.DataFrame) -> Gate:
    """Whether one row is answered about as fast as by the champion, in the same run."""
    (median, _), (before, _) = _quietest([candidate, champion], rows)
    times = median / before
    told = f"One row takes {formatting.number(times)} times the {formatting.number(before)} ms of the champion."
    return _budget("latency.times_champion", times, most, "times", told)


def _quietest(models: list[Predictor], rows: pd.DataFrame) -> list[tuple[float, float]]:
    """Median and 99th percentile of each model in its quietest round, in milliseconds.

    The models take turns, so that what slows the machine down slows both.
    """
    requests: list[Mapping[str, Any]] = json.loads(rows.head(ROWS).to_json(orient="records", date_format="iso"))
    for model in models:
        model.predict_one(requests[0])
    rounds: list[list[tuple[float, float]]] = [[] for _ in models]
    for _ in range(ROUNDS):
        for model, seen in zip(models, rounds, strict=True):
            taken = []
            for row in requests:
                started = time.perf_counter_ns()
                model.predict_one(row)
                taken.append((time.perf_counter_ns() - started) / 1e6)
            median, tail = np.quantile(taken, [0.5, 0.99])
            seen.append((float(median), float(tail)))
    return [(min(item[0] for item in seen), min(item[1] for item in seen)) for seen in rounds]


def size(most: float | None, found: int) -> Gate:
    """Whether the ONNX file is small enough to ship; ``found`` in bytes."""
    if most is None:
        return off("size_mib")
    return _budget("size_mib", found / MIB, most, "MiB", f"{MODEL} has {formatting.number(found / MIB)} MiB.")


def training(limits: TrainingCost | None, lineage: Mapping[str, Any] | None, model: str) -> Iterator[Gate]:
    """Whether the run of the train stage that made this model stayed within its budget, by its lineage."""
    limits = limits or TrainingCost()
    cost = _cost(lineage, model)
    for name, most, unit in (("seconds", limits.seconds, "s"), ("peak_memory_mib", limits.peak_memory_mib, "MiB")):
        if most is None:
            yield off(f"training.{name}")
        elif name not in cost:
            yield Gate(
                f"training.{name}",
                "inconclusive",
                f"{LINEAGE} does not tell what it cost to train this model.",
                limit=f"at most {most:g} {unit}",
                fix=f"Train it once more where its cost is noted: dvc repro --force {STAGE} && make run",
            )
        else:
            found = float(cost[name])
            yield _budget(f"training.{name}", found, most, unit, f"Training took {formatting.number(found)} {unit}.")


def _cost(lineage: Mapping[str, Any] | None, model: str) -> Mapping[str, Any]:
    """What training cost, by the lineage of the model with this digest; empty where they do not tell."""
    if lineage is None:
        return {}
    try:
        subjects = {item["name"]: item["digest"]["sha256"] for item in lineage["subject"]}
        noted = {item["name"]: item for item in lineage["predicate"]["runDetails"]["byproducts"]}
        found = noted["stage-costs"]["annotations"][STAGE]
    except (KeyError, TypeError):
        return {}
    return found if subjects.get(str(MODEL)) == model and isinstance(found, Mapping) else {}


def _budget(gate: str, found: float, most: float, unit: str, reason: str) -> Gate:
    holds = found <= most
    return held(
        gate,
        holds,
        value=float(f"{found:.6g}"),
        limit=f"at most {most:g} {unit}",
        reason=reason,
        fix="" if holds else f"Make the model smaller or simpler (model in {PATH}), or agree on another gates.{gate}.",
    )
