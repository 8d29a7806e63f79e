"""A generated project at work, watched by a real Prometheus and a real Alertmanager under the project's own files.

What is watched is the product itself: its service and its consumer answer; a batch, drift and labels run, and leave
their files to a node exporter. Nothing that a rule or a panel reads is made up.
"""

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
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml

from tests.template import watchers
from tests.template.docker import free_port
from tests.template.generation import lend, run, verb
from tests.template.watchers import Desk, Prometheus, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

PRODUCT, OWNER = "flight-delays", "@your-org/your-team"
ROWS, SAME = 3000, 150
MOST_CONCURRENT = 4
AS_THE_SAMPLE_IS = {"Watchdog", "DataTooOld"}
"""What fires in good health: the watchdog always, and the sample's flights are of 2013."""

PREPARED = f"""
import json, sys
from pathlib import Path
import pandas as pd
from goldenpath.project import contract
from goldenpath.project.paths import split_file
folder = Path(sys.argv[1])
rows = pd.read_parquet(split_file("train")).sample({ROWS}, random_state=0)
names = [column.name for column in contract.load().features]
rows.head({SAME}).to_parquet(folder / "same.parquet")
shifted = rows.assign(temperature=rows["temperature"] + 40, recent_departure_delay=rows["recent_departure_delay"] + 60)
shifted.to_parquet(folder / "shifted.parquet")
(folder / "rows.jsonl").write_text(rows[names].to_json(orient="records", lines=True))
rows.iloc[0, rows.columns.get_loc("carrier")] = None
rows.to_parquet(folder / "rows.parquet")
"""
"""Rows as the model knows them, of which the first breaks the contract, and the same moved."""

FLIPPED = """
import sys
import pandas as pd
answers = pd.read_parquet(sys.argv[1])
answers.assign(late=~answers["late"]).to_parquet(sys.argv[2])
"""

TRAFFIC = """
import http.client, itertools, json, sys, time
import redis
rows = [json.loads(line) for line in open(sys.argv[1])]
port, events = int(sys.argv[2]), redis.Redis.from_url(sys.argv[3])
for number in itertools.count():
    body = json.dumps(rows[number % len(rows)] if number else {})
    try:
        service = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        service.request("POST", "/predict", body, {"Content-Type": "application/json"})
        service.getresponse().read()
        service.close()
    except (OSError, http.client.HTTPException):
        pass
    asked = {"specversion": "1.0", "id": f"t-{number}", "source": "/callers", "type": "asked"}
    events.xadd("predict", {"event": json.dumps(asked | {"data": rows[number % len(rows)]})})
    time.sleep(0.05)
"""
"""Callers who go on for as long as the tests; the very first request has no content."""

SENT = """
import json, sys
import redis
rows = [json.loads(line) for line in open(sys.argv[1])][: int(sys.argv[2])]
events = redis.Redis.from_url(sys.argv[3])
for number, row in enumerate(rows):
    asked = {"specversion": "1.0", "id": f"same-{number}", "source": "/tests", "type": "asked", "data": row}
    events.xadd("predict", {"event": json.dumps(asked)})
"""

LOGGED = """
import sys
from pathlib import Path
import pandas as pd
from goldenpath.monitoring import log
frame, run = log.read(Path("logs/predictions")), sys.argv[1]
inputs = sorted(name for name in frame.columns if name.startswith("inputs."))
found = {}
for way, column, names in (("rest", "id", "rest-id"), ("batch", "id", f"{run}-"), ("events", "request", "same-")):
    own = frame[(frame["mode"] == way) & (frame["request"].isin([run, "the-same-rows"]) | (way == "events"))]
    own = own[own[column].str.startswith(names)] if way != "rest" else own
    place = own[column].str.extract(r"(\\d+)$")[0].astype(int)
    found[way] = own.assign(place=place).sort_values("place")[["decision", "score", *inputs]].to_json(orient="values")
pd.Series(found).to_json(sys.stdout)
"""
"""What the log holds of the same rows, by the way that they were asked: decisions, scores and inputs."""


