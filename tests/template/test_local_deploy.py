"""Two versions and a rollback on a real Docker engine, by the commands of the how-to page, while clients ask."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.template.docker import BASE, Engine
from tests.template.generation import TEMPLATE, git, lend, run
from tests.template.test_delivery import record
from tests.template.watchers import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

PROXY = "haproxy:3.2-alpine"
PROXY_STAND_IN = (
    "RUN apt-get update && apt-get install --yes --no-install-recommends haproxy",
    "STOPSIGNAL SIGUSR1",
    'CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]',
)
DAMAGED = ("USER root", "RUN truncate --size=-1 models/model.onnx", "USER 10001:10001")
SECONDS = 60
"""Within which a killed container has to answer again, on a busy machine."""


@dataclass
class Client:
    """Asks for predictions all the time.

    Attributes:
        port: Where.
        row: What is asked, as JSON.
        keeps: Whether one connection is kept for all requests, as long as the other side keeps it.
        models: What each answer was made by.
        failures: What came in place of an answer, a status or the error.
    """

    port: int
    row: str
    keeps: bool
    models: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Ask until told to stop; a pause between two requests leaves the service its processor."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self._stop.wait(0.02):
            try:
                connection.request("POST", "/predict", self.row, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    self.models.append(json.loads(body)["model"])
                else:
                    self.failures.append(f"{answer.status} {answer.headers['Retry-After']}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
            if not self.keeps:
                connection.close()
        connection.close()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()


@contextmanager
def asking(port: int, row: str) -> Iterator[list[Client]]:
    """Two clients, one with a new connection for each request."""
    clients = [Client(port, row, keeps=False), Client(port, row, keeps=True)]
    threads = [threading.Thread(target=client.ask) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        for client, thread in zip(clients, threads, strict=True):
            client.stop()
            thread.join()


@dataclass(frozen=True)
class Machine:
    """A project on a machine with Docker.

    Attributes:
        project: Its folder.
        engine: The machine's engine.
        port: Where the service is to answer.
        row: A row to ask it about, as JSON.
    """

    project: Path
    engine: Engine
    port: int
    row: str

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type a command in the project's folder, whose environment is the active one."""
        path = os.pathsep.join([str(self.project / ".venv" / "bin"), os.environ["PATH"]])
        variables = {"PATH": path, "PORT": str(self.port)}
        return run(["bash", "-c", command], self.project, **self.engine.environment, **variables)


@dataclass(frozen=True)
class Walk:
    """What came of the commands: what each printed, in order, and what the clients saw meanwhile."""

    machine: Machine
    printed: list[tuple[str, str]]
    clients: list[Client]

    def after(self, command: str) -> list[str]:
        """What a command printed, each time that it was typed."""
        return [text for typed, text in self.printed if typed == command]


