"""The verbs that look at the machine and generate a project: what they say, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from goldenpath.cli import main
from goldenpath.conformance import generation, machine
from goldenpath.conformance.generation import GenerationError
from goldenpath.conformance.machine import LIMITED, MISSING, OK, Finding, Program
from tests.sample import TEMPLATE

Index = Callable[[int], str]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def stand_in(folder: Path, name: str, says: str, code: int = 0) -> str:
    """A program that prints a line and ends; returns the folder as PATH holds it."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return str(folder)


@pytest.fixture
def index() -> Iterator[Index]:
    """Starts package indexes that give one status, and returns their addresses."""
    servers: list[HTTPServer] = []

    def start(status: int) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        servers.append(HTTPServer(("127.0.0.1", 0), Answer))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://user:secret@127.0.0.1:{servers[-1].server_port}/simple/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose lock names one package that is installed in its environment."""
    installed = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "click-8.2.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.4\nName: click\nVersion: 8.2.0\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("click==8.2.0 \\\n    --hash=sha256:00\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_doctor_is_content_with_a_machine_that_runs_projects(
    project: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index(200))

    result = run("doctor")

    assert result.exit_code == 0, result.output
    assert "A project can be set up, run and tested here." in result.output or "Every verb" in result.output
    assert "secret" not in result.output


def test_doctor_fails_where_the_environment_is_not_the_locked_one(
    project: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index(200))
    (project / "requirements" / "dev.txt").write_text("click==8.3.1\nscipy==1.17.0\nwinonly==1 ; os_name == 'nt'\n")

    result = run("doctor", "--json")

    assert result.exit_code == 1
    content = json.loads(result.stdout)
    finding = next(item for item in content["findings"] if item["name"] == "locked environment")
    assert content["ready"] is False
    assert finding["detail"] == "2 of 2 packages are not as locked: click is 8.2.0, scipy is missing"
    assert finding["remedy"] == "make --always-make setup"


def test_doctor_says_which_verb_needs_a_missing_program(
    project: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index(200))
    monkeypatch.setenv("DOCKER", "no-such-docker")

    lines = run("doctor").output.splitlines()

    place = next(number for number, line in enumerate(lines) if " docker " in line)
    assert lines[place].startswith("missing")
    assert "deploy" in lines[place + 1]
    assert "docs.docker.com" in lines[place + 2]


def test_environment_that_is_not_there_is_missing(project: Path) -> None:
    (project / ".venv").rename(project / "elsewhere")

    finding = machine.locked_environment(project)

    assert finding == Finding("locked environment", MISSING, "there is no .venv", ("every verb",), True, "make setup")


def test_program_tells_its_version(tmp_path: Path) -> None:
    searched = stand_in(tmp_path, "gh", "gh version 2.60.1 (2026-01-01)")

    finding = machine.program(Program("gh", ("ci-green",), "somewhere"), searched)

    assert (finding.status, finding.detail, finding.remedy) == (OK, "2.60.1", "")


def test_program_that_does_not_run_is_limited(tmp_path: Path) -> None:
    searched = stand_in(tmp_path, "make", "xcrun: error: no developer tools", code=1)

    finding = machine.program(Program("make", ("make setup",), "somewhere", essential=True), searched)

    assert finding.status == LIMITED
    assert "no developer tools" in finding.detail
    assert not machine.is_ready([finding])


def test_docker_without_an_engine_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER", raising=False)
    searched = stand_in(tmp_path, "docker", "Cannot connect to the Docker daemon", code=1)

    finding = machine.docker(searched)

    assert (finding.status, finding.remedy) == (LIMITED, "Start the engine, and see that you may use it: docker info")


@pytest.mark.parametrize(("version", "status"), [((3, 10), MISSING), ((3, 11), OK), ((3, 13), OK), ((3, 14), MISSING)])
def test_python_has_to_be_supported(
    version: tuple[int, int], status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without another Python

    assert machine.python(version).status == status


def test_supported_pythons_are_those_of_the_library() -> None:
    (lowest, first_unknown) = (".".join(map(str, version)) for version in machine.PYTHONS)

    assert f'requires-python = ">={lowest},<{first_unknown}"' in (TEMPLATE / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("code", "status", "says"), [(200, OK, ""), (404, OK, ""), (401, MISSING, "refuses access"), (503, MISSING, "503")]
)
def test_index_has_to_respond(code: int, status: str, says: str, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index(code))

    finding = machine.index(needed=True)

    assert finding.status == status, finding
    assert says in finding.detail
    assert "secret" not in finding.detail


def test_index_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")

    finding = machine.index(needed=False)

    assert (finding.status, finding.essential) == (MISSING, False)
    assert "does not respond" in finding.detail


def test_index_address_is_read_from_pip_settings(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://index.example/%40team/simple\n")

    address = machine.index_address({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")})

    assert address == "https://index.example/%40team/simple"


def test_disk_without_room_is_limited(tmp_path: Path) -> None:
    finding = machine.disk(tmp_path, 10**18)

    assert finding.status == LIMITED
    assert finding.remedy.startswith("Free ")


def test_new_refuses_answers_without_a_traceback(tmp_path: Path) -> None:
    result = run("new", "--no-input", "--output-dir", tmp_path / "out", "--answer", "project_slug=Bad Name")

    assert result.exit_code == 1
    assert "project_slug: 'Bad Name'" in result.output
    assert "Traceback" not in result.output
    assert list((tmp_path / "out").iterdir()) == []


def test_new_generates_with_the_answers(tmp_path: Path) -> None:
    result = run("new", "--no-input", "--output-dir", tmp_path, "--answer", "project_name=Late Trains")

    assert result.exit_code == 0, result.output
    assert 'name = "late-trains"' in (tmp_path / "late-trains" / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["deploy"], "want name=value"),
        (["=compose"], "want name=value"),
        (["deploy=compose", "deploy=kubernetes"], "given twice"),
        (["deply=compose"], "no question of the template. It asks for: project_name"),
        (["deploy=moon"], "moon provided for choice variable deploy"),
    ],
)
def test_generate_refuses_answers_that_it_cannot_use(answers: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=says):
        generation.generate(str(TEMPLATE), tmp_path, answers, ask=False)


def test_generate_refuses_a_template_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match="nowhere"):
        generation.generate(str(tmp_path / "nowhere"), tmp_path, [], ask=False)


def test_generate_tells_how_to_get_cookiecutter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cookiecutter.main", None)

    with pytest.raises(GenerationError, match="uvx cookiecutter"):
        generation.generate(str(TEMPLATE), tmp_path, [], ask=False)
