"""A model of each kind, trained in a second, on columns of every type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from goldenpath.model import estimator, onnx_export, signature
from goldenpath.model.task import Kind, Task
from goldenpath.project import contract, params, team
from goldenpath.project.paths import MODEL, SIGNATURE
from tests.sample import ROOT

KINDS: tuple[Kind, ...] = ("binary", "multiclass", "regression")
CLASSES: dict[Kind, tuple[Any, ...]] = {"binary": (False, True), "multiclass": ("S", "M", "L"), "regression": ()}
TARGETS: dict[Kind, dict[str, Any]] = {
    "binary": {"name": "late", "logicalType": "boolean"},
    "multiclass": {"name": "fit", "logicalType": "string", "enum": [{"value": size} for size in CLASSES["multiclass"]]},
    "regression": {"name": "weight", "logicalType": "number"},
}
FEATURES: list[dict[str, Any]] = [
    {"name": "store", "logicalType": "integer", "scale": "nominal", "required": True},
    {
        "name": "size",
        "businessName": "Size on the label",
        "logicalType": "string",
        "enum": [{"value": "S", "label": "small"}, {"value": "M"}],
    },
    {"name": "note", "logicalType": "string", "logicalTypeOptions": {"pattern": "[a-zé]+", "maxLength": 5}},
    {"name": "price", "logicalType": "number", "logicalTypeOptions": {"minimum": -0.5, "maximum": 100}},
    {"name": "count", "logicalType": "integer", "required": True, "description": "Pieces ordered."},
    {"name": "member", "logicalType": "boolean"},
    {"name": "born", "logicalType": "date"},
    {"name": "ordered", "logicalType": "timestamp", "examples": ["2026-01-31T13:45:00+02:00"]},
]


def write(folder: Path, kind: Kind) -> None:
    """Write ``contract.yaml`` and the exported model of a kind into a folder."""
    (folder / contract.PATH).write_text(yaml.safe_dump(_content(kind), sort_keys=False))
    agreed = contract.load(folder / contract.PATH)
    asked = Task(kind, agreed.target.name, CLASSES[kind])
    settings = params.load(ROOT / "params.yaml").model | {"max_iter": 20, "min_samples_leaf": 5}
    frame = estimator.as_frame(agreed.features, _rows())
    fitted = team.function("model", ROOT)(asked, agreed.features, settings).fit(frame, _targets(kind, frame))
    estimator.round_thresholds(fitted)
    graph = onnx_export.to_graph(fitted, agreed.features).SerializeToString()
    described = signature.describe(asked, agreed, 0.3 if kind == "binary" else None, graph)
    (folder / MODEL).parent.mkdir()
    (folder / MODEL).write_bytes(graph)
    (folder / SIGNATURE).write_text(json.dumps(described.to_json()))


def asked_rows() -> list[dict[str, Any]]:
    """Rows that keep the contract: every column given, missing, and never seen in training."""
    rows = json.loads(_rows().head(60).to_json(orient="records", date_format="iso"))
    strange = [
        {"store": "9007199254740993", "count": 1},
        {"store": 99, "count": 1e6, "note": "é", "born": "1899-12-31", "ordered": "2026-01-31T13:45:00.123456-05:30"},
        {"store": "7", "count": "12", "member": "yes", "price": " 1.5e1", "ordered": "2026-01-31 13:45"},
        {"store": 7, "count": -3, "note": None, "member": 0, "price": 1e-7, "born": "2026-01-31T00:00:00Z"},
    ]
    return [{name: value for name, value in row.items() if value is not None} for row in rows] + strange


def refused_rows() -> list[Any]:
    """Rows that break the contract, each in another way."""
    whole = {"store": 7, "count": 1}
    wrong = [
        ("store", None), ("store", 7.5), ("store", "seven"), ("size", "XL"), ("size", 1), ("note", "UP"),
        ("note", "abcdef"), ("note", 5), ("price", -0.6), ("price", 101), ("price", "dear"), ("price", [1]),
        ("count", 1.5), ("count", 1e30), ("member", "perhaps"), ("member", 2), ("born", "2026-02-30"),
        ("born", "2026-01-31T10:00:00Z"), ("ordered", "yesterday"), ("unknown", 1),
    ]  # fmt: skip
    return [{"price": 1}, *({**whole, name: value} for name, value in wrong), {"size": "L", "count": "x", "extra": 1}]


def _content(kind: Kind) -> dict[str, Any]:
    target = TARGETS[kind] | {"required": True, "customProperties": [{"property": "roles", "value": ["target"]}]}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.2.0",
        "status": "active",
        "schema": [{"name": "orders", "properties": [*map(_column, FEATURES), target]}],
    }


def _column(feature: dict[str, Any]) -> dict[str, Any]:
    custom = [{"property": "roles", "value": ["feature"]}]
    custom += [{"property": "scale", "value": feature["scale"]}] if "scale" in feature else []
    return {key: value for key, value in feature.items() if key != "scale"} | {"customProperties": custom}


def _rows() -> pd.DataFrame:
    chance = np.random.default_rng(0)
    count = 300
    some = chance.random((count, 6)) < 0.2
    rows = pd.DataFrame(
        {
            "store": chance.choice([7, 12, 110], count),
            "size": np.where(some[:, 0], None, chance.choice(["S", "M"], count)),
            "note": np.where(some[:, 1], None, chance.choice(["abc", "dé", "e"], count)),
            "price": np.where(some[:, 2], np.nan, chance.normal(50, 15, count).clip(0, 100).round(3)),
            "count": chance.integers(0, 40, count),
            "member": np.where(some[:, 3], None, chance.random(count) < 0.5),
            "ordered": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(chance.integers(0, 10**8, count), "s"),
        }
    )
    rows["born"] = rows["ordered"].dt.strftime("%Y-%m-%d").where(~some[:, 4], None)
    return rows


def _targets(kind: Kind, frame: pd.DataFrame) -> Any:
    level = frame["price"].fillna(50) + 10 * (frame["store"] == "7") + frame["count"] + 0.1 * frame["ordered"]
    if kind == "regression":
        return level.to_numpy()
    return pd.qcut(level, len(CLASSES[kind]), labels=False).to_numpy()
