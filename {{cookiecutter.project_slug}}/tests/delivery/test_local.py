from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker_stand_in
import pytest
from outlet import overlay, register

from {{ cookiecutter.package_name }} import contract
from {{ cookiecutter.package_name }}.delivery import desired_state, local, smoke
from {{ cookiecutter.package_name }}.delivery.promote import promote
from {{ cookiecutter.package_name }}.errors import ProjectError

CONTRACT = Path(__file__).parents[2] / contract.PATH


@pytest.fixture
def docker(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Docker's stand-in, with images of three versions; the third answers by another model than it says it holds."""
    home = tmp_path / "docker"
    home.mkdir()
    shutil.copy(docker_stand_in.__file__, home / "docker.py")
    models = ("11" * 32, "22" * 32, "00" * 32)
    images = {
        f"sha256:{letter * 64}": {"version": f"shop@v1.{number}.0", "model": model}
        for number, (letter, model) in enumerate(zip("abc", models, strict=True))
    }
    (home / "images.json").write_text(json.dumps(images))
    program = home / "docker"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {home / "docker.py"} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(program))
    monkeypatch.setattr(smoke, "PAUSE", 0.05)
    monkeypatch.setattr(local, "START_SECONDS", 4.0)
    shutil.copy(CONTRACT, shop / contract.PATH)
    yield home
    for item in containers(home):
        if item["pid"]:
            os.kill(item["pid"], signal.SIGTERM)


@pytest.fixture
def port() -> int:
    return docker_stand_in.free_port()


def containers(home: Path) -> list[dict[str, Any]]:
    path = home / "containers.json"
    return list(json.loads(path.read_text()).values()) if path.exists() else []


def deliver(shop: Path, judge: list[str], *numbers: int) -> None:
    for number in numbers:
        register(shop, f"1.{number}.0", model=("11", "22", "33")[number], built="abc"[number])
        promote(shop, f"1.{number}.0", "dev", "", judge)


def test_what_is_promoted_answers_under_the_rights_of_the_manifests(
    shop: Path, docker: Path, mature: list[str], port: int
) -> None:
    deliver(shop, mature, 0)

    answer = local.deploy(shop, "local", "dev", port)

    assert f"shop@v1.0.0 answers on http://127.0.0.1:{port}" in answer
    options = (docker / "options.txt").read_text()
    for words in ("--read-only", "--cap-drop ALL", "--user 10001:10001", "no-new-privileges", f"127.0.0.1:{port}:8000"):
        assert words in options


def test_a_new_version_takes_the_place_of_the_old_one(shop: Path, docker: Path, mature: list[str], port: int) -> None:
    deliver(shop, mature, 0)
    local.deploy(shop, "local", "dev", port)
    deliver(shop, mature, 1)

    local.deploy(shop, "local", "dev", port)

    assert [(item["name"], item["model"]) for item in containers(docker)] == [("shop-local", "22" * 32)]


def test_a_version_that_answers_by_another_model_never_takes_the_place(
    shop: Path, docker: Path, mature: list[str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, mature, 1)
    local.deploy(shop, "local", "dev", port)
    deliver(shop, mature, 2)
    before = containers(docker)
    monkeypatch.setattr(local, "START_SECONDS", 0.5)

    with pytest.raises(ProjectError, match=r"shop@v1\.2\.0 does not answer, so what ran before runs on"):
        local.deploy(shop, "local", "dev", port)

    assert containers(docker) == before


def test_a_drill_goes_back_and_forward_and_tells_what_a_receipt_needs(
    shop: Path, docker: Path, mature: list[str], port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, mature, 0, 1)
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    local.drill(shop, "dev", port)

    facts = json.loads((tmp_path / "facts.json").read_text())
    assert (facts["from"], facts["to"], facts["pulled"]) == ("shop@v1.1.0", "shop@v1.0.0", f"sha256:{'a' * 64}")
    assert facts["seconds"] > 0
    assert [item["model"] for item in containers(docker)] == ["22" * 32]


def test_the_image_that_this_machine_built_can_be_promoted(shop: Path, docker: Path, mature: list[str]) -> None:
    register(shop, "1.0.0", model="11", built="a")

    promote(shop, "1.0.0", "dev", "local", mature)

    assert desired_state.read(shop, "dev").image.digest == f"sha256:{'a' * 64}"


def test_an_image_that_nobody_built_here_is_refused(shop: Path, docker: Path, mature: list[str]) -> None:
    register(shop, "9.0.0", built="a")

    with pytest.raises(ProjectError, match=r"No image on this machine .* make image"):
        promote(shop, "9.0.0", "dev", "local", mature)


@pytest.mark.parametrize(
    ("environment", "words"),
    [("prod", "only ENV=local is deployed from here"), ("", "only ENV=local"), ("local", "nothing was promoted there")],
)
def test_what_cannot_be_deployed_is_refused(shop: Path, docker: Path, environment: str, words: str) -> None:
    with pytest.raises(ProjectError, match=words):
        local.deploy(shop, environment, "prod", 8000)


def test_an_image_that_is_nowhere_is_refused_with_the_registrys_words(
    shop: Path, docker: Path, mature: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, mature, 0)
    path = overlay(shop, "dev")
    path.write_text(path.read_text().replace("a" * 64, "f" * 64))
    monkeypatch.setenv("DELIVER_ENV", "local")

    assert local.main(["--overlay", "dev"]) == 1

    assert "deploy failed.\ndocker pull: Error: the registry does not know it" in capsys.readouterr().err


def test_there_is_no_drill_with_one_version(shop: Path, docker: Path, mature: list[str], port: int) -> None:
    deliver(shop, mature, 0)

    with pytest.raises(ProjectError, match="no two versions to rehearse with"):
        local.drill(shop, "dev", port)


def test_without_docker_the_error_says_so(shop: Path, mature: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER", "/no/such/docker")
    register(shop, "1.0.0", built="a")

    with pytest.raises(ProjectError, match="/no/such/docker is not installed"):
        promote(shop, "1.0.0", "dev", "local", mature)
