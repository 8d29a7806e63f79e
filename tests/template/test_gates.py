"""The model gate of the generated project, in a pull request on a project whose pipeline has run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.template.generation import git, lend, run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]


@pytest.fixture
def branch(walked: Path, tmp_path: Path) -> Path:
    """A copy of the walked project on a branch of its own, with its virtual environment linked."""
    project = tmp_path / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lend(walked, project)
    git(project, "switch", "--quiet", "--create", "work")
    return project


def make(project: Path, *words: str) -> tuple[int, str]:
    """Run make on the copy's own sources; the linked environment has those of the original."""
    done = run(["make", *words], project, PYTHONPATH=f"{project}/src", PATH=f"{project}/.venv/bin:{os.environ['PATH']}")
    return done.returncode, done.stdout + done.stderr


def findings(project: Path) -> dict[str, Any]:
    """What the gate wrote down."""
    found: dict[str, Any] = json.loads((project / "reports/gates.json").read_text(encoding="utf-8"))
    return found


def test_a_worse_model_in_a_pull_request_is_red_for_being_worse(branch: Path) -> None:
    code, printed = make(branch, "gate", "BASE=main")
    assert code == 0, printed
    assert findings(branch)["champion"]["comparison"] == "unchanged"

    parameters = branch / "params.yaml"
    text = parameters.read_text(encoding="utf-8")
    parameters.write_text(text.replace("max_iter: 150", "max_iter: 3"), encoding="utf-8")
    code, printed = make(branch, "pipeline")
    assert code == 0, printed
    git(branch, "commit", "--all", "--quiet", "--message", "Train for less")

    code, printed = make(branch, "gate", "BASE=main")

    assert code != 0
    found = findings(branch)
    assert (found["exit_code"], found["champion"]["comparison"]) == (1, "compared")
    assert found["rows"]["compared"] == found["rows"]["held_out"]
    by_name = {gate["name"]: gate for gate in found["gates"]}
    worse = by_name["non_inferiority.roc_auc"]
    assert worse["verdict"] == "fail"
    assert worse["low"] < worse["high"] < 0
    assert {by_name[name]["verdict"] for name in ("records", "held_out", "parity", "size_mib")} == {"pass"}
    assert "The model gate is red: " in printed
    assert "Traceback" not in printed


def test_the_gate_refuses_a_model_made_worse_on_purpose(branch: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    done = run(["make", "prove-gate"], branch, PYTHONPATH=f"{branch}/src", GOLDENPATH_FACTS=str(told))

    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(told.read_text(encoding="utf-8"))
    reported = json.loads((branch / "reports/metrics.json").read_text(encoding="utf-8"))["model"][facts["metric"]]
    assert facts["current_score"] == reported["value"]
    assert facts["degraded_score"] < facts["current_score"]
    assert facts["gate_exit_code"] == 1
    assert "non_inferiority.roc_auc" in facts["failed"]
