"""The criteria of monitoring and support."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.review.product import prometheus
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import DictTree
from goldenpath.review.review import judge
from goldenpath.review.standards import catalogue
from goldenpath.review.standards.verdict import Status
from tests.review.standards.cases import NOW, Case, Repository, hold

MODEL, DATA = "ab" * 32, "cd" * 32
MANIFEST = """\
product:
  name: Churn
  owner: "@acme/churn"
  criticality: medium
kpi: {name: cost_per_row, label_lag_days: 30}
serving: [rest, batch]
slo: {availability: 0.995}
cost: {monthly_budget: 400, currency: EUR, cost_center: cc-12}
deploy:
  environments: [dev, prod]
"""
METRICS = json.dumps({"model": {"roc_auc": 0.7}})
STALENESS = json.dumps(
    {"tolerated": 0.05, "ages": [{"days": 30, "loss": 0.01}, {"days": 60, "loss": 0.04}, {"days": 90, "loss": 0.07}]}
)


def lock(**texts: str) -> str:
    """A dvc.lock under which stage ``evaluate`` wrote these reports."""
    outs = [
        {"path": f"reports/{name}.json", "md5": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
        for name, text in texts.items()
    ]
    return json.dumps({"stages": {"evaluate": {"cmd": "python -m churn.evaluate", "outs": outs}}})


DVC = """\
stages:
  evaluate:
    cmd: python -m churn.evaluate
    deps: [contract.yaml, data/raw.parquet]
    metrics:
      - reports/metrics.json: {cache: false}
      - reports/staleness.json: {cache: false}
"""
CI = """\
on: [pull_request]
jobs:
  report:
    steps:
      - run: make metrics-diff
"""
ALERT = """\
      - alert: {name}
        expr: {expr}
        labels: {{severity: page, owner: acme/churn{more}}}
        annotations: {{runbook_url: "https://git.acme.dev/churn/blob/main/monitoring/runbooks/churn.md#{name}"}}
"""
ALERTS = {
    "Errors": ("slo:errors:ratio > 14.4 * 0.005", ", slo: availability"),
    "BatchMissing": ("absent(batch_last_success_timestamp_seconds)", ""),
    "ModelTooOld": ("time() - max(model_trained_timestamp_seconds) > 60 * 86400", ""),
    "Drifted": ("feature_drift_psi > 0.2", ""),
    "ValuesMissing": ('rate(feature_missing_total{job="churn"}[5m]) > 0.1', ""),
}
RECORD = """\
groups:
  - name: churn
    rules:
      - record: slo:errors:ratio
        expr: sum(rate(http_errors_total[5m])) by (job) / sum(rate(http_requests_total[5m])) by (job)
"""


def rules(**changed: tuple[str, str]) -> str:
    """The rule file, with the expressions and further labels of some alerts changed."""
    alerts = ALERTS | changed
    return RECORD + "".join(ALERT.format(name=name, expr=expr, more=more) for name, (expr, more) in alerts.items())


def rule_tests(*names: str, fire: bool = True) -> str:
    """Tests in which alerts fire, or only rest."""
    cases = [
        {"alertname": name, "eval_time": "5m", "exp_alerts": [{"exp_labels": {}}] if fire else []} for name in names
    ]
    series = [{"series": "up", "values": "0x10"}]
    return json.dumps({"rule_files": ["churn.yml"], "tests": [{"input_series": series, "alert_rule_test": cases}]})


PAGER = """\
route: {receiver: team}
receivers:
  - name: team
    webhook_configs: [{url: "https://pager.acme.dev/churn"}]
"""
CONTRACT = """\
version: 1.0.0
schema: [{name: customers, properties: [{name: tenure}, {name: region}]}]
support:
  - {channel: changes, url: "https://chat.acme.dev/data-changes", scope: announcements}
