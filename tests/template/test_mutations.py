"""Every gate of the generated project, fed the bad thing it is there for: it must turn red, for that reason."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.generation import git, run, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

PACKAGE = Path("src/flight_delays")
SHIFT_LEAVES = """
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.name == "class_weights":
                attribute.floats[:] = [value + 0.5 for value in attribute.floats]
    return graph
"""


@pytest.fixture
def project(walked: Path) -> Iterator[Path]:
    """The walked project, restored afterwards."""
    yield walked
    git(walked, "reset", "--hard", "--quiet")
    git(walked, "clean", "-fdq")
    run([".venv/bin/dvc", "checkout", "--force", "--quiet"], walked, PATH=tools(walked))


def tools(project: Path) -> str:
    """A search path with the project's own tools first."""
    return f"{project}/.venv/bin:{os.environ['PATH']}"


def mutate(project: Path, path: Path, old: str, new: str) -> None:
    """Change one place of one file."""
    text = (project / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    (project / path).write_text(text.replace(old, new), encoding="utf-8")


def broken_library(project: Path, folder: Path, path: str, old: str, new: str) -> Path:
    """The library that the project holds, with one place of one file changed."""
    [wheel] = (project / "vendor").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    mutate(folder, Path("goldenpath") / path, old, new)
    return folder


def red(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that must have failed, without a traceback of ours."""
    printed = done.stdout + done.stderr
    assert done.returncode != 0, printed
    return printed


def test_the_project_is_green_before_it_is_mutated(project: Path) -> None:
    code = "from goldenpath.project import team; print(team.function('source').__code__.co_filename)"
    assert run([".venv/bin/python", "-c", code], project).stdout.startswith(str(project)), "what is mutated has to run"

    done = verb(project, "run")

    assert done.returncode == 0
    assert "Data and pipelines are up to date." in done.stdout
    assert git(project, "status", "--porcelain") == ""


def test_another_cost_of_mistakes_would_run_only_what_depends_on_it(project: Path) -> None:
    mutate(project, Path("params.yaml"), "missed: 60", "missed: 20")

    printed = run([".venv/bin/dvc", "repro", "--dry"], project, PATH=tools(project)).stdout

    assert re.findall(r"Running stage '(\w+)'", printed) == ["train", "evaluate", "export", "staleness"]
    assert re.findall(r"Stage '(\w+)' didn't change", printed) == ["ingest", "validate", "split", "reference"]


def test_a_corrupted_raw_file_stops_validate(project: Path) -> None:
    header, *rows = ["age,city,spent,churned"] + [
        f"{20 + i % 50},{('Oslo', 'Bergen')[i % 2]},{i % 97}.5,{('yes', 'no')[i % 3 == 0]}" for i in range(600)
    ]
    (project / "customers.csv").write_text("\n".join([header, *rows]))
    adopted = verb(project, "adopt", "customers.csv", "churned")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert run([".venv/bin/dvc", "repro", "validate"], project, PATH=tools(project)).returncode == 0

    corrupted = [row.replace("Oslo", "O?lo") if i < 300 else row for i, row in enumerate(rows)]
    (project / "data/source/customers.csv").write_text("\n".join([header, *corrupted]))
    printed = red(verb(project, "run"))

    assert "validate failed" in printed
    assert "150 rows: city must be one of" in printed
    assert "found O?lo" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("old", "new", "test"),
    [
        (
            'asked[here], side="left")\n        own',
            'asked[here] + 1800, side="left")\n        own',
            "test_recent_delay_knows_nothing_of_the_future",
        ),
        (
            "count = last - first - own",
            "count = last - first",
            "test_recent_delay_is_the_mean_of_planes_that_just_left",
        ),
        ("pd.Timedelta(hours=1)", "pd.Timedelta(hours=0)", "test_weather_is_the_observation_of_the_hour_before"),
    ],
    ids=["departures-to-come", "own-departure", "weather-to-come"],
)
def test_a_leaked_future_value_fails_the_sources_tests(project: Path, old: str, new: str, test: str) -> None:
    mutate(project, PACKAGE / "source.py", old, new)

    name = f"tests/test_source.py::{test}"

    assert f"FAILED {name}" in red(run([".venv/bin/pytest", "-q", name], project))


def test_a_broken_onnx_export_stops_export(project: Path, tmp_path: Path) -> None:
    library = broken_library(project, tmp_path, "model/onnx_export.py", "\n    return graph\n", SHIFT_LEAVES)

    printed = red(verb(project, "run", "export", "--force", PYTHONPATH=str(library)))

    assert "export failed" in printed
    assert "The ONNX graph does not answer as scikit-learn does" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{value: UA, label: United Air Lines}, ", "",
         "48,880 rows: carrier must be one of"),  # as docs/tutorial.md says
        ("logicalTypeOptions: {minimum: 10, maximum: 6000}", "logicalTypeOptions: {minimum: 10, maximum: 600}",
         "distance must be between 10 and 600"),
        ("name: distance\n        logicalType: integer", "name: distance\n        logicalType: money",
         "column 'distance': logicalType is money"),
        ("logicalTypeOptions: {minimum: 10", "logicalTypeOptoins: {minimum: 10",
         "unknown key schema.flights.properties.distance.logicalTypeOptoins"),
    ],
    ids=["value-removed", "range-narrowed", "type-unknown", "key-misspelt"],
)  # fmt: skip
def test_a_hand_edited_contract_stops_validate(project: Path, old: str, new: str, words: str) -> None:
    mutate(project, Path("contract.yaml"), old, new)

    printed = red(verb(project, "run"))

    assert "validate failed" in printed
    assert words in printed
    assert "Traceback" not in printed


def test_a_contract_edited_after_training_fails_a_test_and_stops_the_service(project: Path) -> None:
    mutate(project, Path("contract.yaml"), "maximum: 6000", "maximum: 9000")

    name = "tests/test_product.py::test_committed_model_fits_the_contract"

    tested = red(run([".venv/bin/pytest", "-q", name], project))
    served = red(verb(project, "predict"))

    assert f"FAILED {name}" in tested
    assert "not the contract that the model was trained under" in served
    assert "Traceback" not in served
