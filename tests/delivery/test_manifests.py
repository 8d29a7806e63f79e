from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery import validate
from goldenpath.project.errors import ProjectError

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

    with pytest.raises(ProjectError, match="make validate-deploy"):
        validate.manifests(shop, rendered)
