"""Fingerprints of stages follow the imports of the library, as Python itself reads them."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import goldenpath
from goldenpath.pipeline import fingerprints

SOURCES = Path(goldenpath.__file__).parents[1]
PACKAGES = ("lightgbm", "numpy", "pandas", "scikit-learn", "skl2onnx", "uvicorn")
PROJECT = {
    "requirements/train.txt": "".join(f"{name}==2.4.0 \\\n    --hash=sha256:00\n" for name in PACKAGES),
    "pyproject.toml": """
[project]
name = "shop"
optional-dependencies = {train = ["goldenpath[train]", "LightGBM>=2"]}
""",
}


def parsed(path: Path) -> set[str]:
    """The library's names that a file imports, by Python's own parser."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "goldenpath":
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "goldenpath"}
    return names


def test_imports_are_those_that_python_reads() -> None:
    modules = sorted((SOURCES / "goldenpath").rglob("*.py"))

    differing = [path for path in modules if set(fingerprints._imports(path)) != parsed(path)]

    assert len(modules) > 100
    assert differing == []


def test_imports_over_several_lines_and_under_conditions_count(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from goldenpath.a import (\n    one,  # first\n    two as other,\n)\nif True:\n    import goldenpath.b\n",
        encoding="utf-8",
    )

    assert set(fingerprints._imports(path)) == {
        "goldenpath.a", "goldenpath.a.one", "goldenpath.a.two", "goldenpath.b",
    }  # fmt: skip


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the library to change."""
    copy = shutil.copytree(SOURCES / "goldenpath", tmp_path / "src/goldenpath", ignore=shutil.ignore_patterns("*.pyc"))
    return Path(copy).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lock and an own package that its training asks for."""
    for name, text in PROJECT.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text, encoding="utf-8")
    return tmp_path / "project"


def changed(before: str, after: str) -> set[str]:
    """The stages of which two texts say something else."""
    return {line.partition(":")[0] for line in set(after.splitlines()) - set(before.splitlines())}


def stages_after(sources: Path, project: Path, *paths: str) -> set[str]:
    """The stages that change when a line is added to files of the library."""
    before = fingerprints.text(sources, project)
    for path in paths:
        with (sources / "goldenpath" / path).open("a", encoding="utf-8") as file:
            file.write("\n# changed\n")
    fingerprints._imports.cache_clear()
    return changed(before, fingerprints.text(sources, project))


def stages_after_lock(project: Path, before: str, after: str) -> set[str]:
    """The stages that change when a line of the lock does."""
    first = fingerprints.text(SOURCES, project)
    lock = project / "requirements/train.txt"
    text = lock.read_text(encoding="utf-8")
    assert before in text
    lock.write_text(text.replace(before, after), encoding="utf-8")
    return changed(first, fingerprints.text(SOURCES, project))


def stages_with(package: str) -> set[str]:
    return {stage for stage, packages in fingerprints.STAGES.items() if package in packages}


@pytest.mark.parametrize("stage", fingerprints.STAGES)
def test_a_stages_own_module_changes_it(sources: Path, project: Path, stage: str) -> None:
    importing = {
        other
        for other in fingerprints.STAGES
        if sources / f"goldenpath/pipeline/{stage}.py" in fingerprints.closure(sources, f"goldenpath.pipeline.{other}")
    }

    assert stages_after(sources, project, f"pipeline/{stage}.py") == importing
    assert stage in importing


def test_what_learns_changes_what_learns_or_judges(sources: Path, project: Path) -> None:
    assert stages_after(sources, project, "model/estimator.py") == {"train", "evaluate", "export", "staleness"}


@pytest.mark.parametrize(
    "path",
    [
        "serving/rest/app.py",
        "review/review.py",
        "cli/train.py",
        "fleet/upgrade.py",
        "delivery/render.py",
        "__init__.py",
    ],
)
def test_code_beside_the_pipeline_changes_no_stage(sources: Path, project: Path, path: str) -> None:
    assert stages_after(sources, project, path) == set()


def test_a_package_is_part_of_what_lies_in_it(sources: Path, project: Path) -> None:
    assert stages_after(sources, project, "pipeline/__init__.py") == set(fingerprints.STAGES)


def test_the_librarys_own_package_holds_its_version_alone() -> None:
    body = ast.parse((SOURCES / "goldenpath/__init__.py").read_text(encoding="utf-8")).body

    assert [ast.unparse(item).partition(" =")[0] for item in body[1:]] == ["__version__"]


