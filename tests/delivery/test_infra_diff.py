from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.promote import promote
from goldenpath.project.exit_codes import Exit
from tests.command import goldenpath
from tests.delivery.delivered_product import COMPOSE, commit, image, overlay, register

Program = Callable[..., Path]

DIFF = """\
diff -u -N /tmp/LIVE-1/apps.v1.Deployment.shop-prod.shop /tmp/MERGED-1/apps.v1.Deployment.shop-prod.shop
-  replicas: 5
+  replicas: 2
diff -u -N /tmp/LIVE-1/v1.Service.shop-prod.shop /tmp/MERGED-1/v1.Service.shop-prod.shop
"""
PLAN = """\
  # aws_s3_bucket.data will be updated in-place
  ~ resource "aws_s3_bucket" "data" {
Plan: 0 to add, 1 to change, 0 to destroy.
"""
BASE = 'services: {shop: {user: "10001:10001", read_only: true}}\n'


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a stand-in in the place of a program: it notes its words, prints, and ends as it is told."""
    for name in ("KUBECTL", "TERRAFORM", "DOCKER"):
        monkeypatch.setenv(name, f"/no/such/{name.lower()}")

    def make(name: str, code: int = 0, out: str = "", err: str = "") -> Path:
        file = tmp_path / name
        file.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"open({str(file)!r} + '.words', 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
            f"print({out!r}, end='')\nprint({err!r}, end='', file=sys.stderr)\nsys.exit({code})\n"
        )
        file.chmod(0o755)
        monkeypatch.setenv(name.upper(), str(file))
        return tmp_path / f"{name}.words"

    return make


@pytest.fixture
def live(shop: Path, mature: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product whose first version is in dev."""
    monkeypatch.setenv("DOCKER", "/no/such/docker")
    register(shop, "1.0.0", built="a")
    promote(shop, "1.0.0", "dev", judge=mature)
    return shop


