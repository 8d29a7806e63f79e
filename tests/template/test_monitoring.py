"""The rules, routes and dashboards of a generated project, in a real Prometheus and a real Alertmanager."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template import watchers
from tests.template.generation import generate, git
from tests.template.watchers import Desk, Exporter, Prometheus, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("monitoring")]

PRODUCT, OWNER = "flight-delays", "@your-org/your-team"
MODEL = 'model_version="c1a0"'
ANSWERED = f'path="/predict",variant="champion",{MODEL}'
DAY = 86_400.0


@dataclass(frozen=True)
class Watched:
    """A Prometheus that watches a service and jobs, and calls a desk through an Alertmanager."""

    prometheus: Prometheus
    alertmanager: str
    service: Exporter
    jobs: Exporter
    desk: Desk


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


@pytest.fixture(scope="module")
def service() -> Iterator[Exporter]:
    """What is scraped as the service: a stand-in that shows the service's metrics, in good health."""
    now = time.time()
    seconds = ("0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
    rates = {
        f'http_requests_total{{{ANSWERED},status="200"}}': 50.0,
        **{f'http_request_duration_seconds_bucket{{{ANSWERED},le="{most}"}}': 50.0 for most in seconds[2:]},
        f"http_request_duration_seconds_count{{{ANSWERED}}}": 50.0,
        **{f'http_requests_refused_total{{reason="{why}"}}': 0.0 for why in ("overload", "too_large", "timeout")},
        f'predictions_total{{mode="rest",variant="champion",{MODEL},decision="true"}}': 10.0,
        f'predictions_total{{mode="rest",variant="champion",{MODEL},decision="false"}}': 40.0,
        **{
            f'prediction_score_bucket{{mode="rest",variant="champion",{MODEL},le="{most}"}}': 5.0 * place
            for place, most in enumerate(("0.2", "0.4", "0.6", "0.8", "1.0", "+Inf"), start=1)
        },
        'contract_violations_total{column="distance",rule="range"}': 0.1,
        f'input_missing_total{{column="wind_speed",{MODEL}}}': 1.0,
        'cache_requests_total{result="hit"}': 5.0,
        'cache_requests_total{result="miss"}': 45.0,
        'prediction_log_records_total{result="written"}': 50.0,
        'prediction_log_records_total{result="lost"}': 0.0,
        "prediction_log_errors_total": 0.0,
    }
    gauges = {
        "http_requests_in_progress": 2.0,
        "prediction_log_unwritten_records": 3.0,
        f'model_info{{{MODEL},name="{PRODUCT}"}}': 1.0,
        f"model_trained_timestamp_seconds{{{MODEL}}}": now - DAY,
        f"data_newest_timestamp_seconds{{{MODEL}}}": now - 10 * DAY,
    }
    with watchers.exporter(gauges, rates) as started:
        yield started


@pytest.fixture(scope="module")
def jobs() -> Iterator[Exporter]:
    """What is scraped as the node exporter: a stand-in that shows what batches, consumers, drift and labels leave."""
    now = time.time()
    variant = 'variant="champion"'
    gauges = {
        'drift_psi{column="distance"}': 0.01,
        'drift_psi{column="wind_speed"}': 0.04,
        'drift_distance{column="distance"}': 0.02,
        "drift_overall": 0.02,
        "drift_columns_moved": 0.0,
        "drift_rows": 20_000.0,
        "drift_last_run_timestamp_seconds": now,
        'prediction_drift_psi{column="score"}': 0.01,
        f'realized_performance{{metric="roc_auc",segment="all",{variant}}}': 0.69,
        f'realized_performance{{metric="roc_auc",segment="origin=LGA",{variant}}}': 0.68,
        f'realized_performance_low{{metric="roc_auc",segment="all",{variant}}}': 0.0,
        f'realized_performance_low{{metric="roc_auc",segment="origin=LGA",{variant}}}': 0.0,
        "realized_through_timestamp_seconds": now - 2 * DAY,
        "batch_last_success_timestamp_seconds": now - 3600,
        "event_lag_seconds": 0.5,
    }
    rates = {
        "realized_labels_total": 10.0,
        'batch_rows_total{result="in"}': 100.0,
        'batch_rows_total{result="out"}': 99.0,
        'batch_rows_total{result="refused"}': 1.0,
        f'predictions_total{{mode="batch",{variant},{MODEL},decision="true"}}': 99.0,
        'events_total{result="ok"}': 20.0,
        'events_total{result="retried"}': 0.1,
        'events_total{result="dead"}': 0.0,
        f'predictions_total{{mode="events",{variant},{MODEL},decision="true"}}': 20.0,
    }
    with watchers.exporter(gauges, rates) as started:
        yield started


@pytest.fixture(scope="module")
def watched(
    project: Path, service: Exporter, jobs: Exporter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """Both running by the project's own files, with their waits shortened and their addresses those of the tests.

    Changed are: the targets, which are production here; `for` and every interval, down to a second or two, and how
    soon an alert is sent again; the addresses of the receivers, and the folder of their secrets. Rules, routes and
    texts are the project's.
    """
    folder = tmp_path_factory.mktemp("watched")
    with ExitStack() as stack:
        called = stack.enter_context(watchers.desk())
        alertmanager, prometheus = (f"127.0.0.1:{watchers.free_port()}" for _ in range(2))
        _write_alertmanager(project, folder, called)
        _write_prometheus(project, folder, alertmanager, service.address, jobs.address)
        stack.enter_context(
            watchers.running(
                ["prometheus-alertmanager", f"--config.file={folder}/alertmanager/alertmanager.yml",
                 f"--storage.path={folder}/silences", f"--web.listen-address={alertmanager}",
                 "--cluster.listen-address="],
                folder / "alertmanager.log", f"http://{alertmanager}/-/ready",
            )
        )  # fmt: skip
        stack.enter_context(
            watchers.running(
                ["prometheus", f"--config.file={folder}/prometheus/prometheus.yml",
                 f"--storage.tsdb.path={folder}/series", f"--web.listen-address={prometheus}",
                 "--rules.alert.resend-delay=1s"],
                folder / "prometheus.log", f"http://{prometheus}/-/ready",
            )
        )  # fmt: skip
        found = Watched(Prometheus(f"http://{prometheus}"), f"http://{alertmanager}", service, jobs, called)
        until(
            lambda: (
                found.prometheus.query("environment:cost_per_thousand_predictions:rate1h > 0")
                and found.desk.alerts("/watchdog", "Watchdog")
            ),
            "rules are evaluated and the watchdog arrives",
        )
        yield found


def test_a_product_in_good_health_calls_nobody(watched: Watched) -> None:
    # Before the first scrape nothing answers; `for`, which is short here, bridges that in production.
    until(lambda: watched.prometheus.firing() == {"Watchdog"}, "only the watchdog fires")
    begun = len(watched.desk.calls), len(watched.desk.mails)

    time.sleep(3)

    new = [content for _, _, content in watched.desk.calls[begun[0] :]]
    names = {alert["labels"]["alertname"] for content in new for alert in content.get("alerts", ())
             if alert["status"] == "firing"}  # fmt: skip
    assert watched.prometheus.firing() == {"Watchdog"}
    assert names == {"Watchdog"}
    assert [subject for subject, _ in watched.desk.mails[begun[1] :] if "firing" in subject] == []


def test_every_panel_of_every_dashboard_shows_data(project: Path, watched: Watched) -> None:
    panels = {
        (board.name, panel["title"], target["expr"])
        for board in sorted((project / "monitoring" / "grafana" / "dashboards").glob("*.json"))
        for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    }
    assert len(panels) >= 40

    def empty() -> list[tuple[str, str, str]]:
        return [panel for panel in sorted(panels) if not _numbers(watched.prometheus.query(_filled_in(panel[2])))]

    until(lambda: not empty(), "every panel has data", seconds=15)
    assert empty() == []


def test_pods_are_found_by_their_annotations(watched: Watched) -> None:
    [sample] = watched.prometheus.query('up{environment="staging"}')

    assert sample["value"][1] == "1"
    assert (sample["metric"]["product"], sample["metric"]["instance"]) == (PRODUCT, "pod-1")


def test_drift_writes_a_ticket_to_the_owner_and_takes_it_back_when_it_is_over(watched: Watched) -> None:
    watched.jobs.gauges["drift_overall"] = 0.4
    [text] = until(lambda: watched.desk.mailed("ModelDrift"), "a mail about drift")
    watched.jobs.gauges["drift_overall"] = 0.02
    until(lambda: watched.desk.mailed("ModelDrift", "resolved"), "a mail that it is over")

    assert f"Owner: {OWNER}" in text
    assert "/blob/main/monitoring/runbooks/model.md#modeldrift" in text
    assert "40% of the importance" in text
    assert watched.desk.alerts("/pager", "ModelDrift") == [], "nobody is woken for it"


def test_a_model_below_the_floor_pages_and_resolves(watched: Watched) -> None:
    series = 'realized_performance_low{metric="roc_auc",segment="all",variant="champion"}'
    watched.jobs.gauges[series] = 1.0
    alert = until(lambda: watched.desk.alerts("/pager", "PerformanceBelowFloor"), "a page")[0]
    watched.jobs.gauges[series] = 0.0
    until(lambda: watched.desk.alerts("/pager", "PerformanceBelowFloor", "resolved"), "the page is taken back")

    assert alert["labels"] | {"owner": OWNER, "severity": "page", "environment": "prod"} == alert["labels"]
    assert alert["annotations"]["runbook_url"].endswith("monitoring/runbooks/model.md#performancebelowfloor")
    tokens = {token for path, token, _ in watched.desk.calls if path == "/pager"}
    assert tokens == {"Bearer pager-secret"}, "by the token of the secrets' folder"


def test_errors_page_by_the_fast_burn_and_tell_the_channel(watched: Watched) -> None:
    watched.service.rates[f'http_requests_total{{{ANSWERED},status="500"}}'] = 500.0
    until(lambda: watched.desk.alerts("/pager", "AvailabilityBudgetBurnsFast"), "a page about errors")
    del watched.service.rates[f'http_requests_total{{{ANSWERED},status="500"}}']
    told = until(
        lambda: [content for path, _, content in watched.desk.calls if path == "/slack"
                 and "AvailabilityBudgetBurnsFast" in json.dumps(content)], "a message in the channel",
    )[0]  # fmt: skip

    assert told["channel"] == f"#{PRODUCT}"
    assert f"Owner: {OWNER}" in told["attachments"][0]["text"]
    assert "service.md#availabilitybudgetburnsfast" in told["attachments"][0]["text"]
    assert watched.desk.mailed("AvailabilityBudgetBurnsSlowly") == [], "the fast one holds the slow one back"


def test_a_test_page_is_proved_by_who_answers_it(project: Path, watched: Watched, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    page = _page(project, watched, RECEIVER="page", SECONDS_TO_WAIT="30", GOLDENPATH_FACTS=str(facts))
    alert = until(lambda: watched.desk.alerts("/pager", "TestPage"), "the test page")[0]
    command = re.search(r"(amtool silence add .*)", alert["annotations"]["description"])
    assert command
    answered = subprocess.run(
        [word if word != "--author=NAME" else "--author=On Call" for word in shlex.split(command[1])],
        capture_output=True, text=True,
    )  # fmt: skip
    output, _ = page.communicate(timeout=30)

    assert answered.returncode == 0, answered.stderr
    assert page.returncode == 0, output
    assert alert["labels"]["code"] not in output, "only who has read the page knows the code"
    told = json.loads(facts.read_text(encoding="utf-8"))
    assert (told["receiver"], told["by"]) == ("page", "On Call")
    assert told["sent"] <= told["acknowledged"]


def test_a_test_page_that_nobody_answers_fails(project: Path, watched: Watched, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    page = _page(project, watched, RECEIVER="ticket", SECONDS_TO_WAIT="1", GOLDENPATH_FACTS=str(facts))
    output, _ = page.communicate(timeout=30)

    assert page.returncode == 1
    assert "Nobody acknowledged the page to ticket" in output
    assert not facts.exists()


def test_a_test_page_to_a_receiver_that_no_alert_reaches_says_which_there_are(project: Path, watched: Watched) -> None:
    page = _page(project, watched, RECEIVER="nobody")
    output, _ = page.communicate(timeout=30)

    assert page.returncode == 1
    assert "sends alerts to page or ticket" in output


def test_the_rules_pass_their_check_and_the_reviewer_takes_the_receipt(copy: Path) -> None:
    reviewer = [sys.executable, "-m", "goldenpath"]
    check = ["env", "PYTHONPATH=src", sys.executable, "-m", "flight_delays.alerting.check"]
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
        ("prometheus/rules/model.yaml", ("> 0.25", "> -1"), "ColumnDrifts"),
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

    done = _run(copy, "alerting.check")

    assert done.returncode == 1
    assert "monitoring-check failed." in done.stderr
    assert told in done.stderr


def test_without_promtool_it_says_which_package_has_it(project: Path, tmp_path: Path) -> None:
    done = _run(project, "alerting.check", PATH=str(tmp_path))

    assert done.returncode == 1
    assert "promtool is not installed. Debian: apt-get install prometheus; macOS: brew install prom" in done.stderr


def test_without_events_nothing_watches_for_them(template: Path, tmp_path: Path) -> None:
    project = generate(template, tmp_path, use_events=False)
    texts = {path: path.read_text(encoding="utf-8") for path in (project / "monitoring").rglob("*") if path.is_file()}

    done = _run(project, "alerting.check")

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


def _write_prometheus(project: Path, folder: Path, alertmanager: str, service: str, jobs: str) -> None:
    home = project / "monitoring"
    config = yaml.safe_load((home / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [alertmanager]
    for job, address in zip(config["scrape_configs"], (service, jobs), strict=True):
        static = job["static_configs"][0]
        static["targets"], static["labels"]["environment"] = [address], "prod"
    [pods] = yaml.safe_load((home / "scrape-kubernetes.yaml").read_text(encoding="utf-8"))
    del pods["kubernetes_sd_configs"]  # Debian's build leaves it out; these are the labels that it would find
    host, port = service.split(":")
    about = {"annotation_prometheus_io_scrape": "true", "annotation_prometheus_io_path": "/metrics",
             "annotation_prometheus_io_port": port, "ip": host, "name": "pod-1"}  # fmt: skip
    labels = {f"__meta_kubernetes_pod_{name}": value for name, value in about.items()}
    labels["__meta_kubernetes_namespace"] = f"{PRODUCT}-staging"
    pods |= {"job_name": "pods", "static_configs": [{"targets": ["found"], "labels": labels}]}
    config["scrape_configs"].append(pods)
    (folder / "prometheus" / "rules").mkdir(parents=True)
    (folder / "prometheus" / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for rules in (home / "prometheus" / "rules").glob("*.yaml"):
        sooner = re.sub(r"^( +for:) .*$", r"\1 1s", rules.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (folder / "prometheus" / "rules" / rules.name).write_text(sooner, encoding="utf-8")


def _write_alertmanager(project: Path, folder: Path, called: Desk) -> None:
    home = shutil.copytree(project / "monitoring" / "alertmanager", folder / "alertmanager")
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, secret in (("slack-url", f"{called.url}/slack"), ("pager-token", "pager-secret"), ("smtp-password", "x")):
        (secrets / name).write_text(secret, encoding="utf-8")
    text = (home / "alertmanager.yml").read_text(encoding="utf-8").replace("/run/alertmanager", str(secrets))
    text = re.sub(r"https://(pager|watchdog)\.example\.com/\S+", rf"{called.url}/\1", text)
    text = text.replace("smtp.example.com:587", f"{called.smtp}\n  smtp_require_tls: false")
    text = re.sub(r"(group_wait|group_interval): \S+", r"\1: 1s", text).replace("_interval: 1m", "_interval: 2s")
    (home / "alertmanager.yml").write_text(text, encoding="utf-8")


def _filled_in(expression: str) -> str:
    """A panel's query, with Grafana's variables as it would fill them in."""
    filled = expression.replace("$__rate_interval", "5s").replace("$environment", "prod")
    assert "$" not in filled
    return filled


def _numbers(samples: list[dict[str, Any]]) -> list[float]:
    return [value for sample in samples if not math.isnan(value := float(sample["value"][1]))]


def _run(project: Path, module: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"flight_delays.{module}"], cwd=project, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"} | variables,
    )  # fmt: skip


def _page(project: Path, watched: Watched, **variables: str) -> subprocess.Popen[str]:
    settings: Mapping[str, str] = {
        name if name.startswith("GOLDENPATH") else f"PAGE_{name}": value
        for name, value in (variables | {"ALERTMANAGER": watched.alertmanager}).items()
    }
    return subprocess.Popen(
        [sys.executable, "-m", "flight_delays.alerting.page"], cwd=project, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1", **settings},
    )  # fmt: skip
