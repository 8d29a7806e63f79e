"""The plan of an experiment with a challenger of its own, in the working directory of a test."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
import yaml

from goldenpath.project.paths import CHALLENGER, MODEL, SIGNATURE

PLAN = Path("experiments/other-trees.yaml")


def write(thought: str = "the challenger", **changes: Any) -> str:
    """Write a plan, and a challenger that predicts as the champion does, under another digest; the digest."""
    changed = onnx.load(MODEL)
    changed.doc_string = thought
    content = changed.SerializeToString()
    digest = hashlib.sha256(content).hexdigest()
    CHALLENGER.mkdir(exist_ok=True)
    (CHALLENGER / MODEL.name).write_bytes(content)
    described = json.loads(SIGNATURE.read_text()) | {"model_sha256": digest}
    (CHALLENGER / SIGNATURE.name).write_text(json.dumps(described))
    PLAN.parent.mkdir(exist_ok=True)
    PLAN.write_text(yaml.safe_dump(content_of(model=digest, **changes), sort_keys=False))
    return digest


def content_of(**changes: Any) -> dict[str, Any]:
    """What the file of a plan holds; None takes a value away."""
    content: dict[str, Any] = {
        "name": "other-trees",
        "metric": "accuracy",
        "minimum_effect": 0.01,
        "stop": 5000,
        "salt": "other-trees-1",
        "candidate": "shop@v1.2.3",
        "model": "0" * 64,
        "variants": {"champion": 50, "challenger": 50},
    }
    return {name: value for name, value in (content | changes).items() if value is not None}
