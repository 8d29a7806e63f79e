"""One machine instead of a cluster: Docker Compose itself runs what an overlay says."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.template import docker
from tests.template.docker import PASSWORD, USER, Engine, Registry
from tests.template.generation import generate, lend, run, verb

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("walked"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="no registry has Compose for this machine"),
]

NOTHING = "0" * 64
PORT = 8001
"""Where dev answers, by its overlay."""


@dataclass(frozen=True)
class Host:
    """A machine that follows the overlay of dev.

    Attributes:
        project: Its checkout.
        engine: Its Docker, signed in to the registry.
        key: What its service lets in.
    """

    project: Path
    engine: Engine
    key: str

    def compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Compose as docs/how-to/compose.md says."""
        files = ("-f", "compose.yaml", "-f", "deploy/overlays/dev/compose.yaml")
        return run([docker.compose(), *files, *words], self.project, **self.engine.environment)

    def tell(self, old: str, new: str) -> None:
        """Put another digest into the overlay."""
        path = self.project / "deploy/overlays/dev/compose.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def container(self) -> dict[str, object]:
        """The service's container, as Docker describes it."""
        [name] = self.compose("ps", "--quiet").stdout.split()
        found: list[dict[str, object]] = json.loads(self.engine.run("inspect", name).stdout)
        return found[0]


@pytest.fixture(scope="module")
def host(
    template: Path, walked: Path, engine: Engine, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """The walked project as generated for Compose, its image in the registry and named by the overlay of dev."""
    folder = tmp_path_factory.mktemp("compose")
    project = generate(template, folder, deploy="compose", container_registry=f"{registry.host}/team")
    for results in ("models", "reports"):
        shutil.copytree(walked / results, project / results, dirs_exist_ok=True)
    lend(walked, project)
    login = {"DOCKER_CONFIG": str(folder / "docker")}
    signed_in = Engine({**engine.environment, **login})
    done = signed_in.run("login", "--username", USER, "--password-stdin", registry.host, text=PASSWORD)
    assert done.returncode == 0, done.stderr
    told = {"GOLDENPATH_FACTS": str(folder / "facts.json")}
    done = verb(project, "image", "build", "--push", **signed_in.environment, **told)
    assert done.returncode == 0, done.stdout + done.stderr
    key, line = re.findall(r"^  (\S+.*)$", verb(project, "api-key", "tests").stdout, re.MULTILINE)
    laid = signed_in.run("run", "--rm", "--interactive", "--volume", f"{walked.name}-dev_keys:/keys", docker.BASE,
                         "tee", "-a", "/keys/api-keys", text=f"{line}\n")  # fmt: skip
    assert laid.returncode == 0, laid.stderr
    started = Host(project, signed_in, key)
    started.tell(NOTHING, json.loads((folder / "facts.json").read_text())["image"].removeprefix("sha256:"))
    done = started.compose("up", "--detach", "--wait", "--quiet-pull")
    try:
        assert done.returncode == 0, done.stderr
        yield started
    finally:
        started.compose("down", "--timeout", "5")


def test_the_service_answers_where_the_overlay_says(host: Host) -> None:
    done = run([str(host.project / ".venv/bin/python"), "-c", SAMPLE], host.project)
    request = Request(f"http://127.0.0.1:{PORT}/predict", done.stdout.encode(), {"Content-Type": "application/json"})

    with pytest.raises(HTTPError, match="401"):
        urlopen(request, timeout=10)  # noqa: S310  # loopback
    request.add_header("X-API-Key", host.key)
    with urlopen(request, timeout=10) as response:  # noqa: S310  # loopback
        answer = json.load(response)

    signature = json.loads((host.project / "models/signature.json").read_text())
    assert answer["model"] == signature["model_sha256"]


SAMPLE = """\
import json
from goldenpath.project import contract
from goldenpath.serving.rest.request import example_row
print(json.dumps(example_row(contract.load()), default=str))
"""


def test_the_container_has_the_rights_and_limits_of_the_file_and_no_more(host: Host) -> None:
    found = host.container()

    settings, config = found["HostConfig"], found["Config"]
    assert isinstance(settings, dict)
    assert isinstance(config, dict)
    assert config["User"] == "10001:10001"
    assert settings["ReadonlyRootfs"] is True
    assert settings["CapDrop"] == ["ALL"]
    assert settings["SecurityOpt"] == ["no-new-privileges:true"]
    assert (settings["Memory"], settings["NanoCpus"], settings["PidsLimit"]) == (512 * 2**20, 10**9, 256)
    assert settings["PortBindings"] == {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(PORT)}]}


def test_an_image_that_cannot_be_had_leaves_what_runs(host: Host) -> None:
    before = host.container()["Id"]
    text = (host.project / "deploy/overlays/dev/compose.yaml").read_text()
    digest = text.partition("@sha256:")[2][:64]
    host.tell(digest, NOTHING)
    try:
        done = host.compose("up", "--detach", "--wait")
    finally:
        host.tell(NOTHING, digest)

    assert done.returncode != 0
    assert "not found" in done.stderr or "manifest unknown" in done.stderr, done.stderr
    assert host.container()["Id"] == before


def test_every_environment_is_one_that_compose_reads(host: Host) -> None:
    for environment in ("dev", "staging", "prod"):
        files = ("-f", "compose.yaml", "-f", f"deploy/overlays/{environment}/compose.yaml")
        done = run([docker.compose(), *files, "config", "--quiet"], host.project, **host.engine.environment)
        assert (done.returncode, done.stderr) == (0, ""), environment