"""
LINEAGE = {
    "subject": [{"name": "models/model.onnx", "digest": {"sha256": MODEL}}],
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"name": "data/split/train.parquet", "digest": {"sha256": DATA}}]}
    },
}
REFERENCE = {"data": {"sha256": DATA}, "columns": {"tenure": {"edges": [1, 2]}, "region": {"share": {"north": 1}}}}
OVERLAY = "resources: [../../base]\n"
RULES, TESTS = "monitoring/prometheus/churn.yml", "monitoring/prometheus/churn_test.yml"
EXPERIMENT = {
    "name": "new-model",
    "metric": "cost_per_row",
    "minimum_effect": 0.1,
    "stop": {"days": 14},
    "salt": "spring",
    "candidate": "churn@v1.1.0",
    "variants": {"control": 50, "candidate": 50},
}
INCIDENT = """\
# Late answers
## Impact
Two hours of late answers.
## Cause
A full disk.
## Actions
An alert: https://git.acme.dev/churn/pull/7
"""
DORA = {
    "from": "2026-06-01",
    "to": "2026-06-15",
    "deployments": 2,
    "lead_time_hours": 5,
    "change_failure_rate": 0.5,
    "time_to_restore_hours": 2,
}
HEALTHY = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    ".github/workflows/ci.yml": CI,
    "Makefile": ".PHONY: metrics-diff\nmetrics-diff: setup  ## Compare\n\t@dvc metrics diff main\n",
    "dvc.yaml": DVC,
    "dvc.lock": lock(metrics=METRICS, staleness=STALENESS),
    "contract.yaml": CONTRACT,
    "reports/metrics.json": METRICS,
    "reports/staleness.json": STALENESS,
    "reports/plots/importance.json": json.dumps([{"column": "tenure", "importance": 0.2}]),
    "models/signature.json": json.dumps({"model_sha256": MODEL, "inputs": [{"name": "tenure"}, {"name": "region"}]}),
    "models/lineage.json": json.dumps(LINEAGE),
    "models/reference.json": json.dumps(REFERENCE),
    "src/churn/__init__.py": "",
    "src/churn/api.py": "from fastapi import FastAPI\n",
    "src/churn/batch.py": "",
    RULES: rules(),
    TESTS: rule_tests(*ALERTS),
    "monitoring/runbooks/churn.md": "# Errors\n\n1. Roll back.\n",
    "monitoring/alertmanager/alertmanager.yml": PAGER,
    "deploy/base/kustomization.yaml": "labels: [{pairs: {cost-center: cc-12}}]\n",
    "deploy/overlays/dev/kustomization.yaml": OVERLAY,
    "deploy/overlays/prod/kustomization.yaml": OVERLAY,
    "experiments/new-model.yaml": json.dumps(EXPERIMENT),
}
SCRAPED = {
    "predictions": 3,
    "metrics": ["http_errors_total", "http_requests_total", "model_trained_timestamp_seconds", "feature_missing_total"],
    "versions": [MODEL],
}
LOGGED = {"id": "1", "time": "2026-06-14", "model": MODEL, "inputs": {"tenure": 1, "region": "north"}, "decision": True}
DRILL = {
    "null": {"rows": 500, "alarms": []},
    "shift": {"rows": 500, "injected": ["tenure"], "alarms": ["tenure"]},
}
REPLAY = {"rows": 500, "mismatches": 0, "model": MODEL, "inputs": ["tenure", "region"]}
PAGE = {
    "receiver": "team",
    "sent": "2026-06-14T10:00:00+00:00",
    "acknowledged": "2026-06-14T10:03:00+00:00",
    "by": "@acme/churn",
}
HEARD = {"catalogue": "https://monitoring.acme.dev", "product": "Churn", "last_sample": "2026-06-15T11:00:00+00:00"}
LIVE = {"kpi": "cost_per_row", "value": 7.1, "labels": 900, "through": "2026-05-30", "environment": "prod"}
QUEUE = {"model": MODEL, "queued": 20, "reviewed": 20}


def composed(
    base: str = "services: {churn: {labels: {cost-center: cc-12}}}\n", label: str = "labels: {golden-path/model: ''}"
) -> dict[str, str | None]:
    """The product on one machine, by Compose, and not in a cluster."""
    clusters: dict[str, str | None] = {path: None for path in HEALTHY if path.startswith("deploy/")}
    service = f"services: {{churn: {{image: 'churn@sha256:{'a' * 64}', {label}}}}}\n"
    overlays = {f"deploy/overlays/{name}/compose.yaml": service for name in ("dev", "prod")}
    return {**clusters, **overlays, "compose.yaml": base}


def attested(name: str, expires: str = "2026-06-30") -> dict[str, str]:
    """An attestation, by itself in its file."""
    entry = {"id": name, "by": "@acme/churn", "statement": "I looked at it.", "when": "2026-06-01", "expires": expires}
    return {"checklist/attestations.yaml": json.dumps([entry | {"link": "https://wiki.acme.dev/1"}])}


def receipt(name: str, facts: dict[str, Any], **changed: Any) -> Any:
    """A repository with one receipt."""
    return lambda repository: repository.receipt(name, facts, **changed)


def manifest(old: str, new: str) -> dict[str, str]:
    """The manifest with one thing changed."""
    assert old in MANIFEST
    return {"golden-path.yaml": MANIFEST.replace(old, new)}


def register(*, kept: bool) -> Any:
    """Two registered versions; the metrics came with the second, or were there all along."""

    def build(repository: Repository) -> None:
        if not kept:
            repository.commit({"reports/metrics.json": None, "reports/staleness.json": None})
        repository.git("tag", "churn@v1.0.0")
        repository.commit({"reports/metrics.json": METRICS, "reports/staleness.json": STALENESS, "more.txt": "more\n"})
        repository.git("tag", "churn@v1.1.0")

    return build


def assignments(count: int = 40, salt: str = "spring") -> dict[str, str]:
    """Units in the variants that the platform's rule gives them."""
    found = {}
    for number in range(count):
        digest = hashlib.sha256(f"{salt}:user-{number}".encode()).hexdigest()
        found[f"user-{number}"] = "control" if int(digest[:8], 16) % 10_000 < 5_000 else "candidate"
    return found