@dataclass(frozen=True)
class Watched:
    """A product at work, and what watches it.

    Attributes:
        project: Its folder.
        folder: Where its rows and answers lie.
        port: Of its service.
        redis: Of its events.
        pushgateway: Where jobs may push.
        prometheus: What scrapes it.
        alertmanager: Where that sends alerts.
        desk: Whom they reach.
    """

    project: Path
    folder: Path
    port: int
    redis: int
    pushgateway: str
    prometheus: Prometheus
    alertmanager: str
    desk: Desk

    def verb(self, *words: str) -> None:
        """Let a job of the product run."""
        done = verb(self.project, *words)
        assert done.returncode == 0, done.stdout + done.stderr

    def python(self, code: str, *words: str) -> str:
        """Run a few lines in the product's environment, and tell what they print."""
        done = run([".venv/bin/python", "-c", code, *words], self.project)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def batch(self, rows: str = "rows.parquet", answers: str = "answers.parquet") -> Path:
        """Answer a file of rows."""
        self.verb("batch", str(self.folder / rows), str(self.folder / answers))
        return self.folder / answers

    def held_back(self, name: str) -> set[str]:
        """The alerts for which Alertmanager keeps one that fires to itself."""
        with urllib.request.urlopen(f"{self.alertmanager}/api/v2/alerts") as got:  # noqa: S310
            alerts = json.load(got)
        names = {alert["fingerprint"]: alert["labels"]["alertname"] for alert in alerts}
        held = [alert["status"]["inhibitedBy"] for alert in alerts if alert["labels"]["alertname"] == name]
        return {names[fingerprint] for inhibitors in held for fingerprint in inhibitors}

    def series(self, expression: str) -> list[float]:
        """The numbers that an expression gives now."""
        values = (float(sample["value"][1]) for sample in self.prometheus.query(expression))
        return [value for value in values if not math.isnan(value)]


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """The programs of Debian's packages."""
    if reason := watchers.install():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def watched(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """All of them running by the project's own files, with waits shortened and addresses those of the tests.

    Changed are: the targets; `for` and every interval, down to a second or two, and how soon an alert is sent again;
    the addresses of the receivers, and the folder of their secrets. Rules, routes and texts are the project's.
    """
    folder = tmp_path_factory.mktemp("watched")
    kept_out = shutil.ignore_patterns(".venv", "cache", "logs", "*.prom")
    project = Path(shutil.copytree(walked, folder / PRODUCT, ignore=kept_out))
    lend(walked, project)
    with ExitStack() as stack:
        service, consumer, exporter, redis, gateway, prometheus, alertmanager = (free_port() for _ in range(7))
        desk = stack.enter_context(watchers.desk())
        found = Watched(
            project, folder, service, redis, f"http://127.0.0.1:{gateway}",
            Prometheus(f"http://127.0.0.1:{prometheus}"), f"http://127.0.0.1:{alertmanager}", desk,
        )  # fmt: skip
        _start_product(stack, found, consumer, exporter)
        _write_alertmanager(project, folder, desk)
        stack.enter_context(watchers.pushgateway(gateway, folder / "pushgateway.log"))
        _write_prometheus(project, folder, alertmanager, (service, consumer, exporter), gateway)
        stack.enter_context(
            watchers.running(
                ["prometheus-alertmanager", f"--config.file={folder}/alertmanager/alertmanager.yml",
                 f"--storage.path={folder}/silences", f"--web.listen-address=127.0.0.1:{alertmanager}",
                 "--cluster.listen-address="],
                folder / "alertmanager.log", f"{found.alertmanager}/-/ready",
            )
        )  # fmt: skip
        stack.enter_context(
            watchers.running(
                ["prometheus", f"--config.file={folder}/prometheus/prometheus.yml",
                 f"--storage.tsdb.path={folder}/series", f"--web.listen-address=127.0.0.1:{prometheus}",
                 "--rules.alert.resend-delay=1s"],
                folder / "prometheus.log", f"{found.prometheus.url}/-/ready",
            )
        )  # fmt: skip
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
    until(lambda: watched.prometheus.firing() == AS_THE_SAMPLE_IS, "only what always fires does")
    begun = len(watched.desk.calls), len(watched.desk.mails)

    watchdogs = len(watched.desk.alerts("/watchdog", "Watchdog"))
    until(lambda: len(watched.desk.alerts("/watchdog", "Watchdog")) >= watchdogs + 2, "the watchdog is sent twice more")

    new = [content for _, _, content in watched.desk.calls[begun[0] :]]
    names = {alert["labels"]["alertname"] for content in new for alert in content.get("alerts", ())
             if alert["status"] == "firing"}  # fmt: skip
    assert watched.prometheus.firing() == AS_THE_SAMPLE_IS
    assert names == {"Watchdog"}
    assert [s for s, _ in watched.desk.mails[begun[1] :] if "firing" in s and "DataTooOld" not in s] == []


def test_every_panel_of_every_dashboard_shows_data(watched: Watched) -> None:
    panels = {
        (board.name, panel["title"], target["expr"])
        for board in sorted((watched.project / "monitoring" / "grafana" / "dashboards").glob("*.json"))
        for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    }
    assert len(panels) >= 40
    watched.batch()  # the day's
    empty = sorted(panels)

    def are_filled() -> bool:
        empty[:] = [panel for panel in empty if not watched.series(_filled_in(panel[2]))]
        return not empty

    with suppress(AssertionError):  # which panels lack data tells more
        until(are_filled, "every panel has data")
    assert empty == []


def test_every_series_that_a_rule_reads_is_there(watched: Watched) -> None:
    # No error has happened: that is what health is.
    selectors = {selector.replace(',status=~"5.."', "") for selector in _selectors(watched.project)}

    missing = [selector for selector in sorted(selectors) if not watched.series(selector)]

    assert len(selectors) >= 40
    assert missing == []


def test_a_batch_of_the_same_size_as_the_last_one_is_counted_all_the_same(watched: Watched) -> None:
    [before] = watched.series('batch_rows_total{result="in"}')
    watched.batch()

    [after] = until(
        lambda: [now for now in watched.series('batch_rows_total{result="in"}') if now > before], "a batch is counted"
    )

    assert after == before + ROWS


def test_pods_are_found_by_their_annotations(watched: Watched) -> None:
    [sample] = watched.prometheus.query('up{environment="staging"}')

    assert sample["value"][1] == "1"
    assert (sample["metric"]["product"], sample["metric"]["instance"]) == (PRODUCT, "pod-1")


def test_what_was_asked_three_ways_is_read_back_from_one_log_as_equal_rows(watched: Watched) -> None:
    rows, redis = watched.folder / "rows.jsonl", f"redis://127.0.0.1:{watched.redis}/0"
    logs = watched.project / "logs" / "predictions"
    batched = logs.glob("parquet/day=*/batch-*.parquet")
    earlier = {path.stem.split("-")[1] for path in batched}

    same = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()[:SAME]]
    status, answered = _ask(watched.port, same, {"X-Request-ID": "the-same-rows"})
    answers = watched.batch("same.parquet", "same-answers.parquet")
    for _ in range(2):  # sent again: answered once, and logged twice under one id
        watched.python(SENT, str(rows), str(SAME), redis)
    until(lambda: _lines(logs).count('"request":"same-') == 2 * SAME, "the events are logged")
    [run_id] = {path.stem.split("-")[1] for path in logs.glob("parquet/day=*/batch-*.parquet")} - earlier
    found = {way: json.loads(text) for way, text in json.loads(watched.python(LOGGED, run_id)).items()}

    assert status == 200
    assert answers.is_file()
    assert [len(of_way) for of_way in found.values()] == [SAME, SAME, SAME]
    assert [row[0] for row in found["rest"]] == [item["decision"] for item in answered["predictions"]]
    assert found["rest"] == found["batch"] == found["events"]


