"""Files that follow from settings: rendered alike everywhere, never edited, and valid under other settings too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from goldenpath.cli.render import render as render_verb
from goldenpath.delivery import render, render_settings
from goldenpath.project.errors import ProjectError
from goldenpath.project.manifest import PATH as MANIFEST
from goldenpath.serving.metrics import SECONDS
from tests.sample import ROOT
from tests.template import watchers

DATA = Path(render.__file__).with_name("templates")
KUBECTL = Path(sys.executable).with_name("kubectl")
ALERT_FILE = f"{render.RULES}/slo.yaml"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what rendering reads and writes in the sample product."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("catalog-info.yaml", "golden-path.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for name in ("deploy", "monitoring", "vendor"):
        shutil.copytree(ROOT / name, root / name)
    return root


def change(root: Path, path: Path, edit: Change) -> None:
    """Change settings as a team would: in the file."""
    content = yaml.safe_load((root / path).read_text(encoding="utf-8"))
    edit(content)
    (root / path).write_text(yaml.safe_dump(content), encoding="utf-8")


def settings(root: Path, edit: Change) -> None:
    change(root, render_settings.SETTINGS, edit)


def manifest(root: Path, edit: Change) -> None:
    change(root, MANIFEST, edit)


def loaded(root: Path, path: str) -> Any:
    return yaml.safe_load((root / path).read_text(encoding="utf-8"))


def test_a_generated_project_is_rendered(project: Path) -> None:
    assert render.check(project) == []
    assert render.render(project) == render.Changes((), (), ())


def test_a_file_edited_by_hand_is_found_and_overwritten(project: Path) -> None:
    text = (project / ALERT_FILE).read_text(encoding="utf-8")
    (project / ALERT_FILE).write_text(text.replace("14.4", "144.4"), encoding="utf-8")

    [fault] = render.check(project)
    changes = render.render(project)

    assert fault.startswith(f"{ALERT_FILE}: edited by hand. Change golden-path.yaml or monitoring/settings.yaml")
    assert changes == render.Changes((ALERT_FILE,), (), (ALERT_FILE,))
    assert (project / ALERT_FILE).read_text(encoding="utf-8") == text


def test_a_change_of_digest_does_not_hide_an_edit(project: Path) -> None:
    (project / ALERT_FILE).write_text("groups: []\n", encoding="utf-8")
    record = (project / render.RECORD).read_text(encoding="utf-8")
    (project / render.RECORD).write_text(re.sub(rf"({ALERT_FILE}): \w+", rf"\1: {'0' * 64}", record), encoding="utf-8")

    found = [fault.partition(":")[0] for fault in render.check(project)]

    assert found == [ALERT_FILE, render.RECORD]


def test_changed_settings_make_files_stale_until_rendered(project: Path) -> None:
    settings(project, lambda content: content["alerts"].update(batch_hours=50))

    faults = render.check(project)
    changes = render.render(project)

    assert {fault.partition(":")[0] for fault in faults} == set(changes.written)
    assert all("settings or library have changed" in fault for fault in faults if render.RECORD not in fault)
    assert "> 50 * 3600" in (project / render.RULES / "batch.yaml").read_text(encoding="utf-8")
    assert changes.overwritten == ()
    assert render.check(project) == []


def test_a_missing_file_is_found(project: Path) -> None:
    (project / "catalog-info.yaml").unlink()

    assert render.check(project) == ["catalog-info.yaml: missing. Run: goldenpath render"]


def test_what_no_setting_asks_for_is_removed(project: Path) -> None:
    manifest(project, lambda content: content.update(serving=["rest"]))
    gone = {f"{render.RULES}/{mode}.yaml" for mode in ("batch", "events")}
    gone |= {f"{render.DASHBOARDS}/{mode}.json" for mode in ("batch", "events")}

    faults = render.check(project)
    changes = render.render(project)

    assert f"{render.RULES}/events.yaml: no setting asks for it any more. Run: goldenpath render" in faults
    assert set(changes.removed) == gone
    assert not any((project / path).exists() for path in gone)
    assert "EventsLag" not in (project / "monitoring/runbooks.md").read_text(encoding="utf-8")
    assert set(render.rule_tests(project)).isdisjoint({"batch.yaml", "events.yaml"})
    assert render.check(project) == []


def test_one_machine_gets_compose_and_no_cluster_files(project: Path) -> None:
    manifest(project, lambda content: content["deploy"].update(to="compose"))

    render.render(project)

    assert loaded(project, "compose.yaml")["services"]["flight-delays"]["environment"]["DRAIN_SECONDS"] == "1"
    assert not any(
        (project / path).exists() for path in ("deploy/base", "deploy/argocd", "monitoring/kustomization.yaml")
    )


def test_an_environment_gets_its_application_and_quiet_alerts(project: Path) -> None:
    manifest(project, lambda content: content["deploy"].update(environments=["qa", "live"]))

    render.render(project)

    routes = loaded(project, "monitoring/alertmanager/alertmanager.yml")["route"]["routes"]
    assert sorted(path.name for path in (project / "deploy/argocd").iterdir()) == [
        "live.yaml",
        "project.yaml",
        "qa.yaml",
    ]
    assert ['environment =~ "local|qa"'] in [route["matchers"] for route in routes]
    assert "goldenpath rollback live" in (project / "monitoring/runbooks.md").read_text(encoding="utf-8")


def test_rules_and_dashboards_of_the_team_are_kept_and_deployed(project: Path) -> None:
    (project / render.RULES / "own.yaml").write_text("groups: []\n", encoding="utf-8")
    (project / render.DASHBOARDS / "own.json").write_text("{}\n", encoding="utf-8")

    render.render(project)

    files = {
        name
        for made in loaded(project, "monitoring/kustomization.yaml")["configMapGenerator"]
        for name in made["files"]
    }
    assert {"prometheus/rules/own.yaml", "grafana/dashboards/own.json"} <= files
    assert (project / render.RULES / "own.yaml").is_file()


def test_settings_of_the_service_reach_every_deployment(project: Path) -> None:
    manifest(project, lambda content: content["deploy"].update(settings={"AUTH": "jwt", "MAX_CONCURRENT": 8}))
    manifest(project, lambda content: content["cost"].update(cost_center="cc-12"))

    render.render(project)

    base = loaded(project, "deploy/base/kustomization.yaml")
    assert {"AUTH=jwt", "MAX_CONCURRENT=8"} < set(base["configMapGenerator"][0]["literals"])
    assert base["labels"][0] == {"pairs": {"cost-center": "cc-12"}, "includeTemplates": True}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda content: content["alerts"].update(batch_hour=3), "alerts.batch_hour: unknown setting. Did you mean"),
        (lambda content: content.update(alert={}), "alert: unknown setting. Did you mean alerts?"),
        (lambda content: content["receivers"].update(boss={}), "receivers.boss: unknown setting. Known are page"),
        (lambda content: content["receivers"]["page"].update(slak="#a"), "receivers.page.slak: unknown setting. Did"),
        (lambda content: content["cluster"].update(prometeus="x"), "cluster.prometeus: unknown setting. Did you mean"),
        (lambda content: content["alerts"].update(batch_hours=2), "alerts.batch_hours is 2: want a number from 3"),
        (lambda content: content["alerts"].update(batch_hours=3.5), "alerts.batch_hours is 3.5: want a whole number"),
        (lambda content: content["alerts"].update(contract_share="5 %"), "alerts.contract_share is '5 %': want a"),
        (lambda content: content.update(alerts=[1]), "alerts is [1]: want settings with names"),
        (lambda content: content["mail"].pop("smarthost"), "name mail.smarthost and mail.from"),
        (lambda content: content.update(runbooks="wiki"), "runbooks is 'wiki': want an address"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(project: Path, edit: Change, words: str) -> None:
    settings(project, edit)

    with pytest.raises(ProjectError) as refused:
        render.render(project)

    assert str(refused.value).startswith(f"{render_settings.SETTINGS}: ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda content: content["slo"].update(availability=0.9), "slo.availability is 0.9: want a number from 0.94"),
        (
            lambda content: content["slo"].update(latency_p95_ms=80),
            "slo.latency_p95_ms is 80: the service counts by 1,",
        ),
        (lambda content: content["product"].pop("repository"), "product.repository is '': want an address"),
        (lambda content: content["product"].update(owner=""), "product.owner is missing"),
        (lambda content: content["deploy"].update(to="moon"), "deploy.to is 'moon', want one of kubernetes, compose"),
        (lambda content: content["deploy"].update(environments=["a/b"]), "deploy.environments: 'a/b'"),
        (lambda content: content["deploy"].update(settings={"auth": "x"}), "deploy.settings: auth"),
    ],
)
def test_a_wrong_line_of_the_manifest_is_named(project: Path, edit: Change, words: str) -> None:
    manifest(project, edit)

    with pytest.raises(ProjectError) as refused:
        render.check(project)

    assert str(refused.value).startswith(f"{MANIFEST}: ")
    assert words in str(refused.value)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd"])
def test_a_record_that_names_files_outside_is_refused(project: Path, name: str) -> None:
    (project.parent / "outside").write_text("kept", encoding="utf-8")
    (project / render.RECORD).write_text(f"{name}: abc\n", encoding="utf-8")

    with pytest.raises(ProjectError, match="outside the project"):
        render.render(project)

    assert (project.parent / "outside").is_file()


def test_names_with_quotes_and_braces_stay_texts(project: Path) -> None:
    name = 'The "big" one: {a} & [[ b ]] #1'
    manifest(project, lambda content: content["product"].update(name=name))

    render.render(project)

    assert loaded(project, "catalog-info.yaml")["metadata"]["title"] == name
    assert json.loads((project / render.DASHBOARDS / "service.json").read_text(encoding="utf-8"))["title"].startswith(
        name
    )


def test_every_template_is_listed() -> None:
    there = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()}

    assert there == {*render.TEMPLATES, *(f"rule_tests/{name}" for name in render.RULE_TESTS)}


def test_objectives_of_latency_are_bounds_of_the_histogram() -> None:
    assert tuple(bound / 1000 for bound in render_settings.LATENCY_BOUNDS_MS) == SECONDS


def test_rendering_needs_nothing_that_cookiecutter_lacks() -> None:
    third = packages_after("import jinja2, yaml; import goldenpath.delivery.render")

    assert third - packages_after("import jinja2, yaml") == {"goldenpath"}


def packages_after(imports: str) -> set[str]:
    words = f"{imports}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    return set(done.stdout.split()) - set(sys.stdlib_module_names)


def test_the_vendored_wheel_renders_the_same_bytes(project: Path) -> None:
    [wheel] = (project / "vendor").glob("*.whl")
    words = (
        "from pathlib import Path; from goldenpath.delivery import render; "
        "print(render.__file__); print(render.check(Path.cwd()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=project, env={**os.environ, "PYTHONPATH": str(wheel)}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    origin, faults = done.stdout.splitlines()
    assert origin.startswith(str(wheel))
    assert faults == "[]"


def test_the_verb_tells_what_it_wrote(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / ALERT_FILE).write_text("groups: []\n", encoding="utf-8")

    checked = CliRunner().invoke(render_verb, ["--check"])
    first, second = (CliRunner().invoke(render_verb, []) for _ in range(2))

    assert isinstance(checked.exception, ProjectError)
    assert first.output == f"Wrote {ALERT_FILE}; what was edited by hand is in git alone\n"
    assert second.output == "Every rendered file is current.\n"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_an_overlay_builds_on_the_rendered_base(project: Path, environment: str) -> None:
    manifest(project, lambda content: content["deploy"].update(settings={"AUTH": "jwt"}))
    render.render(project)

    done = subprocess.run(
        [KUBECTL, "kustomize", f"deploy/overlays/{environment}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )

    objects = {item["kind"]: item for item in yaml.safe_load_all(done.stdout)}
    [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    released = environment == "prod"
    assert objects["ConfigMap"]["data"] | {"ENVIRONMENT": environment, "AUTH": "jwt"} == objects["ConfigMap"]["data"]
    assert "@sha256:" in container["image"]
    assert objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["kind"] == (
        "Rollout" if released else "Deployment"
    )
    assert ("Rollout" in objects, "AnalysisTemplate" in objects) == (released, released)


def test_rules_and_dashboards_build_for_a_cluster(project: Path) -> None:
    done = subprocess.run([KUBECTL, "kustomize", "monitoring"], cwd=project, capture_output=True, text=True, check=True)

    rules, boards = sorted(yaml.safe_load_all(done.stdout), key=lambda item: item["metadata"]["name"], reverse=True)
    assert set(rules["data"]) == {"batch.yaml", "events.yaml", "model.yaml", "service.yaml", "slo.yaml", "watch.yaml"}
    assert set(boards["data"]) == {"batch.json", "events.json", "model.json", "service.json"}


@pytest.mark.e2e
def test_the_rules_tests_hold_under_other_thresholds(project: Path, tmp_path: Path) -> None:
    if reason := watchers.install():
        pytest.skip(reason)
    shares = {name: 0.3 for name in render_settings.ALERTS if name.endswith("_share")}
    whole = {"batch_hours": 5, "events_lag_seconds": 7, "drift_days": 4, "model_days": 9, "data_days": 120}
    settings(
        project, lambda content: content["alerts"].update(**shares, **whole, traffic_requests=3, unwritten_records=7)
    )
    manifest(project, lambda content: content["slo"].update(availability=0.96, latency_p95_ms=250))
    render.render(project)
    for name, text in render.rule_tests(project).items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    done = subprocess.run(
        ["promtool", "test", "rules", *map(str, sorted(tmp_path.glob("*.yaml")))], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.e2e
def test_alertmanager_takes_receivers_of_its_own_kind(project: Path) -> None:
    if reason := watchers.install():
        pytest.skip(reason)
    pager = {"pagerduty_configs": [{"routing_key_file": "/run/alertmanager/key", "description": "{{ .Status }}"}]}
    settings(project, lambda content: content["receivers"].update(page=pager))
    render.render(project)
    config = project / "monitoring/alertmanager/alertmanager.yml"

    done = subprocess.run(["amtool", "check-config", str(config)], capture_output=True, text=True)

    page = yaml.safe_load(config.read_text(encoding="utf-8"))["receivers"][0]
    assert done.returncode == 0, done.stdout + done.stderr
    assert page == {"name": "page", **pager}


def test_rendered_files_are_marked_as_generated() -> None:
    rendered = [*loaded(ROOT, render.RECORD), render.RECORD]

    done = subprocess.run(
        ["git", "check-attr", "linguist-generated", "--", *rendered, str(render_settings.SETTINGS), "contract.yaml"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    marked = [line.partition(":")[0] for line in done.stdout.splitlines() if line.endswith(": set")]
    assert marked == rendered
