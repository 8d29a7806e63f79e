"""Stage 4: fit the model and the baselines it has to beat, and choose the threshold that costs least."""

from __future__ import annotations

import pandas as pd

from goldenpath.model import estimator, store, task
from goldenpath.model.decision import best_threshold
from goldenpath.project import contract, files, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DECISION, ESTIMATORS, split_file


def train() -> str:
    """Fit on the train part, choose the threshold on the validation part, and write both.

    Raises:
        ProjectError: The train part holds one class only.
    """
    agreed, settings = contract.load(), params.load()
    asked = task.of(agreed, settings)
    rows = pd.read_parquet(split_file("train"))
    frame, target = estimator.as_frame(agreed.features, rows), asked.encode(rows[asked.target])
    if asked.kind != "regression" and len(set(target)) < 2:
        raise ProjectError(
            f"The train part holds one class of {asked.target!r} only. Give more rows, or split otherwise."
        )
    fitted = {
        "model": estimator.build(asked, agreed.features, settings.model).fit(frame, target),
        "constant": estimator.constant_baseline(asked).fit(frame, target),
        "simple": estimator.simple_baseline(asked, agreed.features).fit(frame, target),
    }
    estimator.round_thresholds(fitted["model"])
    store.save(fitted, ESTIMATORS)
    thresholds: dict[str, float] = {}
    if asked.kind == "binary":
        held_out = pd.read_parquet(split_file("validation"))
        frame, target = estimator.as_frame(agreed.features, held_out), asked.encode(held_out[asked.target])
        # Each baseline gets its own best threshold, or the model would win by its opponents' bad choice.
        thresholds = {
            name: best_threshold(target, estimator.scores(asked, pipeline, frame), settings.value)
            for name, pipeline in fitted.items()
        }
    files.write_json(DECISION, {"thresholds": thresholds})
    chosen = f", threshold {thresholds['model']}" if thresholds else ""
    return f"{asked.kind} on {len(rows):,} rows, {len(agreed.features)} features{chosen}"
