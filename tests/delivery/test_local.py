from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery import desired_state, local, proxy, smoke
from goldenpath.delivery.image import docker as client
from goldenpath.delivery.promote import promote
from goldenpath.delivery.proxy import Proxy
from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from tests.command import goldenpath
from tests.delivery import docker_stand_in
from tests.delivery.delivered_product import COMPOSE, commit, opened, overlay, register
from tests.sample import ROOT

PROJECT = ROOT
MODELS = ("11" * 32, "22" * 32, "00" * 32, "")
"""What four images answer by. The third says that it holds another model than it does; the fourth ends at once."""


@pytest.fixture(scope="module")
def promoted(start: Path, mature: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with version 1.0.0 in dev. Do not write to it; see ``shop``."""
    with pytest.MonkeyPatch.context() as patch:
        shop = opened(start, tmp_path_factory.mktemp("promoted"), patch)
        deliver(shop, mature, 0)
    return shop


@pytest.fixture
def shop(promoted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the product with version 1.0.0 in dev, as the working directory."""
    return opened(promoted, tmp_path, monkeypatch)


@pytest.fixture
def home(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Docker's stand-in keeps what it knows: images of four versions."""
    home = tmp_path / "docker"
    home.mkdir()
    images = {
        f"sha256:{letter * 64}": {"version": f"shop@v1.{number}.0", "model": model}
        for number, (letter, model) in enumerate(zip("abcd", MODELS, strict=True))
    }
    (home / "images.json").write_text(json.dumps(images))
    monkeypatch.setattr(smoke, "PAUSE", 0.05)
    for path in (contract.PATH, proxy.CONFIG):
        (shop / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, shop / path)
    return home


@pytest.fixture
def docker(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Docker's stand-in, which answers in this process."""
    engine = docker_stand_in.Threads()
    monkeypatch.setattr(docker_stand_in, "HOME", home)
    monkeypatch.setattr(client, "attempt", engine.attempt)
    yield home
    engine.end()


@pytest.fixture
def program(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Docker's stand-in as a program, and its containers as processes."""
    shutil.copy(docker_stand_in.__file__, home / "docker.py")
    path = home / "docker"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {home / "docker.py"} "$@"\n')
    path.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(path))
    yield home
    for item in containers(home):
        if item["pid"]:
            os.kill(item["pid"], signal.SIGTERM)


@pytest.fixture
def ahead(shop: Path) -> Proxy:
    return Proxy("shop-local", docker_stand_in.free_port(), proxy.IMAGE, shop / proxy.CONFIG)


def containers(home: Path) -> list[dict[str, Any]]:
    path = home / "containers.json"
    return list(json.loads(path.read_text()).values()) if path.exists() else []


def services(home: Path) -> list[tuple[str, str]]:
    """Name and image's letter of every container but the proxy."""
    return [(item["name"], item["image"][-1]) for item in containers(home) if not item["image"].startswith("haproxy")]


def said(home: Path) -> list[str]:
    return (home / "said.txt").read_text().splitlines()


def deliver(shop: Path, judge: list[str], *numbers: int) -> None:
    for number in numbers:
        register(shop, f"1.{number}.0", model=("11", "22", "33", "44")[number], built="abcd"[number])
        promote(shop, f"1.{number}.0", "dev", judge=judge)


def test_what_is_promoted_answers_behind_a_proxy_and_neither_has_rights(
    shop: Path, program: Path, ahead: Proxy
) -> None:
    answer = local.deploy(shop, "dev", ahead)

    assert f"shop@v1.0.0 predicts on http://127.0.0.1:{ahead.port}" in answer
    assert "goldenpath undeploy" in answer
    service, front = (line for line in said(program) if line.startswith("run --detach"))
    for words in ("--read-only", "--cap-drop ALL", "--user 10001:10001", "no-new-privileges", "--memory"):
        assert words in service
        assert words in front
    assert "--publish 127.0.0.1::8000" in service
    assert f"--publish 127.0.0.1:{ahead.port}:8000" in front
    assert front.endswith(f"{shop / proxy.CONFIG}:{proxy.INSIDE}:ro,z {proxy.IMAGE}")


def test_what_an_overlay_of_compose_says_is_deployed_the_same_way(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy
) -> None:
    overlay(shop, "dev").unlink()
    overlay(shop, "dev").with_name("compose.yaml").write_text(COMPOSE)
    commit(shop)
    deliver(shop, mature, 1)

    local.deploy(shop, "dev", ahead)

    assert services(docker) == [("shop-local-blue", "b")]


def test_a_new_version_is_let_in_before_the_old_one_is_told_to_stop(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy
) -> None:
    local.deploy(shop, "dev", ahead)
    deliver(shop, mature, 1)

    local.deploy(shop, "dev", ahead)

    assert services(docker) == [("shop-local-green", "b")]
    changed = [line.split()[0] for line in said(docker) if line.startswith(("run --detach", "network conn", "stop"))]
    assert changed == ["run", "run", "network", "run", "network", "stop"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(2, "the model 0{12} answered.* Its last words: it could not load"), (3, "It has ended. Its last words")],
)
def test_a_version_that_does_not_answer_by_its_model_is_never_let_in(
    shop: Path,
    docker: Path,
    mature: list[str],
    ahead: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    words: str,
) -> None:
    local.deploy(shop, "dev", ahead)
    deliver(shop, mature, number)
    before = containers(docker)
    monkeypatch.setattr(local, "START_SECONDS", 0.3)

    with pytest.raises(ProjectError, match=rf"shop@v1\.{number}\.0 does not predict, so what ran before.* {words}"):
        local.deploy(shop, "dev", ahead)

    assert containers(docker) == before
    assert not [line for line in said(docker) if line.startswith("stop")]


def test_a_version_that_the_proxy_does_not_find_goes_and_the_old_one_stays(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.deploy(shop, "dev", ahead)
    deliver(shop, mature, 1)
    (docker / "unseen").write_text("green")
    monkeypatch.setattr(proxy, "SECONDS", 0.5)

    with pytest.raises(ProjectError, match=r"proxy sends no request to it after 0\.5 s; last, blue answered"):
        local.deploy(shop, "dev", ahead)

    assert services(docker) == [("shop-local-blue", "a")]


def test_what_was_tried_and_never_let_in_is_removed(shop: Path, docker: Path, mature: list[str], ahead: Proxy) -> None:
    state = desired_state.read(shop, "dev")
    local._start("shop-local", "blue", state.model, state.image.digest)

    local.deploy(shop, "dev", ahead)

    assert services(docker) == [("shop-local-blue", "a")]


@pytest.fixture
def unseen(shop: Path, docker: Path, mature: list[str], ahead: Proxy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names the slots that the proxy does not find; a deployment was killed before blue made way for green."""
    local.deploy(shop, "dev", ahead)
    deliver(shop, mature, 1)
    with monkeypatch.context() as killed:
        killed.setattr(local, "_retire", lambda _: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            local.deploy(shop, "dev", ahead)
    assert services(docker) == [("shop-local-green", "b"), ("shop-local-blue", "a")]
    return docker / "unseen"


def test_of_two_that_serve_the_newer_one_is_kept_until_it_is_replaced(
    unseen: Path, docker: Path, ahead: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    retire, was_unseen = local._retire, list[bool]()
    unseen.write_text("green")  # as in the moment after it was let in
    monkeypatch.setattr(local, "_retire", lambda old: (was_unseen.append(unseen.exists()), retire(old)))
    threading.Timer(0.3, unseen.unlink).start()

    kept = local.tidy(ahead)

    assert kept is not None
    assert kept.slot == "green"
    assert services(docker) == [("shop-local-green", "b")]
    assert was_unseen == [False], "the old one goes when requests reach the new one"


def test_of_two_that_run_the_one_that_is_asked_is_kept(
    unseen: Path, docker: Path, ahead: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen.write_text("green")
    monkeypatch.setattr(proxy, "SECONDS", 0.3)

    kept = local.tidy(ahead)

    assert kept is not None
    assert kept.slot == "blue"
    assert services(docker) == [("shop-local-blue", "a")]


def test_a_deployment_that_is_interrupted_leaves_what_ran(
    shop: Path,
    docker: Path,
    mature: list[str],
    ahead: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    local.deploy(shop, "dev", ahead)
    before = containers(docker)
    monkeypatch.setattr(smoke, "answers", interrupt)

    ended = goldenpath("deploy", "--env", "dev", "--port", str(ahead.port))

    assert ended.exit_code == Exit.INTERRUPTED
    assert ended.stderr.startswith("deploy was interrupted.\n")
    assert containers(docker) == before


def test_for_another_port_the_proxy_is_made_anew_and_that_is_said(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    local.deploy(shop, "dev", ahead)
    other = replace(ahead, port=docker_stand_in.free_port())

    local.deploy(shop, "dev", other)

    assert f"Proxy replaced on port {other.port}" in capsys.readouterr().out
    assert [item["port"] for item in containers(docker) if item["name"] == "shop-local-proxy"] == [other.port]


def test_a_port_that_another_program_has_is_refused_before_anything_is_touched(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy
) -> None:
    with (
        socket.create_server(("127.0.0.1", ahead.port)),
        pytest.raises(
            ProjectError, match=rf"Port {ahead.port} of 127\.0\.0\.1 cannot be had .* goldenpath deploy --port 8001"
        ),
    ):
        local.deploy(shop, "dev", ahead)

    assert containers(docker) == []


def test_a_configuration_that_the_proxy_refuses_leaves_what_runs(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy
) -> None:
    local.deploy(shop, "dev", ahead)
    before = containers(docker)
    (shop / proxy.CONFIG).write_text("nonsense\n")

    with pytest.raises(ProjectError, match=r"haproxy\.cfg: haproxy\S+ refuses it\. .*unknown keyword"):
        local.deploy(shop, "dev", ahead)

    assert containers(docker) == before


def test_undeploy_removes_all_of_it_and_nothing_else(shop: Path, docker: Path, mature: list[str], ahead: Proxy) -> None:
    local.deploy(shop, "dev", ahead)
    stranger = {"name": "another", "labels": ["golden-path/local=another-local"], "pid": 0, "network": "", "port": 1}
    path = docker / "containers.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "id0": {**stranger, "alias": "", "image": "z"}}))

    assert local.undeploy(shop) == "Removed 2 containers of shop-local, and its network"

    assert [item["name"] for item in containers(docker)] == ["another"]
    assert json.loads((docker / "networks.json").read_text()) == []
    assert local.undeploy(shop) == "Nothing of shop-local runs here"


def test_a_drill_goes_back_and_forward_and_tells_what_a_receipt_needs(
    shop: Path, docker: Path, mature: list[str], ahead: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, mature, 1)
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    local.rehearse_rollback(shop, "dev", ahead)

    facts = json.loads((tmp_path / "facts.json").read_text())
    assert (facts["from"], facts["to"], facts["pulled"]) == ("shop@v1.1.0", "shop@v1.0.0", f"sha256:{'a' * 64}")
    assert facts["seconds"] > 0
    assert [letter for _, letter in services(docker)] == ["b"]


def test_the_image_that_this_machine_built_can_be_promoted(shop: Path, docker: Path, mature: list[str]) -> None:
    register(shop, "1.1.0", model="22", built="b")

    promote(shop, "1.1.0", "dev", "local", judge=mature)

    assert desired_state.read(shop, "dev").image.digest == f"sha256:{'b' * 64}"


def test_an_image_that_nobody_built_here_is_refused(shop: Path, docker: Path, mature: list[str]) -> None:
    register(shop, "9.0.0", built="a")

    with pytest.raises(ProjectError, match=r"No image on this machine .* goldenpath image build"):
        promote(shop, "9.0.0", "dev", "local", judge=mature)


@pytest.mark.parametrize(
    ("environment", "words"),
    [("qa", "ENV is 'qa': want one of"), ("", "prod: nothing was promoted"), ("prod", "prod: nothing was promoted")],
)
def test_what_cannot_be_deployed_is_refused(
    shop: Path, docker: Path, ahead: Proxy, environment: str, words: str
) -> None:
    with pytest.raises(ProjectError, match=words):
        local.deploy(shop, environment, ahead)


def test_an_image_that_is_nowhere_is_refused_with_the_registrys_words(shop: Path, program: Path) -> None:
    path = overlay(shop, "dev")
    path.write_text(path.read_text().replace("a" * 64, "f" * 64))

    ended = goldenpath("deploy", "--env", "dev")

    assert ended.exit_code == 1
    assert "deploy failed.\ndocker pull: Error: the registry does not know it" in ended.stderr


def test_there_is_no_drill_with_one_version(shop: Path, docker: Path, mature: list[str], ahead: Proxy) -> None:
    with pytest.raises(ProjectError, match="no two versions to rehearse with"):
        local.rehearse_rollback(shop, "dev", ahead)


def test_without_docker_the_error_says_so(
    shop: Path, mature: list[str], ahead: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER", "/no/such/docker")

    with pytest.raises(ProjectError, match="/no/such/docker is not installed"):
        local.deploy(shop, "dev", ahead)