def test_drift_writes_a_ticket_to_the_owner_and_takes_it_back_when_it_is_over(watched: Watched) -> None:
    alarm = verb(watched.project, "drift", "--data", str(watched.folder / "shifted.parquet"))
    [text] = until(lambda: watched.desk.mailed("ModelDrift"), "a mail about drift")
    columns = watched.prometheus.query('ALERTS{alertname="ColumnDrifts",alertstate="firing"}')
    watched.verb("drift")
    until(lambda: watched.desk.mailed("ModelDrift", "resolved"), "a mail that it is over")

    assert "drift: alarm" in alarm.stdout
    assert f"Owner: {OWNER}" in text
    assert "/blob/main/monitoring/runbooks.md#modeldrift" in text
    assert re.search(r"Columns that carry [\d.]+% of the importance have moved beyond the limits", text)
    assert {sample["metric"]["column"] for sample in columns} == {"temperature", "recent_departure_delay"}
    assert watched.desk.alerts("/pager", "ModelDrift") == [], "nobody is woken for it"


def test_numbers_of_an_old_run_do_not_pass_for_new_ones(watched: Watched) -> None:
    file = watched.project / "reports" / "drift.prom"
    text = file.read_text(encoding="utf-8")
    three_days_ago = f"drift_last_run_timestamp_seconds {time.time() - 3 * 86_400}"
    file.write_text(re.sub(r"(?m)^drift_last_run_timestamp_seconds .*$", three_days_ago, text), encoding="utf-8")
    until(lambda: "DriftNotChecked" in watched.prometheus.firing(), "it is told that nobody looks")

    file.write_text(text, encoding="utf-8")
    until(lambda: "DriftNotChecked" not in watched.prometheus.firing(), "it is taken back")


