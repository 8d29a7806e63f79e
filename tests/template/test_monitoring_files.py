"""The rules, routes and dashboards of a generated project, as files: what is broken in them is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.template import watchers
from tests.template.generation import generate, git, run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("monitoring")]


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """The programs of Debian's packages."""
    if reason := watchers.install():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project; not to be changed."""
    return generate(template, tmp_path_factory.mktemp("project"))


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """A generated project to change."""
    return Path(shutil.copytree(project, tmp_path / "copy"))


def test_the_rules_pass_their_check_and_the_reviewer_takes_the_receipt(copy: Path) -> None:
    reviewer = [sys.executable, "-m", "goldenpath"]
    check = [*reviewer, "alerts", "check"]
    recorded = subprocess.run([*reviewer, "record", "MON-02", "--", *check], cwd=copy, capture_output=True, text=True)
    report = copy.parent / "review.json"
    subprocess.run([*reviewer, "check", "--format", "json", "--output", str(report)], cwd=copy, capture_output=True)

    [product] = json.loads(report.read_text(encoding="utf-8"))["products"]
    [found] = [item for part in product["parts"] for item in part["criteria"] if item["id"] == "MON-02"]
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert (found["status"], found["reason"]) == ("pass", "27 alerts, each seen firing")


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        ("prometheus/rules/slo.yaml", ("> 14.4 * 0.005", "> 144.4 * 0.005"), "AvailabilityBudgetBurnsFast"),
        ("prometheus/rules/model.yaml", ("}) > 0", "}) > -1"), "ColumnDrifts"),
        ("prometheus/rules/batch.yaml", ("26 * 3600", "26 * 3600)"), "batch.yaml"),
        ("prometheus/prometheus.yml", ("scrape_interval", "scrape_intervall"), "scrape_intervall"),
        ("alertmanager/alertmanager.yml", ("receiver: page", "receiver: pager"), "pager"),
    ],
    ids=["never fires", "always fires", "no PromQL", "no such setting", "no such receiver"],
)
def test_what_is_broken_is_refused(copy: Path, path: str, change: tuple[str, str], told: str) -> None:
    file = copy / "monitoring" / path
    text = file.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change, 1), encoding="utf-8")

    done = _check(copy)

    assert done.returncode == 1
    assert "alerts failed." in done.stderr
    assert told in done.stderr


def test_without_promtool_it_says_which_package_has_it(project: Path, tmp_path: Path) -> None:
    done = _check(project, PATH=str(tmp_path))

    assert done.returncode == 1
    assert "promtool is not installed. Debian: apt-get install prometheus; macOS: brew install prom" in done.stderr


def test_without_events_nothing_watches_for_them(template: Path, tmp_path: Path) -> None:
    project = generate(template, tmp_path, use_events=False)
    texts = {path: path.read_text(encoding="utf-8") for path in (project / "monitoring").rglob("*") if path.is_file()}

    done = _check(project)

    assert [path.name for path, text in texts.items() if "events_total" in text or "events.yaml" in text] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=ServiceDown severity=page environment=prod", "page"),
        ("alertname=ServiceDown severity=page", "page"),
        ("alertname=ServiceDown severity=page environment=staging", "ticket"),
        ("alertname=ModelDrift severity=ticket environment=prod", "ticket"),
        ("alertname=Watchdog severity=none", "watchdog"),
    ],
)
def test_an_alert_goes_to_whom_it_concerns(project: Path, labels: str, receiver: str) -> None:
    config = project / "monitoring" / "alertmanager" / "alertmanager.yml"

    done = subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={config}", *labels.split()],
        capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode, done.stdout.strip()) == (0, receiver)


def test_a_cluster_gets_the_files_as_they_are(project: Path) -> None:
    named = yaml.safe_load((project / "monitoring" / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {name for made in named["configMapGenerator"] for name in made["files"]}
    there = git(project, "ls-files", "monitoring/prometheus/rules", "monitoring/grafana/dashboards").splitlines()

    assert {f"monitoring/{name}" for name in files} == set(there)


def _check(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "goldenpath", "alerts", "check"], project, **variables)
