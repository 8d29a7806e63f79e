from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery import validate
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from tests.delivery.delivered_product import COMPOSE, overlay

SOUND = """\
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
APPLICATION = """\
kind: Application
metadata: {name: shop}
spec:
  source: {path: deploy/overlays/dev}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
"""


@pytest.fixture
def rendered(shop: Path) -> Path:
    """What Kustomize would make of each overlay."""
    folder = shop / "rendered"
    folder.mkdir()
    for environment in ("dev", "staging", "prod"):
        (folder / f"{environment}.yaml").write_text(SOUND)
    argocd = shop / "deploy" / "argocd"
    argocd.mkdir()
    (argocd / "dev.yaml").write_text(APPLICATION)
    return folder


def test_counts_what_it_judged(shop: Path, rendered: Path) -> None:
    assert validate.manifests(shop, rendered) == (7, [])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("port: 80", "port: eighty", "'eighty' is not of type 'integer'"),
        ("port: 80", "port: 80, prot: 1", "'prot' was unexpected"),
        ("kind: Service", "kind: Servise", "knows no such kind"),
        ("apiVersion: v1", "apiVersion: v9", "knows no such kind"),
        ("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "traffic is denied unless allowed"),
    ],
)
def test_what_a_cluster_would_refuse_is_found(shop: Path, rendered: Path, old: str, new: str, words: str) -> None:
    (rendered / "prod.yaml").write_text(SOUND.replace(old, new))

    found = validate.manifests(shop, rendered)[1]

    assert len(found) == 1
    assert found[0].startswith("prod: ")
    assert words in found[0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("selfHeal: true", "selfHeal: false", "selfHeal is not true"),
        ("overlays/dev", "overlays/qa", "holds no kustomization.yaml"),
    ],
)
def test_an_application_that_would_not_follow_git_is_found(
    shop: Path, rendered: Path, old: str, new: str, words: str
) -> None:
    (shop / "deploy" / "argocd" / "dev.yaml").write_text(APPLICATION.replace(old, new))

    [fault] = validate.manifests(shop, rendered)[1]

    assert words in fault


@pytest.mark.parametrize("text", ["a: [", "", "- 1"])
def test_an_overlay_that_renders_to_nothing_is_refused(shop: Path, rendered: Path, text: str) -> None:
    (rendered / "prod.yaml").write_text(text)

    with pytest.raises(ProjectError, match=r"prod\.yaml"):
        validate.manifests(shop, rendered)


def test_an_environment_that_was_not_rendered_is_refused(shop: Path, rendered: Path) -> None:
    (rendered / "prod.yaml").unlink()

    with pytest.raises(ProjectError, match="goldenpath gate deploy"):
        validate.manifests(shop, rendered)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for kubectl: every overlay renders to what the file beside it holds."""
    program, output = tmp_path / "kubectl", tmp_path / "output.yaml"
    output.write_text(SOUND)
    program.write_text(f"#!/bin/sh\ncat {output} || echo 'error: no such base' >&2\n[ -f {output} ]\n")
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    return output


def test_overlays_are_rendered_and_judged(shop: Path, kubectl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate.validate(shop) == Exit.OK

    assert "6 objects are valid against Kubernetes 1.35, 1.36, 1.37" in capsys.readouterr().out
    assert (shop / validate.RENDERED / "prod.yaml").read_text() == SOUND


def test_an_overlay_that_breaks_a_rule_fails(shop: Path, kubectl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kubectl.write_text(SOUND.replace("port: 80", "port: eighty"))

    assert validate.validate(shop) == Exit.FAILED

    assert "gate deploy failed. 3 faults:\ndev: " in capsys.readouterr().err


def test_an_overlay_that_kustomize_refuses_is_told(shop: Path, kubectl: Path) -> None:
    kubectl.unlink()

    with pytest.raises(ProjectError, match=r"deploy/overlays/dev: kubectl kustomize refuses it: .*no such base"):
        validate.validate(shop)


def test_without_kubectl_no_overlay_is_rendered(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL", "/no/such/kubectl")

    with pytest.raises(ProjectError, match="/no/such/kubectl cannot be run"):
        validate.validate(shop)


def test_files_of_compose_are_judged_without_kubectl(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECTL", "/no/such/kubectl")
    (shop / "compose.yaml").write_text("services: {}\n")
    for environment in ("dev", "staging", "prod"):
        overlay(shop, environment).unlink()
        overlay(shop, environment).with_name("compose.yaml").write_text(COMPOSE)

    assert validate.validate(shop) == Exit.FAILED

    assert "dev: nobody runs as root: service shop: runs as None" in capsys.readouterr().err