LOADED = """
import importlib, os, sys
import numpy, onnxruntime, pandas, pandera.pandas, skl2onnx, sklearn.ensemble, skops.io  # once for all of them

for stage in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(f"goldenpath.pipeline.{stage}")
        print(stage, *(m.__file__ for name, m in sys.modules.items() if name.startswith("goldenpath.")), flush=True)
        os._exit(0)
    os.wait()
"""


def test_every_module_that_python_loads_is_counted() -> None:
    command = [sys.executable, "-c", LOADED, *fingerprints.STAGES]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    loaded = {stage: set(map(Path, paths)) for stage, *paths in map(str.split, lines)}

    assert list(loaded) == list(fingerprints.STAGES)
    uncounted = {
        stage: paths - set(fingerprints.closure(SOURCES, f"goldenpath.pipeline.{stage}"))
        for stage, paths in loaded.items()
    }
    assert not any(uncounted.values()), uncounted


def test_no_stage_reads_files_of_the_library_beside_its_modules() -> None:
    reading = re.compile(r"pkgutil|importlib\.resources|Path\(__file__\)")
    modules = {
        path for stage in fingerprints.STAGES for path in fingerprints.closure(SOURCES, f"goldenpath.pipeline.{stage}")
    }

    assert [path for path in modules if reading.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("package", ["numpy", "scikit-learn", "skl2onnx"])
def test_a_version_changes_the_stages_that_it_decides_alone(project: Path, package: str) -> None:
    assert stages_after_lock(project, f"{package}==2.4.0", f"{package}==2.5.0") == stages_with(package)


def test_a_package_that_decides_nothing_changes_no_stage(project: Path) -> None:
    assert stages_after_lock(project, "uvicorn==2.4.0", "uvicorn==2.5.0") == set()


def test_another_digest_of_the_same_version_changes_no_stage(project: Path) -> None:
    assert stages_after_lock(project, "--hash=sha256:00", "--hash=sha256:11") == set()


def test_a_package_of_the_teams_own_changes_what_calls_the_team(project: Path) -> None:
    assert stages_after_lock(project, "lightgbm==2.4.0", "lightgbm==2.5.0") == fingerprints.TEAMS


def test_versions_for_several_pythons_all_count(project: Path) -> None:
    two = "numpy==2.4.0 ; python_version < '3.12' \\\n    --hash=sha256:00\nnumpy==2.6.0 ; python_version >= '3.12'"

    assert stages_after_lock(project, "numpy==2.4.0", two) == stages_with("numpy")


def test_fingerprints_are_made_quickly(project: Path) -> None:
    fingerprints._imports.cache_clear()
    started = time.process_time()

    fingerprints.text(SOURCES, project)

    assert time.process_time() - started < 0.2


def test_dvc_runs_a_changed_stage_and_what_follows_alone(tmp_path: Path) -> None:
    files = {
        "source.txt": "rows",
        "vendor/stages.yaml": "ingest: a\ntrain: a\nevaluate: a\nstaleness: a\n",
        "dvc.yaml": DVC,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    dvc(tmp_path, "init", "--no-scm", "--quiet")
    assert stages_run(tmp_path) == ["ingest", "train", "staleness", "evaluate"]
    stages = tmp_path / "vendor/stages.yaml"
    stages.write_text(files["vendor/stages.yaml"].replace("train: a", "train: b"), encoding="utf-8")

    assert stages_run(tmp_path) == ["train", "evaluate"]


DVC = """
stages:
  ingest:
    cmd: echo ingest >> run.log && cat source.txt > rows.txt
    params: [{vendor/stages.yaml: [ingest]}]
    deps: [source.txt]
    outs: [rows.txt]
  train:
    cmd: echo train >> run.log && cat rows.txt vendor/stages.yaml > model.txt
    params: [{vendor/stages.yaml: [train]}]
    deps: [rows.txt]
    outs: [model.txt]
  evaluate:
    cmd: echo evaluate >> run.log && cat model.txt > metrics.txt
    params: [{vendor/stages.yaml: [evaluate]}]
    deps: [model.txt]
    outs: [metrics.txt]
  staleness:
    cmd: echo staleness >> run.log && cat rows.txt > staleness.txt
    params: [{vendor/stages.yaml: [staleness]}]
    deps: [rows.txt]
    outs: [staleness.txt]
"""


def dvc(root: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *words], cwd=root, check=True, capture_output=True)


def stages_run(root: Path) -> list[str]:
    """Run the pipeline, and tell which stages ran."""
    (root / "run.log").unlink(missing_ok=True)
    dvc(root, "repro")
    return sorted(
        (root / "run.log").read_text(encoding="utf-8").split(), key=["ingest", "train", "staleness", "evaluate"].index
    )
