"""Experiments whose outcome is known, as log, labels and plan; no model is needed, only its signature."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from goldenpath.model import signature, task
from goldenpath.project import contract, params
from goldenpath.project.paths import PREDICTION_LOG, SIGNATURE
from goldenpath.serving import routing
from tests.sample import ROOT

Record = dict[str, Any]
START = datetime(2026, 3, 2, tzinfo=UTC)
LABELS = Path("labels.parquet")
MODELS = {"champion": "a" * 64, "challenger": "b" * 64, "shadow": "b" * 64}
PLAN: dict[str, Any] = {
    "name": "returns",
    "metric": "cost_per_row",
    "minimum_effect": 1.0,
    "minimum_units": 200,
    "stop": 1_000_000,
    "start": START.date(),
    "salt": "returns-2026",
    "candidate": "shop@v1.2.3",
    "model": MODELS["challenger"],
    "variants": {"champion": 50, "challenger": 50},
}


@dataclass(frozen=True)
class Made:
    """What the experiment is like.

    Attributes:
        champion: How much of the labels the champion's score knows, from 0 to 1.
        challenger: How much the challenger's.
        units: Customers that come, each about three times.
        days: Over how many days.
        latency_ms: Typical latency of champion and challenger.
        harmed: A store of which what the challenger knows is wrong.
        plan: Where the plan differs.
        changed: What becomes of the records, which hold their ``label``, before they are written.
    """

    champion: float = 0.3
    challenger: float = 0.3
    units: int = 1200
    days: int = 20
    latency_ms: tuple[float, float] = (0.4, 0.4)
    harmed: int | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)
    changed: Callable[[list[Record]], list[Record]] = lambda records: records


def lay_out(folder: Path, agreed: str) -> None:
    """Write contract, parameters and manifest of a shop."""
    (folder / contract.PATH).write_text(agreed)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings |= {"problem": "classification", "positive_class": True}
    settings["value"] |= {"missed": 60.0, "false_alarm": 12.0}
    settings["evaluation"]["confidence"] = 0.95
    settings["gates"] = {"non_inferiority": {"roc_auc": {"absolute": 0.005}}, "latency": {"times_champion": 2.0}}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    (folder / "golden-path.yaml").write_text("kpi: {name: cost_per_row, label_lag_days: 3}\n")


def make(made: Made, seed: int = 1) -> Path:
    """Write signature, plan, log and labels beside contract and parameters, and return the plan's path."""
    plan = {**PLAN, **made.plan}
    path = Path("experiments") / f"{plan['name']}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(plan, sort_keys=False))
    agreed, settings = contract.load(), params.load()
    described = signature.describe(task.of(agreed, settings), agreed, 0.25, b"model")
    SIGNATURE.parent.mkdir(exist_ok=True)
    SIGNATURE.write_text(json.dumps(described.to_json()))
    records = made.changed(_records(made, routing.load(path), np.random.default_rng(seed)))
    PREDICTION_LOG.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({key: value for key, value in record.items() if key != "label"}) for record in records)
    (PREDICTION_LOG / "20260302T000000Z-host-7-0.jsonl").write_text("".join(f"{line}\n" for line in lines))
    labelled = {"id": [record["id"] for record in records], "returned": [record["label"] for record in records]}
    pd.DataFrame(labelled).dropna().drop_duplicates("id").to_parquet(LABELS, index=False)
    return path


def _records(made: Made, plan: routing.Experiment, generator: np.random.Generator) -> list[Record]:
    """Orders of customers who differ in how often they return them; a score knows a part of what is going to happen."""
    often = generator.beta(2, 6, made.units)
    rows = made.units * 3
    units = generator.integers(0, made.units, rows)
    label = generator.random(rows) < often[units]
    noise = generator.normal(0, 0.12, rows)
    strays = np.exp(generator.normal(0, 0.3, rows))
    stores = generator.choice([7, 12], rows, p=[0.75, 0.25])
    records: list[Record] = []
    for place, unit in enumerate(units):
        for variant in ("champion", "shadow") if plan.is_shadow else (plan.variant_of(str(unit)),):
            skill = (
                made.champion if variant == "champion" else -0.2 if stores[place] == made.harmed else made.challenger
            )
            score = min(max(float(often[unit] + skill * (label[place] - often[unit]) + noise[place]), 0.01), 0.99)
            took = made.latency_ms[variant != "champion"] * float(strays[place])
            when = START + timedelta(days=made.days * place / rows)
            records.append(
                {
                    "id": f"p{place}",
                    "request": f"r{place}",
                    "time": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "mode": "rest",
                    "variant": variant,
                    "model": MODELS[variant],
                    "inputs": {"store": int(stores[place])},
                    "decision": score >= 0.25,
                    "score": score,
                    "latency_ms": took,
                    "entity": int(unit),
                    "label": bool(label[place]),
                }
            )
    return records