def experiment(promoted: str = "", **changed: Any) -> Any:
    """An experiment decided on 10 June, and a promotion of its candidate on the day given."""
    facts = {"experiment": "new-model", "decision": "promote", "decided": "2026-06-10T12:00:00+00:00"}

    def build(repository: Repository) -> None:
        repository.git("tag", "churn@v1.1.0")
        if promoted:
            when = f"{promoted}T12:00:00+00:00"
            repository.git("tag", "--annotate", "--message=Promote", "churn#prod#1", GIT_COMMITTER_DATE=when)
        repository.receipt("MON-14", {**facts, "assignments": assignments(), **changed})

    return build


def deploy(count: int = 2) -> Any:
    """Commits that deploy; one is in the files."""

    def build(repository: Repository) -> None:
        for number in range(1, count):
            repository.commit({"deploy/overlays/prod/kustomization.yaml": f"{OVERLAY}# {number}\n"})

    return build


LEARNING = {"reports/dora.json": json.dumps(DORA), "docs/incidents/2026-06-10-late.md": INCIDENT}
STRANGE = (
    "[]",
    "1",
    "{",
    "- 1\n- [a]\n",
    "on: 1\njobs: {a: {steps: [1, {run: [2]}]}}\n",
    "schema: [{properties: [1, {name: [2]}]}]\nsupport: [1]\n",
    "product: {name: [1]}\nslo: {a: [1]}\ncost: [1]\nkpi: {name: 1, label_lag_days: x}\n",
    "groups: [{rules: [{alert: [1], expr: [2], labels: 1}]}]\n",
    "tests: [{input_series: 1, alert_rule_test: [{alertname: [1]}]}]\n",
    "route: {receiver: [1], routes: [1]}\nreceivers: [1, {name: [2]}]\n",
    "labels: [1, {pairs: 3}]\nresources: [1, ../..]\n",
    "name: [1]\nvariants: {a: x}\nmetric: 1\nminimum_effect: 1\nstop: 1\nsalt: 1\ncandidate: [1]\n",
    '{"subject": [{"digest": [1]}], "inputs": [1, {"name": [1]}], "ages": [{"days": "x"}], "columns": {"a": 1}}',
)
"""Files that parse, or do not, and hold nothing that anybody expects."""
CASES = [
    Case("MON-01", "met", "committed and compared", "no version is registered yet"),
    Case("MON-01", "met", "every version keeps its metrics", "2 registered", build=register(kept=True)),
    Case(
        "MON-01",
        "met",
        "compared without make",
        "runs `dvc metrics diff main`",
        {".github/workflows/ci.yml": CI.replace("make metrics-diff", "dvc metrics diff main")},
    ),
    Case(
        "MON-01",
        "gamed",
        "a comparison that is only spoken of",
        "does not show",
        {".github/workflows/ci.yml": CI.replace("make metrics-diff", "echo dvc metrics diff main")},
    ),
    Case(
        "MON-01",
        "unknown",
        "another CI",
        "does not read",
        {".github/workflows/ci.yml": None, ".gitlab-ci.yml": "test: {}\n"},
    ),
    Case("MON-01", "not met", "a version without metrics", "churn@v1.0.0 keeps no", build=register(kept=False)),
    Case("MON-01", "not met", "no metrics", "no metrics", {"dvc.yaml": None}),
    Case(
        "MON-01",
        "not met",
        "a comparison that may fail",
        "does not show",
        {".github/workflows/ci.yml": CI + "        continue-on-error: true\n"},
    ),
    Case(
        "MON-01", "not met", "a target that compares nothing", "does not show", {"Makefile": "metrics-diff:\n\ttrue\n"}
    ),
    Case("MON-01", "gamed", "numbers by hand", "not what the pipeline", {"reports/metrics.json": '{"roc_auc": 0.99}'}),
    Case("MON-01", "gamed", "an empty file", "holds no number", {"reports/metrics.json": "{}"}),
    Case("MON-02", "met", "tested", "5 alerts", build=receipt("MON-02", {"tests": 1, "failures": 0})),
    Case("MON-02", "not met", "no alert", "there is no alert", {RULES: None}),
    Case("MON-02", "not met", "never tested", "no run proves it"),
    Case("MON-02", "not met", "a failed test", "failures 1", build=receipt("MON-02", {"tests": 1, "failures": 1})),
    Case("MON-02", "not met", "no objective", "no service-level", manifest("slo: {availability: 0.995}\n", "")),
    Case("MON-02", "not met", "another objective", "availability: 0.9", manifest("0.995", "0.9")),
    Case("MON-02", "not met", "a runbook that is not there", "no runbook", {"monitoring/runbooks/churn.md": None}),
    Case("MON-02", "not met", "an owner nobody knows", "Errors is owned", {".github/CODEOWNERS": "* @acme/other\n"}),
    Case(
        "MON-02",
        "not met",
        "an open bracket",
        "churn.yml:10",
        {RULES: rules(BatchMissing=("absent(x", ""))},
    ),
    Case("MON-02", "gamed", "tests of silence", "never seen firing", {TESTS: rule_tests(*ALERTS, fire=False)}),
    Case("MON-03", "met", "scraped", "4 metrics", build=receipt("MON-03", SCRAPED)),
    Case("MON-03", "not met", "never scraped", "no run proves it"),
    Case(
        "MON-03",
        "not met",
        "no prediction",
        "no prediction",
        build=receipt("MON-03", SCRAPED | {"predictions": 0}),
    ),
    Case(
        "MON-03",
        "gamed",
        "another model",
        "model_version is ffff",
        build=receipt("MON-03", SCRAPED | {"versions": ["ff" * 32]}),
    ),
    Case(
        "MON-03",
        "gamed",
        "names that no alert reads",
        "feature_missing_total",
        build=receipt("MON-03", SCRAPED | {"metrics": SCRAPED["metrics"][:3]}),
    ),
    Case(
        "MON-03",
        "n/a",
        "a batch",
        "served as batch",
        {**manifest("[rest, batch]", "[batch]"), "src/churn/api.py": None},
    ),
    Case("MON-03", "gamed", "an online service declared as batch", "no run", manifest("[rest, batch]", "[batch]")),
    Case(
        "MON-04",
        "met",
        "counted and watched",
        "98 of 100",
        build=receipt("MON-04", {"rows_in": 100, "rows_out": 98, "rows_refused": 2}),
    ),
    Case("MON-04", "not met", "never run", "no run proves it"),
    Case(
        "MON-04",
        "not met",
        "rows lost",
        "90.0 left",
        build=receipt("MON-04", {"rows_in": 100, "rows_out": 90, "rows_refused": 2}),
    ),
    Case(
        "MON-04",
        "not met",
        "no dead-man rule",
        "did not run",
        {RULES: rules(BatchMissing=("batch_failures_total > 0", ""))},
    ),
    Case(
        "MON-04",
        "gamed",
        "a rule never seen firing",
        "no test makes BatchMissing",
        {TESTS: rule_tests("Errors")},
    ),
    Case("MON-04", "n/a", "a service", "as rest", {**manifest("[rest, batch]", "[rest]"), "src/churn/batch.py": None}),
    Case("MON-05", "met", "a full record", "all 2 inputs", build=receipt("MON-05", {"record": LOGGED})),
    Case("MON-05", "not met", "no log", "no run proves it"),
    Case(
        "MON-05",
        "not met",
        "an input left out",
        "region",
        build=receipt("MON-05", {"record": LOGGED | {"inputs": {"tenure": 1}}}),
    ),
    Case("MON-05", "not met", "an empty record", "lacks id", build=receipt("MON-05", {"record": {}})),
    Case(
        "MON-05",
        "gamed",
        "a record of another model",
        "of model ffff",
        build=receipt("MON-05", {"record": LOGGED | {"model": "ff" * 32}}),
    ),
    Case("MON-06", "met", "a limit from the study", "tolerable for 60"),
    Case("MON-06", "not met", "no study", "no study", {"reports/staleness.json": None}),
    Case(
        "MON-06",
        "not met",
        "a limit beyond the study",
        "stands at 90 days",
        {RULES: rules(ModelTooOld=("time() - model_trained_timestamp_seconds > 90 * 86400", ""))},
    ),
    Case("MON-06", "not met", "no alert", "too old", {RULES: rules(ModelTooOld=("up == 0", ""))}),
    Case("MON-06", "not met", "an alert never tested", "never seen firing", {TESTS: rule_tests("Errors")}),
    Case("MON-06", "gamed", "a study by hand", "not what the pipeline", {"dvc.lock": lock(metrics=METRICS)}),
    Case("MON-07", "met", "both ways", "rests on none", build=receipt("MON-07", DRILL)),
    Case("MON-07", "not met", "never tried", "no run proves it"),
    Case("MON-07", "not met", "no reference", "missing or empty", {"models/reference.json": None}),
    Case(
        "MON-07",
        "not met",
        "what matters is not watched",
        "tenure matters",
        {"models/reference.json": json.dumps({**REFERENCE, "columns": {"region": {"share": 1}}})},
    ),
    Case(
        "MON-07",
        "not met",
        "a reference of other data",
        "not the data",
        {"models/reference.json": json.dumps({**REFERENCE, "data": {"sha256": "ee" * 32}})},
    ),
    Case("MON-07", "not met", "no alert", "no alert reads a drift", {RULES: rules(Drifted=("up == 0", ""))}),
    Case(
        "MON-07",
        "gamed",
        "always alarms",
        "alarms without a shift",
        build=receipt("MON-07", DRILL | {"null": {"rows": 500, "alarms": ["tenure"]}}),
    ),
    Case(
        "MON-07",
        "gamed",
        "never alarms",
        "although tenure shifted",
        build=receipt("MON-07", DRILL | {"shift": {"rows": 500, "injected": ["tenure"], "alarms": []}}),
    ),
    Case(
        "MON-07",
        "gamed",
        "nothing injected",
        "no shift was injected",
        build=receipt("MON-07", DRILL | {"shift": {"rows": 500, "injected": [], "alarms": []}}),
    ),
    Case("MON-08", "met", "replayed", "500 rows", build=receipt("MON-08", REPLAY)),
    Case("MON-08", "not met", "never replayed", "no run proves it"),
    Case("MON-08", "not met", "a difference", "differ", build=receipt("MON-08", REPLAY | {"mismatches": 3})),
    Case("MON-08", "not met", "no alert", "missing values", {RULES: rules(ValuesMissing=("up == 0", ""))}),
    Case("MON-08", "gamed", "a replay of nothing", "0 rows", build=receipt("MON-08", REPLAY | {"rows": 0})),
    Case(
        "MON-08",
        "gamed",
        "a replay of one column",
        "leaves out region",
        build=receipt("MON-08", REPLAY | {"inputs": ["tenure"]}),
    ),
    Case("MON-08", "gamed", "another model", "another model", build=receipt("MON-08", REPLAY | {"model": "ff" * 32})),
    Case("MON-09", "met", "acknowledged", "acknowledged a test page", build=receipt("MON-09", PAGE)),
    Case("MON-09", "met", "attested", "attested", attested("MON-09")),
    Case("MON-09", "not met", "never tried", "no run proves it"),
    Case("MON-09", "not met", "no route", "lead nowhere", {"monitoring/alertmanager/alertmanager.yml": None}),
    Case(
        "MON-09",
        "not met",
        "acknowledged before it was sent",
        "not acknowledged",
        build=receipt("MON-09", PAGE | {"acknowledged": "2026-06-13T10:00:00+00:00"}),
    ),
    Case(
        "MON-09",
        "gamed",
        "a receiver without a channel",
        "alertmanager.yml:3",
        {"monitoring/alertmanager/alertmanager.yml": PAGER.partition("    webhook")[0], **attested("MON-09")},
    ),
    Case(
        "MON-09",
        "gamed",
        "never filled in",
        "never filled in",
        {
            "monitoring/alertmanager/alertmanager.yml": PAGER.replace("pager.acme.dev", "pager.example.com"),
            **attested("MON-09"),
        },
    ),
    Case("MON-10", "met", "announced", "https://chat.acme.dev"),
    Case("MON-10", "not met", "no channel", "nobody is told", {"contract.yaml": CONTRACT.partition("support")[0]}),
    Case("MON-10", "not met", "no contract", "no contract", {"contract.yaml": None}),
    Case(
        "MON-10", "gamed", "a contract that nothing reads", "no stage reads", {"dvc.yaml": DVC.replace("contract", "x")}
    ),
    Case(
        "MON-10",
        "gamed",
        "never filled in",
        "never filled in",
        {"contract.yaml": CONTRACT.replace("chat.acme.dev", "chat.example.com")},
    ),
    Case("MON-11", "met", "labelled and reviewed", "attested", attested("MON-11")),
    Case(
        "MON-11", "not met", "no budget", "lacks monthly_budget", manifest("monthly_budget: 400", "monthly_budget: 0")
    ),
    Case("MON-11", "not met", "never reviewed", "nobody attests"),
    Case("MON-11", "not met", "signed for too long", "at most 35", attested("MON-11", expires="2026-12-01")),
    Case(
        "MON-11",
        "gamed",
        "another cost center",
        "carry cc-99",
        {"deploy/base/kustomization.yaml": "commonLabels: {cost-center: cc-99}\n", **attested("MON-11")},
    ),
    Case(
        "MON-11",
        "gamed",
        "one environment without",
        "resources of prod",
        {"deploy/overlays/prod/kustomization.yaml": "resources: []\n", **attested("MON-11")},
    ),
    Case("MON-11", "met", "every service of Compose labelled", "attested", {**composed(), **attested("MON-11")}),
    Case(
        "MON-11",
        "met",
        "a label in the overlay's list",
        "attested",
        {
            **composed(base="services: {churn: {user: '10001'}}\n", label="labels: [cost-center=cc-12]"),
            **attested("MON-11"),
        },
    ),
    Case(
        "MON-11",
        "gamed",
        "a service of Compose without",
        "resources of dev carry no cost-center",
        {**composed(base="services: {churn: {labels: {cost-center: cc-12}}, cache: {image: redis}}\n")}
        | attested("MON-11"),
    ),
    Case(
        "MON-11",
        "gamed",
        "another cost center in one environment of Compose",
        "resources of dev carry cc-99",
        {**composed(label="labels: {cost-center: cc-99}"), **attested("MON-11")},
    ),
    Case("MON-12", "met", "heard from", "heard from it", build=receipt("MON-12", HEARD)),
    Case("MON-12", "not met", "another product", "speaks of", build=receipt("MON-12", HEARD | {"product": "Fraud"})),
    Case(
        "MON-12",
        "gamed",
        "silent for days",
        "2026-06-12",
        build=receipt("MON-12", HEARD | {"last_sample": "2026-06-12T11:00:00+00:00"}),
    ),
    Case("MON-12", "unknown", "nobody asked", "only the central catalogue"),
    Case("MON-12", "unknown", "an attestation in its place", "only the central catalogue", attested("MON-12")),
    Case("MON-13", "met", "fresh", "7.1 through 2026-05-30", build=receipt("MON-13", LIVE)),
    Case("MON-13", "not met", "never joined", "no run proves it"),
    Case("MON-13", "not met", "no lag told", "label_lag_days", manifest(", label_lag_days: 30", "")),
    Case("MON-13", "not met", "no labels", "no label", build=receipt("MON-13", LIVE | {"labels": 0})),
    Case("MON-13", "gamed", "an old figure", "2026-01-31", build=receipt("MON-13", LIVE | {"through": "2026-01-31"})),
    Case("MON-13", "gamed", "of a simulation", "of local", build=receipt("MON-13", LIVE | {"environment": "local"})),
    Case("MON-13", "gamed", "another figure", "holds clicks", build=receipt("MON-13", LIVE | {"kpi": "clicks"})),
    Case("MON-14", "met", "decided, then promoted", "decided before", build=experiment("2026-06-11")),
    Case("MON-14", "met", "rejected, and never promoted", "reject", build=experiment(decision="reject")),
    Case("MON-14", "not met", "no experiment", "no experiment", {"experiments/new-model.yaml": None}),
    Case("MON-14", "not met", "never decided", "no run proves it"),
    Case(
        "MON-14",
        "not met",
        "no stop",
        "lacks stop",
        {"experiments/new-model.yaml": json.dumps(EXPERIMENT | {"stop": None})},
    ),
    Case("MON-14", "not met", "no decision", "without a decision", build=experiment(decision="")),
    Case("MON-14", "gamed", "promoted first", "churn#prod#1 came", build=experiment("2026-06-09")),
    Case(
        "MON-14", "gamed", "promoted though rejected", "churn#prod#1", build=experiment("2026-06-11", decision="reject")
    ),
    Case(
        "MON-14",
        "gamed",
        "units that change sides",
        "not in their variant",
        build=experiment(assignments=assignments(salt="autumn")),
    ),
    Case("MON-14", "gamed", "hardly any units", "3 units told", build=experiment(assignments=assignments(3))),
    Case("MON-15", "met", "reviewed", "attested", attested("MON-15"), build=receipt("MON-15", QUEUE)),
    Case("MON-15", "not met", "no queue", "no run proves it", attested("MON-15")),
    Case("MON-15", "not met", "nobody attests", "nobody attests", build=receipt("MON-15", QUEUE)),
    Case(
        "MON-15",
        "gamed",
        "an empty queue",
        "0 of 0",
        attested("MON-15"),
        build=receipt("MON-15", QUEUE | {"queued": 0, "reviewed": 0}),
    ),
    Case("MON-16", "met", "counted and learned from", "2 deployments, 1 incidents", LEARNING, build=deploy()),
    Case("MON-16", "not met", "no figures", "not measured", build=deploy()),
    Case(
        "MON-16",
        "not met",
        "old figures",
        "reach to 2026-03-01",
        {"reports/dora.json": json.dumps(DORA | {"to": "2026-03-01"})},
        build=deploy(),
    ),
    Case(
        "MON-16",
        "not met",
        "an incident without a change",
        "no pull request",
        LEARNING | {"docs/incidents/2026-06-10-late.md": INCIDENT.replace("/pull/7", "")},
        build=deploy(),
    ),
    Case("MON-16", "gamed", "deployments by hand", "git holds 1", LEARNING, build=deploy(1)),
    Case(
        "MON-16",
        "gamed",
        "incidents left out",
        "no rate of 0",
        LEARNING | {"reports/dora.json": json.dumps(DORA | {"change_failure_rate": 0})},
        build=deploy(),
    ),
    Case("MON-16", "unknown", "no git", "counted in git", LEARNING),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_monitoring(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ('sum(rate(a_total{code=~"5.."}[5m])) by (job) / on (job) sum(rate(b_total[5m]))', {"a_total", "b_total"}),
        ("histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m]))) > 1e-3 and up == 1", {"a_bucket", "up"}),
        ('absent(a{job="absent(b)"}) or a offset 1h > bool 3', {"a"}),
    ],
)
def test_the_metrics_of_an_expression_are_neither_labels_nor_functions(expression: str, metrics: set[str]) -> None:
    assert prometheus.metrics_of(expression) == metrics


@pytest.mark.parametrize("path", sorted(HEALTHY))
def test_a_file_of_another_shape_breaks_no_check(path: str) -> None:
    items = [item for item in catalogue() if item.id.startswith("MON")]

    for strange in STRANGE:
        product = Product(DictTree({**HEALTHY, **LEARNING, path: strange}), now=NOW)
        for result in judge(product, items):
            assert result.status is not Status.ERROR, (strange, result.verdict.reason)
