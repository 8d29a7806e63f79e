"""The whole loop on one machine: drift raises an alert, a retrained model wins its gate and goes out, the alert clears.

Every step is a command of docs/how-to/retraining.md. Service, node exporter and Prometheus are real, by the
project's own rules.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template import watchers
from tests.template.docker import free_port
from tests.template.generation import TEMPLATE, git, lend, verb
from tests.template.watchers import Prometheus, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

DRIFTS = {"ModelDrift", "PredictionsDrift"}
"""The alerts that ask for a new model; single columns drift with every season."""
KNOWN, NEW = "2013-08", "2013-12"
PLAYED = ("--rows", "3000", "--speed", "600000")
"""Three thousand rows, evenly spread over the month, which then passes in five seconds."""


@dataclass
class Seen:
    """What was seen of the loop, in its order.

    Attributes:
        printed: What each command printed, by a word of ours for it.
        reports: The drift reports, and under ``labels`` that of the performance.
        firing: The alerts that fired after each drift report.
        decisions: What ``retrain check`` decided.
        tags: The versions that were registered.
        gate: The report of the gate.
        models: What the service said it answers by, and what lay in ``models/`` then.
        subjects: The commits of the candidate.
    """

    printed: dict[str, str] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    firing: dict[str, set[str]] = field(default_factory=dict)
    decisions: list[Any] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    gate: Any = None
    models: list[tuple[str, str]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Watched:
    """A project whose service runs and is watched."""

    project: Path
    url: str
    service: int
    prometheus: Prometheus
    called: list[str] = field(default_factory=list)

    def verb(self, *words: str, alarms: bool = False) -> str:
        """Run a verb, which has to succeed, or to end as an alarm does."""
        self.called.append(" ".join(words))
        done = verb(self.project, *words)
        assert (done.returncode != 0) == alarms, done.stdout + done.stderr
        return done.stdout + done.stderr

    def play(self, month: str, *, alarms: bool) -> tuple[str, Any, set[str]]:
        """Play a month, measure drift, and wait until Prometheus has judged that."""
        said = self.verb("simulate", month, "--url", self.url, *PLAYED)
        [since] = re.findall(r"goldenpath drift --since (\S+)", said)
        self.verb("drift", "--since", since, alarms=alarms)
        report = self.report("drift")
        [measured] = re.findall(r"^drift_last_run_timestamp_seconds (\S+)", self.text("drift.prom"), re.MULTILINE)
        newest = f"max(drift_last_run_timestamp_seconds) >= {float(measured) - 0.01:.2f}"
        until(lambda: self.prometheus.query(newest), "Prometheus has read the report")
        if alarms:
            until(lambda: DRIFTS & self.prometheus.firing(), "an alert about drift fires")
        else:
            until(lambda: not DRIFTS & self.prometheus.firing(), "no alert about drift fires")
            time.sleep(3)  # three more evaluations
        return said, report, self.prometheus.firing()

    def report(self, name: str) -> Any:
        """A report as JSON."""
        return json.loads(self.text(f"{name}.json"))

    def text(self, name: str) -> str:
        """A report as text."""
        return (self.project / "reports" / name).read_text(encoding="utf-8")

    def model(self) -> tuple[str, str]:
        """What answers, and what lies in ``models/``."""
        with urllib.request.urlopen(f"{self.url}/model") as answer:  # noqa: S310  # our own, on loopback
            running = str(json.load(answer)["model_sha256"])
        described = json.loads((self.project / "models" / "signature.json").read_text(encoding="utf-8"))
        return running, str(described["model_sha256"])


@pytest.fixture(scope="module")
def watched(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A copy of the walked project, whose service a Prometheus watches by the project's rules.

    Changed are: the targets, `for`, and how often is scraped and evaluated.
    """
    if reason := watchers.install():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("loop")
    project = folder / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv", "cache", "logs"))
    lend(walked, project)
    (project / ".dvc/config.local").write_text(f"[cache]\n    dir = {walked / '.dvc' / 'cache'}\n")
    for tag in git(project, "tag").split():
        git(project, "tag", "--delete", tag)
    with ExitStack() as stack:
        service, pid = stack.enter_context(_service(project, folder / "service.log"))
        exporter, prometheus = free_port(), f"127.0.0.1:{free_port()}"
        stack.enter_context(watchers.textfiles(project / "reports", exporter, folder / "exporter.log"))
        _write_prometheus(project, folder, {"8000": service, "9100": f"127.0.0.1:{exporter}"})
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/series",
                   f"--web.listen-address={prometheus}"]  # fmt: skip
        stack.enter_context(watchers.running(command, folder / "prometheus.log", f"http://{prometheus}/-/ready"))
        yield Watched(project, f"http://{service}", pid, Prometheus(f"http://{prometheus}"))


@pytest.fixture(scope="module")
def seen(watched: Watched) -> Seen:
    """The loop was walked, by the commands of docs/how-to/retraining.md."""
    found = Seen()
    watched.verb("register")
    found.models.append(watched.model())
    for name, month, alarms in (("known", KNOWN, False), ("new", NEW, True)):
        found.printed[name], found.reports[name], found.firing[name] = watched.play(month, alarms=alarms)
    found.printed["labels"] = watched.verb("labels", f"logs/labels-{NEW}.csv")
    found.reports["labels"] = watched.report("performance")
    for words in ((), ("--trigger", "by-hand")):
        found.printed["check"] = watched.verb("retrain", "check", *words)
        found.decisions.append(watched.report("retrain"))
    watched.verb("retrain", "branch", "--through", NEW)
    watched.verb("retrain", "run")
    found.models.append(watched.model())
    watched.verb("gate", "model")
    found.gate = watched.report("gates")
    watched.verb("retrain", "commit")
    found.subjects = git(watched.project, "log", "--format=%s", "main..").splitlines()
    branch = git(watched.project, "branch", "--show-current")
    git(watched.project, "switch", "--quiet", "main")
    git(watched.project, "merge", "--quiet", "--ff-only", branch)
    watched.verb("register")
    found.tags = git(watched.project, "tag", "--list", "--sort=version:refname").splitlines()
    os.kill(watched.service, signal.SIGHUP)
    until(lambda: len({*watched.model()}) == 1, "the service has taken the new model")
    found.models.append(watched.model())
    found.printed["after"], found.reports["after"], found.firing["after"] = watched.play(NEW, alarms=False)
    return found


