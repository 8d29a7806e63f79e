"""The proof that the model gate of the generated project can be red, on a project whose pipeline has run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.template.generation import git, lend, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]


@pytest.fixture
def branch(walked: Path, tmp_path: Path) -> Path:
    """A copy of the walked project on a branch of its own, with its virtual environment linked."""
    project = tmp_path / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lend(walked, project)
    git(project, "switch", "--quiet", "--create", "work")
    return project


def test_the_gate_refuses_a_model_made_worse_on_purpose(branch: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    done = verb(branch, "gate", "--self-test", GOLDENPATH_FACTS=str(told))

    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(told.read_text(encoding="utf-8"))
    reported = json.loads((branch / "reports/metrics.json").read_text(encoding="utf-8"))["model"][facts["metric"]]
    assert facts["current_score"] == reported["value"]
    assert facts["degraded_score"] < facts["current_score"]
    assert facts["gate_exit_code"] == 1
    assert "non_inferiority.roc_auc" in facts["failed"]