def test_a_model_below_the_floor_pages_and_resolves(watched: Watched) -> None:
    truth = watched.folder / "answers.parquet"
    watched.python(FLIPPED, str(truth), str(watched.folder / "flipped.parquet"))
    watched.verb("labels", str(watched.folder / "flipped.parquet"))
    alert = until(lambda: watched.desk.alerts("/pager", "PerformanceBelowFloor"), "a page")[0]
    watched.verb("labels", str(truth))
    until(lambda: watched.desk.alerts("/pager", "PerformanceBelowFloor", "resolved"), "the page is taken back")

    assert alert["labels"] | {"owner": OWNER, "severity": "page", "environment": "prod"} == alert["labels"]
    assert alert["annotations"]["runbook_url"].endswith("monitoring/runbooks.md#performancebelowfloor")
    tokens = {token for path, token, _ in watched.desk.calls if path == "/pager"}
    assert tokens == {"Bearer pager-secret"}, "by the token of the secrets' folder"


def test_errors_page_by_the_fast_burn_and_tell_the_channel(watched: Watched) -> None:
    with _overload(watched.port):
        until(lambda: watched.desk.alerts("/pager", "AvailabilityBudgetBurnsFast"), "a page about errors")
        until(
            lambda: watched.held_back("AvailabilityBudgetBurnsSlowly") == {"AvailabilityBudgetBurnsFast"},
            "the slow one fires, and the fast one holds it back",
        )
    told = until(
        lambda: [content for path, _, content in watched.desk.calls if path == "/slack"
                 and "AvailabilityBudgetBurnsFast" in json.dumps(content)], "a message in the channel",
    )[0]  # fmt: skip

    assert told["channel"] == f"#{PRODUCT}"
    assert f"Owner: {OWNER}" in told["attachments"][0]["text"]
    assert "runbooks.md#availabilitybudgetburnsfast" in told["attachments"][0]["text"]
    assert watched.series('http_requests_total{status="503"}'), "by what the service tells of itself"