def test_no_difference_in_the_cluster_is_fine_and_told_to_a_receipt(
    live: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = program("kubectl")
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    ended = goldenpath("infra-diff")

    assert ended.exit_code == 0
    assert asked.read_text() == "diff -k deploy/overlays/dev\n"
    assert "dev: what runs is what git names, by kubectl." in ended.stdout
    told = json.loads((tmp_path / "facts.json").read_text())
    assert told == {"tool": "kubectl", "changes": 0, "environments": ["dev"]}


def test_every_object_that_differs_is_named_and_counted(
    live: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("kubectl", 1, DIFF)
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    ended = goldenpath("infra-diff")

    assert ended.exit_code == Exit.FAILED
    assert "dev: apps.v1.Deployment.shop-prod.shop differs" in ended.stderr
    assert json.loads((tmp_path / "facts.json").read_text())["changes"] == 2


@pytest.mark.parametrize("code", [1, 2, 127])
def test_an_unreachable_cluster_is_told_and_is_no_answer(
    live: Path,
    program: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
) -> None:
    program(
        "kubectl", code, err="E1121 memcache.go: Unhandled Error\nerror: the connection to the server was refused\n"
    )
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    ended = goldenpath("infra-diff")

    assert ended.exit_code == Exit.INCONCLUSIVE
    said = ended.stderr
    assert "nothing is known of dev: error: the connection to the server was refused." in said
    assert not (tmp_path / "facts.json").exists()


def test_without_kubectl_nothing_is_known(live: Path, program: Program) -> None:
    ended = goldenpath("infra-diff")

    assert ended.exit_code == Exit.INCONCLUSIVE
    assert "/no/such/kubectl cannot be run, so nothing is known of dev" in ended.stderr


def test_where_nothing_was_promoted_there_is_nothing_to_compare(live: Path, program: Program) -> None:
    program("kubectl")
    ended = goldenpath("infra-diff", "prod")

    assert ended.exit_code == Exit.INCONCLUSIVE
    assert ended.stderr.startswith("infra-diff cannot tell.\nprod: nothing was promoted there")


@pytest.mark.parametrize(
    ("code", "out", "expected", "says"),
    [
        (0, "No changes.\n", 0, "dev and infra: what runs is what git names, by kubectl and terraform."),
        (2, PLAN, 1, "infra: aws_s3_bucket.data differs"),
        (1, "", Exit.INCONCLUSIVE, "nothing is known of infra: Error: Backend initialization required"),
    ],
)
def test_terraform_is_asked_where_there_is_infrastructure(
    live: Path,
    program: Program,
    code: int,
    out: str,
    expected: int,
    says: str,
) -> None:
    program("kubectl")
    asked = program("terraform", code, out, "" if code != 1 else "╷\n│ Error: Backend initialization required\n╵\n")
    (live / "infra").mkdir()
    (live / "infra" / "bucket.tf").write_text("")

    ended = goldenpath("infra-diff")

    assert ended.exit_code == expected
    assert says in ended.output
    assert asked.read_text().startswith("-chdir=infra plan -detailed-exitcode -input=false")


@pytest.fixture
def hosted(shop: Path, mature: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product on one host, whose first version is in dev."""
    monkeypatch.setenv("DOCKER", "/no/such/docker")
    for name in ("dev", "staging", "prod"):
        path = overlay(shop, name)
        path.unlink()
        path.with_name("compose.yaml").write_text(f"name: shop-{name}\n{COMPOSE}")
    (shop / "compose.yaml").write_text(BASE)
    commit(shop, "Run on a host")
    register(shop, "1.0.0", built="a")
    promote(shop, "1.0.0", "dev", judge=mature)
    return shop


def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *containers: dict[str, Any]) -> None:
    """Stands in for Docker's client on a host with containers."""
    file = tmp_path / "docker"
    answer = json.dumps(containers)
    file.write_text(
        f"#!{sys.executable}\nimport sys\nif 'ps' in sys.argv:\n    assert sys.argv[-1].endswith('project=shop-dev')\n"
        f"    print({' '.join('abc'[: len(containers)])!r})\nelse:\n    print({answer!r})\n"
    )
    file.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(file))


def container(service: str = "shop", running: bool = True, read_only: bool = True, **changed: Any) -> dict[str, Any]:
    """A container as Compose makes it of what git names."""
    labels = {
        "com.docker.compose.project": "shop-dev",
        "com.docker.compose.service": service,
        "golden-path/model": "shop@v1.0.0",
    }
    config = {"Image": image("a"), "User": "10001:10001", "Labels": labels} | changed
    return {
        "Name": f"/shop-dev-{service}-1",
        "State": {"Running": running},
        "Config": config,
        "HostConfig": {"ReadonlyRootfs": read_only},
    }


def test_a_host_that_runs_what_git_names_is_fine(
    hosted: Path,
    program: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docker(tmp_path, monkeypatch, container())

    ended = goldenpath("infra-diff")

    assert ended.exit_code == 0, ended.stderr


@pytest.mark.parametrize(
    ("containers", "says"),
    [
        ([], "dev: service shop has no container"),
        ([container(running=False)], "container shop-dev-shop-1 does not run"),
        ([container(Image=image("b"))], f"has image {image('b')}, git names {image('a')}"),
        ([container(User="0")], "has user 0, git names 10001:10001"),
        ([container(read_only=False)], "has read_only False, git names True"),
        (
            [container(Labels={"com.docker.compose.service": "shop"})],
            "has label golden-path/model (none), git names shop@v1.0.0",
        ),
        ([container(), container("miner")], "is of service miner, which git does not name"),
    ],
    ids=["none", "stopped", "image", "user", "root", "model", "another service"],
)
def test_a_host_that_runs_something_else_is_told(
    hosted: Path,
    program: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    containers: list[dict[str, Any]],
    says: str,
) -> None:
    docker(tmp_path, monkeypatch, *containers)

    ended = goldenpath("infra-diff")

    assert ended.exit_code == Exit.FAILED
    assert says in ended.stderr


def test_a_host_without_docker_is_no_answer(hosted: Path, program: Program) -> None:
    ended = goldenpath("infra-diff")

    assert ended.exit_code == Exit.INCONCLUSIVE
    assert "Docker does not answer on this host, so nothing is known" in ended.stderr


def test_an_environment_that_does_not_exist_is_refused(live: Path, program: Program) -> None:
    ended = goldenpath("infra-diff", "qa")

    assert ended.exit_code == Exit.INCONCLUSIVE
    assert "ENV is 'qa': want one of dev, staging, prod" in ended.stderr
