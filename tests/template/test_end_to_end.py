"""A stranger's first minutes: a fresh clone, ``make demo``, and the other main variants of the project."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from golden_path_answers.names import why_taken
from tests.template.generation import commit_template, generate, git, run

pytestmark = pytest.mark.e2e

# Names a package could take: what is installed, and what can be imported from it.
IMPORTABLE = """
import importlib.metadata as metadata
names = set(metadata.packages_distributions()) | {found.metadata["Name"] for found in metadata.distributions()}
print("\\n".join(names))
"""


in_one_place = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    commit_template(folder / "origin")
    git(folder, "clone", "--quiet", str(folder / "origin"), "golden-path")
    return folder / "golden-path"


@pytest.fixture(scope="module")
def demo(clone: Path) -> subprocess.CompletedProcess[str]:
    return run(["make", "demo"], clone)


@in_one_place
def test_make_demo_in_a_fresh_clone(clone: Path, demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    for step in ("generate", "setup", "run", "lint", "test", "report", "predict"):
        assert re.search(rf"^ok +{step} +[\d.]+ s ", demo.stdout, flags=re.MULTILINE), demo.stdout
    for heading in ("Made", "One prediction", "Look at", "Do next"):
        assert heading in demo.stdout
    assert "roc_auc" in demo.stdout
    project = clone / "build" / "demo" / "flight-delays"
    assert (project / "reports" / "evaluation.html").stat().st_size > 0
    assert git(clone, "status", "--porcelain") == ""

    # Linting and testing have compiled modules since, which must not count as a change of the stages' code.
    assert "Data and pipelines are up to date." in run(["make", "run"], project).stdout

    # Only here is a project's whole environment installed.
    installed = run([str(project / ".venv" / "bin" / "python"), "-c", IMPORTABLE], project).stdout.split()
    modules = {re.sub(r"[-.]+", "_", name).lower() for name in installed}
    free = {name for name in modules if re.fullmatch(r"[a-z][a-z0-9_]+", name) and why_taken(name) is None}
    assert free <= {"flight_delays"}, "add these to golden_path_answers/import_names.txt"


def test_a_regression_sets_up_trains_and_passes_its_own_tests(template: Path, out: Path) -> None:
    project = generate(template, out, problem="regression")

    for target in ("setup", "run", "test"):
        done = run(["make", target], project)
        assert done.returncode == 0, f"make {target}:\n{done.stdout}\n{done.stderr}"
    metrics = json.loads((project / "reports" / "metrics.json").read_text())
    assert metrics["model"]["mae"]["value"] < metrics["baseline"]["constant"]["mae"]["value"]
