"""Running what has changed, getting what was committed, and writing what follows from the results."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from goldenpath.delivery.release import results
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import EVALUATION_PAGE, METRICS, MODEL_CARD, OPENAPI, SBOM
from tests.sample import ROOT

Dvc = Callable[..., list[list[str]]]
DOCUMENTS = (EVALUATION_PAGE, MODEL_CARD, OPENAPI, SBOM)


@pytest.fixture
def dvc(monkeypatch: pytest.MonkeyPatch) -> Dvc:
    """Stands in for DVC, whose own work it tests itself: some verbs of it fail. Keeps what it was told to do."""

    def stand_in(*failing: str) -> list[list[str]]:
        commands: list[list[str]] = []

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            assert command[1:3] == ["-m", "dvc"]
            commands.append(command[3:])
            return subprocess.CompletedProcess(command, 255 if command[3] in failing else 0)

        monkeypatch.setattr(subprocess, "run", run)
        return commands

    return stand_in


@pytest.fixture
def complete(project: Path) -> Path:
    """A trained project with what documents are written from besides."""
    for name in ("golden-path.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, project)
    return project


def written(lines: Sequence[str]) -> set[Path]:
    return {path for path in DOCUMENTS for line in lines if line.startswith(str(path))}


def test_run_runs_all_stages_and_writes_the_documents(
    dvc: Dvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = dvc()
    monkeypatch.setattr(results, "write_documents", lambda root: iter([f"written in {root}"]))

    results.run(tmp_path)

    assert commands == [["repro"]]
    assert capsys.readouterr().out == f"written in {tmp_path}\n"


def test_run_of_some_stages_writes_no_document(dvc: Dvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = dvc()
    monkeypatch.setattr(results, "write_documents", lambda _: pytest.fail("written though the pipeline may be stale"))

    results.run(tmp_path, ["train", "evaluate"], force=True)

    assert commands == [["repro", "--force", "train", "evaluate"]]


def test_a_stage_that_fails_ends_the_run(dvc: Dvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dvc("repro")
    monkeypatch.setattr(results, "write_documents", lambda _: pytest.fail("written though a stage failed"))

    with pytest.raises(ProjectError, match="dvc repro ended with 255"):
        results.run(tmp_path)


@pytest.fixture
def adopted(tmp_path: Path) -> Path:
    """A project with adopted data of which git holds the pointer only."""
    (tmp_path / "data/source").mkdir(parents=True)
    (tmp_path / "data/source/shop.csv.dvc").write_text("outs: []\n")
    return tmp_path


@pytest.mark.parametrize(
    ("failing", "expected"),
    [((), ["checkout"]), (("checkout",), ["checkout", "pull"])],
    ids=["cache", "remote"],
)
def test_adopted_data_comes_from_the_cache_or_the_remote(
    adopted: Path, dvc: Dvc, failing: tuple[str, ...], expected: list[str]
) -> None:
    commands = dvc(*failing)

    results.fetch_adopted(adopted, os.environ)

    assert commands == [[verb, "--quiet", "data/source/shop.csv.dvc"] for verb in expected]


def test_adopted_data_that_is_here_is_not_fetched(adopted: Path, dvc: Dvc) -> None:
    commands = dvc()
    (adopted / "data/source/shop.csv").touch()

    results.fetch_adopted(adopted, os.environ)

    assert commands == []


def test_adopted_data_that_nobody_pushed_is_refused(adopted: Path, dvc: Dvc) -> None:
    dvc("checkout", "pull")

    with pytest.raises(ProjectError, match=r"data/source/shop\.csv\.dvc: .* run `goldenpath push`"):
        results.run(adopted)


def test_results_that_are_in_the_remote_are_not_made(dvc: Dvc, tmp_path: Path) -> None:
    commands = dvc("checkout")

    results.get(tmp_path)

    assert commands == [["checkout", "--quiet"], ["pull", "--quiet"]]


def test_results_that_nobody_has_are_made(dvc: Dvc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = dvc("checkout", "pull")
    monkeypatch.setattr(results, "write_documents", lambda _: iter(()))

    results.get(tmp_path)

    assert commands[-1] == ["repro"]


def test_documents_are_written_where_missing_and_then_left(complete: Path) -> None:
    first = list(results.write_documents(complete))
    second = list(results.write_documents(complete))

    assert written(first) == set(DOCUMENTS)
    assert all((complete / path).is_file() for path in DOCUMENTS)
    assert second == []


def test_new_metrics_make_page_and_card_stale(complete: Path) -> None:
    list(results.write_documents(complete))
    os.utime(complete / METRICS)

    lines = list(results.write_documents(complete))

    assert written(lines) == {EVALUATION_PAGE, MODEL_CARD}


def test_a_committed_api_is_left_though_all_else_is_newer(complete: Path) -> None:
    (complete / OPENAPI).parent.mkdir(exist_ok=True)
    (complete / OPENAPI).write_text("{}\n")

    list(results.write_documents(complete))

    assert (complete / OPENAPI).read_text() == "{}\n"
