"""What may depend on what, and what the serving image may hold."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import goldenpath as package
from goldenpath.project import contract
from goldenpath.project.paths import SIGNATURE
from tests.sample import ROOT

PACKAGE = Path(package.__file__).parent
LOADING = """
import importlib, json, sys
package, *modules = sys.argv[1:]
brought = {}
for module in modules:
    before = set(sys.modules)
    importlib.import_module(f"{package}.serving.{module}")
    brought[module] = sorted({name.split(".")[0] for name in set(sys.modules) - before})
print(json.dumps(brought))
"""
"""Tells what each module of serving brings along that none before it did."""


def imported_parts(path: Path) -> set[str]:
    """First names, below the package, of what a module imports relatively."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("model", {"pipeline", "serving", "evaluation", "monitoring", "report", "adopt", "gates", "checks"}),
        ("serving", {"pipeline", "evaluation", "report", "adopt", "source", "validation", "gates", "checks"}),
        ("pipeline", {"serving", "monitoring", "report", "adopt", "gates", "checks"}),
        ("checks", {"pipeline", "model", "serving", "monitoring", "report", "adopt", "gates", "pull_request"}),
        ("evaluation", {"pipeline", "serving", "monitoring", "report", "adopt", "gates", "checks"}),
        ("gates", {"source", "pipeline", "serving", "monitoring", "adopt", "pull_request"}),
        ("report", {"pull_request", "monitoring", "experiments"}),
        ("alerting", {"source", "pipeline", "model", "serving", "monitoring", "report", "adopt", "gates", "delivery"}),
        (
            "monitoring",
            {"adopt", "gates", "checks", "pull_request", "container", "delivery", "experiments", "retraining"},
        ),
        ("web", {"source", "pipeline", "serving", "monitoring", "evaluation", "adopt", "gates", "checks", "delivery"}),
        ("experiments", {"source", "adopt", "gates", "checks", "pull_request", "container", "delivery"}),
        ("retraining", {"pipeline", "model", "serving", "monitoring", "report", "adopt", "delivery"}),
        ("pull_request", {"source", "pipeline", "model", "serving", "monitoring", "adopt", "delivery"}),
    ],
)
def test_a_part_imports_only_what_stands_before_it(part: str, forbidden: set[str]) -> None:
    wrong = {path.name: imported_parts(path) & forbidden for path in (PACKAGE / part).rglob("*.py")}

    assert {name: parts for name, parts in wrong.items() if parts} == {}


def test_serving_imports_neither_pandas_nor_scikit_learn() -> None:
    served = ["metrics", "cache", "rest", "batch", "events"]
    modules = [name for name in served if (PACKAGE / "serving" / f"{name}.py").exists()]  # not all answer events
    command = [sys.executable, "-c", LOADING, package.__name__, *modules]

    loaded = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    heavy = {"pandas", "sklearn", "pyarrow", "skl2onnx", "dvc"}
    assert list(loaded) == modules
    assert {name: found for name, brought in loaded.items() if (found := heavy & set(brought))} == {}


def test_the_serving_lock_holds_neither_pandas_nor_scikit_learn() -> None:
    locked = {
        line.split("==")[0] for line in (ROOT / "requirements" / "serve.txt").read_text().splitlines() if "==" in line
    }

    assert "onnxruntime" in locked
    assert {"pandas", "scikit-learn", "pyarrow", "dvc"} & locked == set()


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_locked_requirement_is_pinned_with_hashes(lock: Path) -> None:
    requirements = lock.read_text().replace("\\\n", " ").splitlines()
    named = [line for line in requirements if line and not line.lstrip().startswith("#")]

    assert named
    assert [line for line in named if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_committed_model_was_trained_under_the_committed_contract() -> None:
    path = ROOT / SIGNATURE
    if not path.exists():
        pytest.skip("no model yet: run `make pipeline`")

    trained_under = json.loads(path.read_text())["contract_sha256"]

    assert trained_under == contract.load(ROOT / "contract.yaml").sha256, "contract.yaml changed: run `make pipeline`"
