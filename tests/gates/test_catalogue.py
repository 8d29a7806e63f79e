"""The verb `gate`: one gate by its name, and all that apply."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from goldenpath.cli import gate as verb
from goldenpath.cli import main
from goldenpath.gates import catalogue
from goldenpath.gates.model import gate_selftest
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from tests.sample import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that gates look at, as the working directory."""
    for gate in catalogue.GATES.values():
        (tmp_path / gate.needs).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / gate.needs).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes every gate green, but for those that the test wants to end otherwise: by an outcome or an error."""

    def make(**endings: Outcome | Exception) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []

        def run_as(name: str) -> Any:
            def run(_: Path, ref: str) -> Outcome:
                asked.append((name, ref))
                end = endings.get(name, Outcome(name, "pass", ""))
                if isinstance(end, Exception):
                    raise end
                return end

            return run

        gates = {name: replace(gate, run=run_as(name)) for name, gate in catalogue.GATES.items()}
        monkeypatch.setattr(catalogue, "GATES", gates)
        monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
        return asked

    return make


def called(*words: str) -> Result:
    return CliRunner().invoke(main, ["gate", *words])


def test_the_verb_knows_every_gate() -> None:
    assert set(verb.NAMES) == set(catalogue.GATES)


def test_without_a_name_every_gate_is_asked_and_shown(project: Path, ending: Any) -> None:
    asked = ending()

    done = called("--base", "main")

    assert done.exit_code == Exit.OK
    assert asked == [(name, "main") for name in catalogue.GATES]
    rows = [line.split()[:2] for line in done.output.splitlines() if line.strip()][2:]
    assert rows == [[name, "pass"] for name in catalogue.GATES]


@pytest.mark.parametrize(
    ("endings", "code"),
    [
        ({"lock": Outcome("lock", "inconclusive", "Rows are missing.")}, Exit.INCONCLUSIVE),
        ({"lock": InconclusiveError("No history.")}, Exit.INCONCLUSIVE),
        ({"lock": InconclusiveError("No history."), "data": Outcome("data", "fail", "Rows are lost.")}, Exit.FAILED),
        ({"deploy": ProjectError("No manifest.")}, Exit.FAILED),
    ],
)
def test_the_worst_verdict_is_the_exit_code(project: Path, ending: Any, endings: dict[str, Any], code: Exit) -> None:
    asked = ending(**endings)

    done = called()

    assert done.exit_code == code
    assert len(asked) == len(catalogue.GATES), "one gate that is red hides no other"
    for name, end in endings.items():
        [row] = [line for line in done.output.splitlines() if line.split()[:1] == [name]]
        assert (end.summary if isinstance(end, Outcome) else str(end)) in row


def test_what_is_not_there_is_not_judged_and_told(project: Path, ending: Any) -> None:
    asked = ending()
    (project / "models/signature.json").unlink()

    done = called()

    assert done.exit_code == Exit.OK
    assert "model" not in dict(asked)
    assert "n/a       There is no models/signature.json." in done.output


def test_without_docker_no_image_is_judged(project: Path, ending: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ending()
    monkeypatch.setattr(shutil, "which", lambda _: None)

    done = called()

    assert "image" not in dict(asked)
    assert "docker is not installed" in done.output


def test_one_gate_tells_its_verdict_in_a_line(project: Path, ending: Any) -> None:
    asked = ending(secrets=InconclusiveError("No history here.", "Get it: git fetch --unshallow"))

    done = called("secrets")

    assert done.exit_code == Exit.INCONCLUSIVE
    assert done.stderr == "secrets: inconclusive (No history here. Get it: git fetch --unshallow)\n"
    assert asked == [("secrets", "origin/main")]


def test_several_gates_are_asked_in_the_order_of_their_names(project: Path, ending: Any) -> None:
    asked = ending(lock=Outcome("lock", "fail", "Stale."))

    done = called("lock", "contract", "--base", "main")

    assert done.exit_code == Exit.FAILED
    assert asked == [("lock", "main"), ("contract", "main")]
    assert (done.stderr, done.stdout) == ("lock: fail (Stale.)\n", "contract: pass\n")


def test_an_unknown_gate_is_refused(project: Path) -> None:
    done = called("weather")

    assert done.exit_code == Exit.USAGE
    assert "'weather' is not one of 'contract', 'data'" in done.output


def test_the_self_test_is_that_of_the_model_gate(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_selftest, "run", lambda root: f"Refused in {root}.")

    assert called("--self-test").output == called("model", "--self-test").output == f"Refused in {project}.\n"
    assert called("data", "--self-test").exit_code == Exit.USAGE


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """A copy of the sample project, as it was generated."""
    ignored = shutil.ignore_patterns(".git", "*.whl")
    return shutil.copytree(ROOT, tmp_path / "generated", ignore=ignored)


def test_rendered_files_of_a_new_project_are_current(generated: Path) -> None:
    outcome = catalogue.run("rendered", generated, "main")

    assert str(outcome) == "rendered: pass (Every rendered file follows from the settings.)"


def test_a_rendered_file_that_was_edited_is_red(generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited = "monitoring/prometheus/rules/service.yaml"
    (generated / edited).write_text((generated / edited).read_text().replace("severity: page", "severity: none"))

    outcome = catalogue.run("rendered", generated, "main")

    assert outcome.verdict == "fail"
    assert outcome.summary.startswith(f"{edited}: ")
    assert capsys.readouterr().out.startswith(f"{edited}: ")
