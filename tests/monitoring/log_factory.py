"""Prediction logs as the service writes them, made of predictions of the real model."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from goldenpath.model.predictor import Predictor
from goldenpath.project import contract
from goldenpath.project.paths import split_file

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
Record = dict[str, Any]
ROWS = 600
"""Of the test part, as often as it takes: a small product has fewer."""


def newest_rows(root: Path = Path()) -> pd.DataFrame:
    """The rows of the test part, at least so many as the tests ask for."""
    rows = pd.read_parquet(root / split_file("test"))
    return pd.concat([rows] * -(-ROWS // len(rows)), ignore_index=True)


def records(rows: pd.DataFrame, predictor: Predictor, hours_apart: float = 0.1) -> list[Record]:
    """One served request for each row, at regular times."""
    names = [item.name for item in predictor.signature.inputs]
    inputs = [
        {name: plain(value) for name, value in zip(names, values, strict=True)}
        for values in rows[names].itertuples(index=False, name=None)
    ]
    predictions = predictor.predict(inputs)
    return [
        {
            "id": f"p{place}",
            "request": f"r{place}",
            "time": written_time(START + timedelta(hours=hours_apart * place)),
            "mode": "rest",
            "variant": "champion",
            "model": predictor.signature.model_sha256,
            "inputs": given,
            "decision": prediction.decision,
            "score": prediction.score,
            "latency_ms": 0.4,
            "entity": f"entity {place % 50}",
        }
        for place, (given, prediction) in enumerate(zip(inputs, predictions, strict=True))
    ]


def write(folder: Path, lines: Iterable[Record | str], name: str = "20260302T000000Z-host-7-0") -> Path:
    """A segment; what is text already goes in as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jsonl"
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{line}\n" for line in text))
    return path


def make_personal(name: str, path: Path = contract.PATH) -> None:
    """Change the contract of the sample: whose value this is, is nobody's business."""
    before, heading, after = path.read_text().partition(f"- name: {name}\n")
    path.write_text(before + heading + after.replace("classification: public", "classification: restricted", 1))


def plain(value: Any) -> Any:
    """A value of pandas as JSON holds it."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def written_time(time: datetime) -> str:
    """A time as the service writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