def commands() -> list[str]:
    """What the section tells to type."""
    text = (TEMPLATE / "docs" / "how-to" / "delivery.md").read_text(encoding="utf-8")
    section = text.partition("\n## On your own machine\n")[2].partition("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)).splitlines()
    return [line.partition("  #")[0].strip() for line in lines]


def prove(machine: Machine) -> None:
    """Stands in for `goldenpath evidence`, which takes minutes and is walked elsewhere."""
    record(machine.project, "CQ-02")
    record(machine.project, "TR-06")
    pushed = machine.type("goldenpath record TR-07 -- goldenpath push")
    assert pushed.returncode == 0, pushed.stderr


STOOD_IN: Mapping[str, Callable[[Machine], None]] = {"goldenpath evidence": prove}


@pytest.fixture(scope="module")
def machine(walked: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    project = tmp_path_factory.mktemp("machine") / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lend(walked, project)
    for tag in git(project, "tag").split():
        git(project, "tag", "--delete", tag)
    stand_in = "\n".join([f"FROM {BASE}", *PROXY_STAND_IN])
    built = engine.run("build", "--network", "host", "--tag", PROXY, "-", text=stand_in)
    assert built.returncode == 0, built.stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    code = (
        "import json; from goldenpath.project import contract; "
        "from goldenpath.serving.rest.request import example_row; "
        "print(json.dumps(example_row(contract.load()), default=str))"
    )
    row = run([str(project / ".venv" / "bin" / "python"), "-c", code], project).stdout
    ready = Machine(project, engine, port, row)
    yield ready
    ready.type("goldenpath undeploy")


@pytest.fixture(scope="module")
def walk(machine: Machine) -> Walk:
    """Everything that the section tells, typed in order; from the first deployment on, clients ask."""
    walked = Walk(machine, [], [])
    typed = iter(commands())
    deploys = "goldenpath deploy"

    def step(command: str) -> None:
        if command in STOOD_IN:
            STOOD_IN[command](machine)
            return
        done = machine.type(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        walked.printed.append((command, done.stdout))

    for command in typed:
        step(command)
        if command == deploys:
            break
    with asking(machine.port, machine.row) as clients:
        walked.clients.extend(clients)
        for command in typed:
            if command == "goldenpath undeploy":
                break
            step(command)
    return walked


def model_of(project: Path, version: str) -> str:
    found = re.search(r"^sha256: ([0-9a-f]{64})$", git(project, "tag", "--list", "--format=%(contents)", version), re.M)
    assert found, version
    return found[1]


def test_no_request_fails_from_the_first_deployment_to_the_end(walk: Walk) -> None:
    for client in walk.clients:
        assert client.failures == []
        assert len(client.models) > 500


def test_the_answers_go_from_the_first_model_to_the_second_and_back(walk: Walk) -> None:
    first, second = (model_of(walk.machine.project, f"flight-delays@v0.{number}.0") for number in (1, 2))

    for client in walk.clients:
        long = [model for model, answers in groupby(client.models) if len(list(answers)) > 20]
        settled = [model for model, _ in groupby(long)]  # between two, both answer in turn
        assert settled == [first, second, first, second, first], "deploy, deploy, drill back and forward, roll back"


def test_status_says_that_production_runs_the_first_version(walk: Walk) -> None:
    told = walk.machine.type("goldenpath status --json")

    running = {item["environment"]: item["model"] for item in json.loads(told.stdout)["environments"]}
    assert running == {"dev": "flight-delays@v0.2.0", "staging": "flight-delays@v0.2.0", "prod": "flight-delays@v0.1.0"}


def test_the_drill_is_evidence(walk: Walk) -> None:
    told = walk.machine.type("goldenpath check --select TR-16 --format json")

    [product] = json.loads(told.stdout)["products"]
    [found] = [item for part in product["parts"] for item in part["criteria"]]
    assert found["status"] == "pass", found


def test_everybody_is_told_how_to_end_it(walk: Walk) -> None:
    told = walk.after("goldenpath deploy")

    assert len(told) >= 2
    assert all("To end it: goldenpath undeploy" in text for text in told)


def containers(machine: Machine) -> dict[str, str]:
    """The id of each container of the project, running or not, by its name."""
    words = ("ps", "--all", "--no-trunc", "--filter", "name=flight-delays-local", "--format", "{{.Names}} {{.ID}}")
    return dict(line.split() for line in machine.engine.run(*words).stdout.splitlines())


def inspect(machine: Machine, container: str) -> dict[str, Any]:
    [found] = json.loads(machine.engine.run("inspect", container).stdout)
    assert isinstance(found, dict)
    return found


def answers_again(client: Client) -> bool:
    """Wait until a client has got ten more answers."""
    wanted, deadline = len(client.models) + 10, time.monotonic() + SECONDS
    while len(client.models) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return len(client.models) >= wanted


def test_nothing_has_rights_and_everything_comes_back_after_a_reboot(walk: Walk) -> None:
    found = containers(walk.machine)

    assert len(found) == 2, "a version, and the proxy in front of it"
    for container in found.values():
        host = inspect(walk.machine, container)["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert 0 < host["Memory"] <= 512 * 1024**2
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert inspect(walk.machine, container)["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("name", ["service", "proxy"])
def test_what_is_killed_comes_back_by_itself(walk: Walk, name: str) -> None:
    machine = walk.machine
    [container] = [found for called, found in containers(machine).items() if ("proxy" in called) == (name == "proxy")]
    with asking(machine.port, machine.row) as clients:
        assert answers_again(clients[0])

        os.kill(inspect(machine, container)["State"]["Pid"], signal.SIGKILL)  # Docker's own kill counts as a stop
        time.sleep(0.5)

        assert answers_again(clients[0])
        assert answers_again(clients[1])
    assert inspect(machine, container)["RestartCount"] == 1
    if name == "service":
        for client in clients:
            others = [failure for failure in client.failures if failure != "503 1"]
            assert len(others) <= 1, "an answer that had begun was cut off; whoever came later is told when to retry"


def test_a_damaged_image_never_gets_a_request(walk: Walk) -> None:
    machine = walk.machine
    overlay = machine.project / "deploy/overlays/prod/kustomization.yaml"
    sound = overlay.read_text(encoding="utf-8")
    [image] = re.findall(r"digest: (sha256:[0-9a-f]{64})", sound)
    machine.engine.run("tag", image, "sound")  # BuildKit looks for an id in a registry
    machine.engine.derive("damaged", "sound", *DAMAGED)
    damaged = inspect(machine, "damaged")["Id"]
    before = containers(machine)
    overlay.write_text(sound.replace(image, damaged), encoding="utf-8")
    try:
        with asking(machine.port, machine.row) as clients:
            refused = machine.type("goldenpath deploy")
    finally:
        overlay.write_text(sound, encoding="utf-8")

    assert refused.returncode != 0
    assert "flight-delays@v0.1.0 does not predict, so what ran before runs on" in refused.stderr
    assert "It has ended. Its last words: serve failed. | The model's digest is" in refused.stderr
    assert [client.failures for client in clients] == [[], []]
    assert containers(machine) == before


LET_IN = ("--filter", "network=flight-delays-local")
"""Versions that the proxy may send requests to; before, they are started where it does not see them."""


def versions(machine: Machine, *which: str) -> set[str]:
    """The versions that run, without the proxy."""
    words = ("ps", "--quiet", "--filter", "label=golden-path/slot", *which)
    return set(machine.engine.run(*words).stdout.split())


def test_a_deployment_that_is_killed_is_finished_by_the_next(walk: Walk) -> None:
    machine = walk.machine
    variables = os.environ | machine.engine.environment | {"PORT": str(machine.port)}
    with asking(machine.port, machine.row) as clients:
        for moment in ((), LET_IN):
            before = versions(machine, *moment)
            words = [".venv/bin/goldenpath", "deploy"]
            begun = subprocess.Popen(words, cwd=machine.project, env=variables, start_new_session=True)
            try:
                until(lambda: versions(machine, *moment) - before, "the next version is there", seconds=SECONDS)  # noqa: B023
            finally:
                os.killpg(begun.pid, signal.SIGKILL)
            assert begun.wait() == -signal.SIGKILL, "it was still at work"
        done = machine.type("goldenpath deploy")

    assert done.returncode == 0, done.stderr
    assert [client.failures for client in clients] == [[], []]
    assert len(containers(machine)) == 2


def test_a_port_that_another_program_has_is_one_clear_error(walk: Walk) -> None:
    before = containers(walk.machine)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        refused = walk.machine.type(f"goldenpath deploy --port {port}")

    assert refused.returncode != 0
    assert f"Port {port} of 127.0.0.1 cannot be had" in refused.stderr
    assert containers(walk.machine) == before


def test_undeploy_leaves_nothing(walk: Walk) -> None:
    done = walk.machine.type("goldenpath undeploy")

    assert "Removed 2 containers of flight-delays-local, and its network" in done.stdout
    assert containers(walk.machine) == {}
    assert "flight-delays" not in walk.machine.engine.run("network", "ls").stdout
