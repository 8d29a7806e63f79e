"""What the template deploys: every overlay renders, is valid for three versions of Kubernetes, and keeps every rule."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.template.generation import generate, run

pytestmark = pytest.mark.xdist_group("deploy")

VERSIONS = ("1.35", "1.36", "1.37")
ENVIRONMENTS = ("dev", "staging", "prod")
KUSTOMIZE = [str(Path(sys.executable).with_name("kubectl")), "kustomize"]


@pytest.fixture(scope="module")
def kubernetes(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(template, tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="module")
def compose(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(template, tmp_path_factory.mktemp("compose"), deploy="compose")


def rendered(project: Path, environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*KUSTOMIZE, f"deploy/overlays/{environment}"], cwd=project, capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def validate(project: Path) -> subprocess.CompletedProcess[str]:
    """Run the gate of manifests, without the project's virtual environment."""
    words = [sys.executable, "-m", "goldenpath", "gate", "deploy"]
    return run(words, project, GOLDENPATH_FACTS=str(project.parent / "facts.json"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_overlay_is_valid_for_every_version(kubernetes: Path, environment: str, version: str) -> None:
    judged = []
    for item in rendered(kubernetes, environment):
        if not item["apiVersion"].startswith("argoproj.io/"):
            kubernetes_validate.validate(item, version, strict=True)
            judged.append(item["kind"])

    assert {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"} <= set(judged)


def test_production_is_a_canary_that_runs_the_pods_of_the_deployment(kubernetes: Path) -> None:
    objects = {item["kind"]: item for item in rendered(kubernetes, "prod")}

    rollout = objects["Rollout"]["spec"]
    assert rollout["workloadRef"]["name"] == objects["Deployment"]["metadata"]["name"]
    assert objects["Deployment"]["spec"]["replicas"] == 0
    assert objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["kind"] == "Rollout"
    analyses = [step["analysis"] for step in rollout["strategy"]["canary"]["steps"] if "analysis" in step]
    assert {item["templates"][0]["templateName"] for item in analyses} == {
        objects["AnalysisTemplate"]["metadata"]["name"]
    }


def test_the_canary_asks_in_promql(kubernetes: Path, tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool: apt install prometheus")
    [template] = [item for item in rendered(kubernetes, "prod") if item["kind"] == "AnalysisTemplate"]
    queries = [item["provider"]["prometheus"]["query"] for item in template["spec"]["metrics"]]
    rules = [{"record": f"asked:{n}", "expr": re.sub(r"{{.*?}}", "x", query)} for n, query in enumerate(queries)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "canary", "rules": rules}]}))

    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(queries)} rules found" in done.stdout


def test_environments_differ_in_what_they_should_and_in_nothing_else(kubernetes: Path) -> None:
    dev, staging = (
        json.loads(re.sub(r"settings-[a-z0-9]{10}", "settings", json.dumps(rendered(kubernetes, name))))
        for name in ("dev", "staging")
    )
    there = {item["kind"] + item["metadata"]["name"]: item for item in staging}
    here = {item["kind"] + item["metadata"]["name"]: item for item in dev}

    different = {name for name in here if json.dumps(here[name]).replace("-dev", "-staging") != json.dumps(there[name])}

    assert different == {"HorizontalPodAutoscalerflight-delays", "ConfigMapsettings"}
    assert [found["ConfigMapsettings"]["data"]["AUTH"] for found in (here, there)] == ["api-key", "api-key"]


def test_the_projects_own_validation_counts_every_object(kubernetes: Path) -> None:
    done = validate(kubernetes)

    assert done.returncode == 0, done.stderr
    counted = json.loads((kubernetes.parent / "facts.json").read_text())["objects"]
    assert counted == sum(len(rendered(kubernetes, name)) for name in ENVIRONMENTS) + 4


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("base/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "nobody runs as root"),
        ("base/deployment.yaml", "containerPort: 8000", "containerPort: http", "is not of type 'integer'"),
        ("base/deployment.yaml", "revisionHistoryLimit", "revisonHistoryLimit", "was unexpected"),
        ("overlays/prod/kustomization.yaml", f"digest: sha256:{'0' * 64}", "newTag: latest", "lacks images.0.digest"),
        ("base/canary/rollout.yaml", "templateName: canary", "templateName: other", "a release can be stopped"),
        ("base/kustomization.yaml", "AUTH=api-key", "AUTH=none", "callers have to say who they are"),
        ("overlays/prod/kustomization.yaml", "ENVIRONMENT=prod", "ENVIRONMENT=dev", "ENVIRONMENT is dev, want prod"),
        ("argocd/prod.yaml", "selfHeal: true", "selfHeal: false", "selfHeal is not true"),
    ],
)
def test_a_bad_manifest_is_refused_for_its_own_reason(
    kubernetes: Path, tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    project = tmp_path / "project"
    shutil.copytree(kubernetes, project, ignore=shutil.ignore_patterns(".git"))
    path = project / "deploy" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    done = validate(project)

    assert done.returncode == 1
    assert words in done.stderr or words in str(promotable(project))


def promotable(project: Path) -> str:
    """What a promotion to production says about the overlay."""
    code = (
        "from pathlib import Path; from goldenpath.delivery import desired_state; "
        "desired_state.read(Path.cwd(), 'prod')"
    )
    return run([sys.executable, "-c", code], project).stderr


def test_compose_files_keep_every_rule(compose: Path) -> None:
    done = validate(compose)

    assert (done.returncode, done.stdout) == (0, "3 objects are valid, and keep every rule.\ndeploy: pass\n"), (
        done.stderr
    )


def test_a_bad_compose_file_is_refused(compose: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(compose, project, ignore=shutil.ignore_patterns(".git"))
    path = project / "compose.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("read_only: true", "read_only: false"), encoding="utf-8")

    done = validate(project)

    assert done.returncode == 1
    assert "prod: containers have no rights: service flight-delays: lacks read_only: true" in done.stderr


def test_each_option_leaves_only_its_own_files(kubernetes: Path, compose: Path) -> None:
    def files(project: Path) -> set[str]:
        found = [path for path in (project / "deploy").rglob("*") if path.is_file()] + list(
            project.glob("compose.yaml")
        )
        return {os.fspath(path.relative_to(project)) for path in found}

    both = {"compose.yaml", "deploy/local/haproxy.cfg"}
    assert files(compose) == both | {f"deploy/overlays/{name}/compose.yaml" for name in ENVIRONMENTS}
    assert not any("compose" in path for path in files(kubernetes))