def test_a_test_page_is_proved_by_who_answers_it(watched: Watched, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    page = _page(watched, "page", GOLDENPATH_FACTS=str(facts))
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


def test_a_test_page_that_nobody_answers_fails(watched: Watched, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    page = _page(watched, "ticket", 1, GOLDENPATH_FACTS=str(facts))
    output, _ = page.communicate(timeout=30)

    assert page.returncode == 1
    assert "Nobody acknowledged the page to ticket" in output
    assert not facts.exists()


def test_a_test_page_to_a_receiver_that_no_alert_reaches_says_which_there_are(watched: Watched) -> None:
    page = _page(watched, "nobody")
    output, _ = page.communicate(timeout=30)

    assert page.returncode == 1
    assert "sends alerts to page or ticket" in output


def test_what_jobs_pushed_is_found_by_every_selector_of_their_rules(watched: Watched) -> None:
    of_jobs = re.compile("batch_|drift_|prediction_drift_|realized_")
    found = filter(of_jobs.match, sorted(_selectors(watched.project)))
    selectors = [selector.replace("}", ',environment="dev"}') for selector in found]

    def missing() -> list[str]:
        return [selector for selector in selectors if not watched.prometheus.query(selector)]

    assert missing() == selectors
    watched.verb("push-metrics", watched.pushgateway, "--environment", "dev")
    until(lambda: not missing(), "what was pushed is scraped")

    assert len(selectors) >= 12
    pushed = watched.prometheus.query('{environment="dev",__name__=~"batch_.*|drift_.*|realized_.*"}')
    assert {(of["job"], of["product"], of.get("instance")) for of in (item["metric"] for item in pushed)} == {
        (job, PRODUCT, None) for job in ("batch", "drift", "performance")
    }
    assert watched.series(f'up{{product="{PRODUCT}",job="{PRODUCT}-pushed"}}') == [1.0], "TargetDown watches it"
    assert watched.prometheus.query('{__name__=~"go_.*|process_.*",job=~".*-pushed"}') == []


def _selectors(project: Path) -> set[str]:
    """What the rules select."""
    return {
        selector
        for path in (project / "monitoring" / "prometheus" / "rules").glob("*.yaml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        for selector in re.findall(r"[a-z_][\w:]*\{[^}]*\}", rule["expr"])
    }


def _start_product(stack: ExitStack, found: Watched, consumer: int, exporter: int) -> None:
    """Service, consumer, callers, node exporter, and one run of each job."""
    project, folder, redis = found.project, found.folder, f"redis://127.0.0.1:{found.redis}/0"
    goldenpath, log = str(project / ".venv" / "bin" / "goldenpath"), str(project / "logs" / "predictions")
    python = str(project / ".venv" / "bin" / "python")
    own = {"PREDICTION_LOG": log}
    stack.enter_context(
        watchers.running(
            ["redis-server", "--port", str(found.redis), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
            folder / "redis.log", lambda: _redis(found.redis, "PING") == "PONG",
        )
    )  # fmt: skip
    stack.enter_context(
        watchers.running(
            [goldenpath, "serve", "--port", str(found.port)], folder / "service.log",
            f"http://127.0.0.1:{found.port}/readyz", project, **own, MAX_CONCURRENT=str(MOST_CONCURRENT),
        )
    )  # fmt: skip
    stack.enter_context(
        watchers.running(
            [goldenpath, "consume"], folder / "consumer.log",
            f"http://127.0.0.1:{consumer}/metrics", project, **own, EVENTS_REDIS=redis, METRICS_PORT=str(consumer),
        )
    )  # fmt: skip
    found.python(PREPARED, str(folder))
    answers = found.batch()
    found.verb("labels", str(answers))
    found.verb("drift")
    stack.enter_context(watchers.textfiles(project / "reports", exporter, folder / "exporter.log"))
    stack.enter_context(
        watchers.running(
            [python, "-c", TRAFFIC, str(folder / "rows.jsonl"), str(found.port), redis], folder / "callers.log",
            lambda: _redis(found.redis, "XLEN", "predictions") not in ("", "0"), project,
        )
    )  # fmt: skip


def _write_prometheus(
    project: Path, folder: Path, alertmanager: int, ports: tuple[int, int, int], gateway: int
) -> None:
    home = project / "monitoring"
    config = yaml.safe_load((home / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
    for job, port in zip(config["scrape_configs"], ports, strict=True):
        static = job["static_configs"][0]
        static["targets"], static["labels"]["environment"] = [f"127.0.0.1:{port}"], "prod"
    [pods, pushed] = yaml.safe_load((home / "scrape-kubernetes.yaml").read_text(encoding="utf-8"))
    del pods["kubernetes_sd_configs"]  # Debian's build leaves it out; these are the labels that it would find
    about = {"annotation_prometheus_io_scrape": "true", "annotation_prometheus_io_path": "/metrics",
             "annotation_prometheus_io_port": str(ports[0]), "ip": "127.0.0.1", "name": "pod-1"}  # fmt: skip
    labels = {f"__meta_kubernetes_pod_{name}": value for name, value in about.items()}
    labels["__meta_kubernetes_namespace"] = f"{PRODUCT}-staging"
    pods |= {"job_name": "pods", "static_configs": [{"targets": ["found"], "labels": labels}]}
    pushed["static_configs"][0]["targets"] = [f"127.0.0.1:{gateway}"]
    config["scrape_configs"] += [pods, pushed]
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
    text = re.sub(r"https://(pager|watchdog)\.example\.com/[\w-]+", rf"{called.url}/\1", text)
    text = text.replace('"smtp.example.com:587"', f"{called.smtp}\n  smtp_require_tls: false")
    text = re.sub(r"(group_wait|group_interval): \S+", r"\1: 1s", text).replace("_interval: 1m", "_interval: 2s")
    (home / "alertmanager.yml").write_text(text, encoding="utf-8")


def _filled_in(expression: str) -> str:
    """A panel's query, with Grafana's variables as it would fill them in."""
    filled = expression.replace("$__rate_interval", "5s").replace("$environment", "prod")
    assert "$" not in filled
    return filled


def _ask(port: int, rows: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
    service = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        service.request("POST", "/predict", json.dumps(rows), {"Content-Type": "application/json", **headers})
        answer = service.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        service.close()


@contextmanager
def _overload(port: int) -> Iterator[None]:
    """Callers who send half of a request and wait take every place, and others who ask meanwhile are turned away."""
    over = Event()

    def slow() -> None:
        while not over.is_set():
            service = HTTPConnection("127.0.0.1", port, timeout=10)
            service.putrequest("POST", "/predict")
            service.putheader("Content-Type", "application/json")
            service.putheader("Content-Length", "1000")
            service.endheaders(b"[")
            service.getresponse().read()
            service.close()

    def quick() -> None:
        while not over.is_set():
            _ask(port, {}, {})
            time.sleep(0.005)

    with ThreadPoolExecutor(MOST_CONCURRENT + 1) as callers:
        at_work = [callers.submit(slow) for _ in range(MOST_CONCURRENT)] + [callers.submit(quick)]
        try:
            yield
        finally:
            over.set()
    for work in at_work:
        work.result()


def _redis(port: int, *words: str) -> str:
    return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True).stdout.strip()


def _lines(logs: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in logs.glob("*.jsonl"))


def _page(watched: Watched, receiver: str, seconds: int = 30, **variables: str) -> subprocess.Popen[str]:
    options = ["--alertmanager", watched.alertmanager, "--seconds", str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "goldenpath", "alerts", "page", receiver, *options],
        cwd=watched.project, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **variables},
    )  # fmt: skip