def test_a_month_that_the_model_knows_raises_no_alert(seen: Seen) -> None:
    assert seen.reports["known"]["verdict"] != "alarm", seen.reports["known"]["reasons"]
    assert DRIFTS & seen.firing["known"] == set()
    assert "may have learned from 100% of these rows" in seen.printed["known"]


def test_a_month_that_is_new_to_it_raises_one(seen: Seen) -> None:
    assert seen.reports["new"]["verdict"] == "alarm"
    assert seen.reports["new"]["rows"] == 3_000
    assert "PredictionsDrift" in seen.firing["new"]
    assert "learned" not in seen.printed["new"]


def test_the_truth_comes_later_and_finds_its_predictions(seen: Seen) -> None:
    report = seen.reports["labels"]

    assert report["taken"]["given"] > 2_750, "cancelled flights never get one"
    assert report["taken"]["given"] == report["taken"]["new"] == report["labels"], "each was joined to its answer"
    assert (report["taken"]["unmatched"], report["taken"]["unusable"]) == (0, 0)
    assert report["judged"]["models"] == [seen.models[0][0]]


def test_drift_asks_for_a_training_and_only_a_person_passes_the_cooldown(seen: Seen) -> None:
    alone, by_hand = seen.decisions

    assert (alone["decision"], by_hand["decision"]) == ("wait", "go")
    assert [reason.partition(":")[0] for reason in alone["reasons"]] == ["drift"]
    assert [hold.partition(":")[0] for hold in alone["holds"]] == ["cooldown"]


def test_the_candidate_wins_against_the_champion_on_rows_that_neither_has_seen(seen: Seen) -> None:
    assert seen.gate["verdict"] == "pass"
    assert seen.gate["champion"]["comparison"] == "compared"
    assert seen.gate["champion"]["model"] == seen.models[0][0]
    assert seen.gate["measured"]["candidate"]["cost_per_row"] < seen.gate["measured"]["champion"]["cost_per_row"]
    assert [subject.partition(" on ")[0] for subject in seen.subjects] == [
        "Train the model", f"Learn from rows through {NEW}"]  # fmt: skip


def test_the_new_version_goes_out_only_when_it_is_told_to(seen: Seen) -> None:
    before, trained, after = seen.models

    assert before[0] == before[1] == trained[0], "training alone changes nothing that answers"
    assert after[0] == after[1] == trained[1] != before[0]
    assert seen.tags == ["flight-delays@v0.1.0", "flight-delays@v0.2.0"]


def test_against_the_new_reference_the_alert_clears(seen: Seen) -> None:
    assert seen.reports["after"]["reference"]["model"] == seen.models[2][0]
    assert seen.reports["after"]["verdict"] != "alarm", seen.reports["after"]["reasons"]
    assert DRIFTS & seen.firing["after"] == set()


@pytest.mark.usefixtures("seen")
def test_the_commands_that_the_document_tells_were_those(watched: Watched) -> None:
    text = (TEMPLATE / "docs" / "how-to" / "retraining.md").read_text(encoding="utf-8")
    block = text.partition("<!-- the loop -->")[2].partition("```sh\n")[2].partition("```")[0]
    told = re.findall(r"^goldenpath ([a-z-]+(?: (?:check|branch|run|commit|model))?)", block, flags=re.MULTILINE)

    rest = iter(watched.called)
    assert len(told) >= 8
    assert [name for name in told if not any(words.startswith(name) for words in rest)] == [], "in that order"


@contextmanager
def _service(project: Path, log: Path) -> Iterator[tuple[str, int]]:
    """The service, as `goldenpath serve` starts it; its address and process."""
    port = free_port()
    variables = {"PREDICTION_LOG": "logs/predictions"}
    with log.open("w") as words:
        process = subprocess.Popen(
            [project / ".venv/bin/goldenpath", "serve", "--port", str(port)], cwd=project,
            env=os.environ | variables, stdout=words, stderr=words,
        )  # fmt: skip
    try:
        ready = f"http://127.0.0.1:{port}/readyz"
        until(lambda: process.poll() is None and urllib.request.urlopen(ready).status == 200, f"it is ready: {log}")
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _write_prometheus(project: Path, folder: Path, addresses: Mapping[str, str]) -> None:
    """Write the project's configuration, for the addresses that stand here for ports of it; others are left out."""
    home = project / "monitoring" / "prometheus"
    config = yaml.safe_load((home / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "1s"}
    del config["alerting"]  # whom it calls is what test_monitoring.py is about
    for job in config["scrape_configs"]:
        static = job["static_configs"][0]
        ports = [target.rpartition(":")[2] for target in static["targets"]]
        static["targets"] = [addresses[port] for port in ports if port in addresses]
    (folder / "rules").mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for rules in (home / "rules").glob("*.yaml"):
        sooner = re.sub(r"^( +for:) .*$", r"\1 1s", rules.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (folder / "rules" / rules.name).write_text(sooner, encoding="utf-8")
