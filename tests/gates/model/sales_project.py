"""A small product whose pipeline "has run": rows, a graph of a few weights, its papers, git, and DVC's cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import yaml
from onnx import TensorProto, helper, numpy_helper

from goldenpath.evaluation import metrics
from goldenpath.gates.model import candidate
from goldenpath.gates.model.findings import Gate, Report
from goldenpath.gates.model.judge import judge
from goldenpath.gates.model.lock import md5
from goldenpath.model import signature, task
from goldenpath.model.onnx_names import NUMBERS
from goldenpath.model.predictor import Predictor
from goldenpath.project import contract, params, paths

LEARNED, HELD_OUT = 800, 800
PERSONS = 160
GOOD = {"x": 2.0}
"""How the labels come about, so a model of these weights is as good and as calibrated as any can be."""

CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "sales",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "sales",
            "properties": [
                {"name": name, "logicalType": kind, "customProperties": [{"property": "roles", "value": roles}]}
                for name, kind, roles in (
                    ("moment", "timestamp", ["time"]),
                    ("person", "string", ["entity"]),
                    ("store", "string", ["segment"]),
                    ("sex", "string", ["protected"]),
                    ("x", "number", ["feature"]),
                    ("x_in_b", "number", ["feature"]),
                    ("is_f", "number", ["feature"]),
                    ("noise", "number", ["feature"]),
                    ("sold", "boolean", ["target"]),
                )
            ],
        }
    ],
}
LIMITS: dict[str, Any] = {
    "floors": {"roc_auc": {"min": 0.7}},
    "non_inferiority": {"roc_auc": {"absolute": 0.02}},
    "segments": {"roc_auc": {"min": 0.6}},
    "segment_non_inferiority": {"roc_auc": {"absolute": 0.05}},
    "fairness": {"recall": 0.2},
    "calibration": {"max": 0.1, "margin": 0.05},
    "latency": {"p50_ms": 50.0, "p99_ms": 200.0, "times_champion": 20.0},
    "size_mib": 1,
    "training": {"seconds": 60, "peak_memory_mib": 500},
}
PARAMS: dict[str, Any] = {
    "problem": "classification",
    "positive_class": True,
    "data": {"path": "sales.csv"},
    "validation": {"tolerated_share": 0.05},
    "split": {"by": "time", "validation": 0.1, "test": 0.4, "seed": 1},
    "model": {
        "learning_rate": 0.1,
        "max_iter": 10,
        "max_leaf_nodes": 4,
        "min_samples_leaf": 20,
        "l2_regularization": 1.0,
        "seed": 1,
    },
    "value": {"currency": "EUR"},
    "evaluation": {"bootstrap": 60, "confidence": 0.95, "min_segment_rows": 50, "importance_rows": 100, "seed": 1},
    "gates": LIMITS,
    "export": {"tolerance": 1e-4, "share": 1.0},
}
PIPELINE = {
    "stages": {
        "split": {"cmd": "true", "outs": ["data/split"]},
        "export": {"cmd": "true", "outs": ["models/model.onnx"]},
    }
}
COST = {"seconds": 5.0, "peak_memory_mib": 100}


def rows() -> pd.DataFrame:
    """The rows of all parts, oldest first."""
    generator = np.random.default_rng(7)
    count = LEARNED + HELD_OUT
    x = generator.normal(size=count)
    in_b, female = generator.random(count) < 0.5, generator.random(count) < 0.5
    return pd.DataFrame(
        {
            "moment": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="min"),
            "person": pd.Series([f"p{index // (count // PERSONS)}" for index in range(count)], dtype="string"),
            "store": pd.Series(np.where(in_b, "B", "A"), dtype="string"),
            "sex": pd.Series(np.where(female, "f", "m"), dtype="string"),
            "x": x,
            "x_in_b": np.where(in_b, x, 0.0),
            "is_f": female.astype(float),
            "noise": generator.normal(size=count),
            "sold": generator.random(count) < 1 / (1 + np.exp(-2 * x)),
        }
    )


def graph(weights: Mapping[str, float], *, work: int = 0, padding: int = 0) -> bytes:
    """A logistic model as an ONNX graph.

    Args:
        weights: Weights by feature; the others have none.
        work: How often a row is multiplied with a large matrix besides.
        padding: Bytes of weights that nothing uses.
    """
    names = [item["name"] for item in CONTRACT["schema"][0]["properties"][4:-1]]
    column = np.array([[weights.get(name, 0.0)] for name in names], dtype=np.float32)
    held = [numpy_helper.from_array(column, "weights"), numpy_helper.from_array(np.array([1], np.float32), "one")]
    nodes = [helper.make_node("MatMul", [NUMBERS, "weights"], ["linear"])]
    last = "linear"
    if work:
        held += [
            numpy_helper.from_array(np.full((1, 700), 1 / 700, np.float32), "wide"),
            numpy_helper.from_array(np.full((700, 700), 1 / 700, np.float32), "dense"),
            numpy_helper.from_array(np.ones((700, 1), np.float32), "narrow"),
        ]
        nodes.append(helper.make_node("MatMul", [last, "wide"], ["work0"]))
        nodes += [helper.make_node("MatMul", [f"work{i}", "dense"], [f"work{i + 1}"]) for i in range(work)]
        nodes.append(helper.make_node("MatMul", [f"work{work}", "narrow"], ["worked"]))
        last = "worked"
    if padding:
        held.append(numpy_helper.from_array(np.zeros(padding // 4, np.float32), "padding"))
        nodes += [
            helper.make_node("ReduceSum", ["padding"], ["nothing"], keepdims=0),
            helper.make_node("Add", [last, "nothing"], ["padded"]),
        ]
        last = "padded"
    nodes += [
        helper.make_node("Sigmoid", [last], ["positive"]),
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
    ]
    described = helper.make_graph(
        nodes,
        "sales",
        [helper.make_tensor_value_info(NUMBERS, TensorProto.FLOAT, [None, len(names)])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        held,
    )
    made = helper.make_model(described, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString()
    return content


class SalesProject:
    """The product in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def agree(self, change: Any = lambda _: None) -> None:
        """Write the contract, changed as the test asks."""
        content = json.loads(json.dumps(CONTRACT))
        change(content["schema"][0]["properties"])
        self._write(contract.PATH, yaml.safe_dump(content, sort_keys=False))

    def limit(self, **gates: Any) -> None:
        """Write the parameters with these limits instead of the usual ones; None turns one off."""
        self.set(gates={name: limit for name, limit in {**LIMITS, **gates}.items() if limit is not None})

    def set(self, **sections: Any) -> None:
        """Write the parameters with other sections."""
        self._write(params.PATH, yaml.safe_dump({**PARAMS, **sections}, sort_keys=False))

    def divide(self, train: slice, validation: slice, test: slice) -> None:
        """Divide the rows by position, as the split stage would write them."""
        every = rows()
        parts = {"train": every[train], "validation": every[validation], "test": every[test]}
        report = {
            name: {"rows": len(part), "from": str(part["moment"].min()), "to": str(part["moment"].max())}
            for name, part in parts.items()
        }
        for name, part in parts.items():
            path = self.root / paths.split_file(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            part.reset_index(drop=True).to_parquet(path, index=False)
        self.write_json(paths.SPLIT_REPORT, report)
        self.write_json(paths.VALIDATION_REPORT, {"valid": sum(map(len, parts.values()))})

    def train(self, model: bytes, threshold: float = 0.5, cost: Mapping[str, float] | None = COST) -> None:
        """Put a model in place, with the papers that the pipeline writes about it."""
        agreed, settings = contract.load(self.root / contract.PATH), params.load(self.root / params.PATH)
        asked = task.of(agreed, settings)
        described = signature.describe(asked, agreed, threshold, model)
        (self.root / paths.MODEL).parent.mkdir(exist_ok=True)
        (self.root / paths.MODEL).write_bytes(model)
        self.write_json(paths.SIGNATURE, described.to_json())
        subject = {"name": str(paths.MODEL), "digest": {"sha256": described.model_sha256}}
        noted = [{"name": "stage-costs", "annotations": {} if cost is None else {"train": cost}}]
        self.write_json(paths.LINEAGE, {"subject": [subject], "predicate": {"runDetails": {"byproducts": noted}}})
        test = pd.read_parquet(self.root / paths.split_file("test"))
        scores = candidate.scores(asked, Predictor(model, described), test)
        actual = asked.encode(test[asked.target])
        named = metrics.for_task(asked.kind, settings.value, threshold)
        found = {name: {"value": metric(actual, scores, None)} for name, metric in named.items()}
        self.write_json(paths.METRICS, {"task": asked.kind, "model": found})
        self.write_json(
            paths.PARITY,
            {
                "rows": len(test),
                "tolerance": settings.export.tolerance,
                "max_difference": 1e-7,
                "share_within_tolerance": 1.0,
                "flipped_decisions": 0,
            },
        )
        self.lock()

    def lock(self) -> None:
        """Write dvc.lock for the files as they are, and keep those of DVC in its cache."""
        split = self.root / paths.SPLIT
        outs = {
            stage: [{"path": str(path), "hash": "md5", "md5": md5(self.root / path)} for path in written]
            for stage, written in (
                ("split", [paths.SPLIT]),
                ("export", [paths.MODEL, paths.METRICS, paths.PARITY]),
            )
        }
        locked = {"schema": "2.0", "stages": {name: {"cmd": "true", "outs": found} for name, found in outs.items()}}
        self._write(paths.DVC_LOCK, yaml.safe_dump(locked, sort_keys=False))
        self._keep((self.root / paths.MODEL).read_bytes())
        listed = [{"md5": md5(path), "relpath": path.name} for path in sorted(split.iterdir())]
        for path in split.iterdir():
            self._keep(path.read_bytes())
        self._keep(json.dumps(listed, sort_keys=True).encode(), ".dir")

    def lose_cache(self) -> None:
        """Forget every file that DVC keeps."""
        shutil.rmtree(self.root / ".dvc/cache")

    def commit(self) -> str:
        """Commit what git keeps, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Work")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        """Run git in the folder."""
        return subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def judge(self, base: str = "HEAD") -> Report:
        """Judge the model as ``goldenpath gate model`` does."""
        return judge(self.root, base)

    def write_json(self, path: Path, content: Any) -> None:
        """Write a file of JSON."""
        self._write(path, json.dumps(content))

    def read_json(self, path: Path) -> Any:
        """Read a file of JSON."""
        return json.loads((self.root / path).read_text())

    def _write(self, path: Path, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def _keep(self, content: bytes, suffix: str = "") -> None:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        path = self.root / ".dvc/cache/files/md5" / digest[:2] / f"{digest[2:]}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def build(root: Path) -> None:
    """Make the product in an empty folder, with a good model, and commit it."""
    sales = SalesProject(root)
    sales.agree()
    sales.limit()
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (root / ".gitignore").write_text("/.dvc/cache\n/.dvc/tmp\n/data/split\n/models/*.onnx\n")
    (root / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    sales.git("init", "--quiet", "--initial-branch=main")
    sales.divide(slice(0, LEARNED - 100), slice(LEARNED - 100, LEARNED), slice(LEARNED, None))
    sales.train(graph(GOOD))
    sales.commit()


def red(report: Report) -> dict[str, Gate]:
    """The gates that failed, by name."""
    return {gate.name: gate for gate in report.gates if gate.verdict == "fail"}


def named(report: Report, name: str) -> Gate:
    """One gate's finding."""
    return next(gate for gate in report.gates if gate.name == name)
