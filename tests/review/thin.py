"""A healthy thin project in a few small files, and the library that it pins: a wheel of a few lines."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from goldenpath.pipeline import fingerprints
from goldenpath.review.product import dvc, suite_run
from tests.review.standards.cases import PRODUCT, Repository

VERSION = "9.9.9"
WHEEL = f"vendor/goldenpath-{VERSION}-py3-none-any.whl"
STAGES = ("ingest", "validate", "train", "evaluate", "export")
RULE_TESTS = "goldenpath/delivery/templates/rule_tests/service.yaml"
MODULES: Mapping[str, str] = {
    "goldenpath/__init__.py": f'__version__ = "{VERSION}"\n',
    "goldenpath/cli/__init__.py": 'SECTIONS = {"Ship": {\n    "status": ("ship", "Show."),\n}}\n',
    "goldenpath/serving/rest/app.py": (
        'app = FastAPI()\napp.post("/predict")(print)\n\n\n@app.get("/healthz")\ndef healthz(): ...\n'
    ),
    "goldenpath/conformance/rows.py": "def test_spoiled_rows_are_refused(): ...\n",
    "goldenpath/delivery/templates/monitoring/runbooks/service.md": (
        "# Service\n\n## ServiceDown\n\nServiceDown means that nothing answers.\n\n"
        "1. Look at what runs by `goldenpath status`.\n2. Take the newest promotion back.\n"
    ),
    RULE_TESTS: (
        "tests:\n  - input_series:\n      - {series: 'up{product=\"[[ product ]]\"}', values: 0x9}\n"
        "    alert_rule_test:\n      - alertname: ServiceDown\n        eval_time: 1m\n        exp_alerts: []\n"
        "      - alertname: ServiceDown\n        eval_time: 9m\n        exp_alerts:\n"
        "          - exp_labels: {severity: [[ page ]]}\n"
    ),
    **{f"goldenpath/pipeline/{name}.py": f'"""The stage {name}."""\n' for name in fingerprints.STAGES},
}


def wheel(version: str = VERSION, changed: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A wheel of the library, with some of its files changed."""
    files = {**MODULES, **changed}
    info = f"goldenpath-{version}.dist-info"
    record = "".join(f"{name},sha256={digest_in_record(text)},{len(text)}\n" for name, text in files.items())
    files |= {f"{info}/METADATA": f"Metadata-Version: 2.4\nName: goldenpath\nVersion: {version}\n"}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def digest_in_record(text: str) -> str:
    """SHA-256 as a wheel's RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def sha256(content: bytes | str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def lock(of_wheel: bytes, version: str = VERSION, more: str = "") -> str:
    """A lock that pins the library, and one package of others."""
    return (
        "--find-links ../vendor\n"
        f"goldenpath=={version} \\\n    --hash=sha256:{sha256(of_wheel)}\n"
        f"pandas==3.0.1 \\\n    --hash=sha256:{'a' * 64}\n{more}"
    )


def stages(of_wheel: bytes) -> str:
    """The fingerprints of the stages, made from a wheel."""
    return "".join(f"{name}: {sha256(name)[:20]}\n" for name in STAGES) + f"library: {sha256(of_wheel)}\n"


def pinned(of_wheel: bytes, version: str = VERSION) -> dict[str, str | bytes]:
    """All that names the library: wheel, locks and fingerprints."""
    text = lock(of_wheel, version)
    return {
        f"vendor/goldenpath-{version}-py3-none-any.whl": of_wheel,
        "requirements/serve.txt": text,
        "requirements/train.txt": text,
        "vendor/stages.yaml": stages(of_wheel),
    }


MANIFEST = (
    PRODUCT
    + """\
serving: [rest, batch]
slo:
  availability: 0.99
deploy:
  environments: [dev, prod]
"""
)
MAKEFILE = """\
SHELL := bash
setup:
\t@pip install -e .

run: setup  ## Run the stages that have changed
gate: setup
run gate:
\t@goldenpath $@

test: setup
\t@pytest --cov
"""
DVC = """\
stages:
  ingest:
    desc: Read the raw rows and keep them, so that every later step can be repeated.
    cmd: goldenpath stage ingest
    params: [{vendor/stages.yaml: [ingest]}]
    deps: [src/churn/source.py]
    outs: [data/raw.parquet]
  validate:
    desc: Hold rows against what was agreed on, and stop when too many are bad.
    cmd: goldenpath stage validate
    params: [{vendor/stages.yaml: [validate]}]
    deps: [contract.yaml, data/raw.parquet]
    outs: [data/valid.parquet]
  train:
    desc: Fit the estimator of the team and what it has to beat.
    cmd: goldenpath stage train
    params: [{vendor/stages.yaml: [train]}]
    deps: [src/churn/model.py, data/valid.parquet]
    outs: [models/estimators.skops]
  export:
    desc: Write one graph from columns to prediction, equal to what was learnt.
    cmd: goldenpath stage export
    params: [{vendor/stages.yaml: [export]}]
    deps: [models/estimators.skops]
    outs: [models/model.onnx]
    metrics: [{reports/parity.json: {cache: false}}]
  evaluate:
    desc: Measure on rows that nothing has seen, with intervals and by group.
    cmd: goldenpath stage evaluate
    params: [{vendor/stages.yaml: [evaluate]}]
    deps: [models/model.onnx]
    metrics: [{reports/metrics.json: {cache: false}}]
"""
RULES = """\
groups:
  - name: service
    rules:
      - alert: ServiceDown
        expr: up < 0.99
        labels: {severity: page, owner: "@acme/churn", slo: availability}
        annotations: {runbook_url: "https://goldenpath.example.com/docs/runbooks/service/#servicedown"}
"""
PARITY = json.dumps({"rows": 100, "flipped_decisions": 0})
METRICS = json.dumps({"model": {"roc_auc": {"value": 0.7}}})
CI = """\
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: make test
      - run: .venv/bin/goldenpath gate deploy
      - run: goldenpath pr-report --base origin/main
"""
CD = """\
on:
  push: {branches: [main]}
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - run: goldenpath gate model --base HEAD~1
  staging:
    needs: gate
    runs-on: ubuntu-latest
    steps:
      - run: goldenpath promote 1.0.0 dev
"""
RETRAIN = """\
on:
  schedule: [{cron: "0 4 * * 1"}]
jobs:
  retrain:
    runs-on: ubuntu-latest
    steps:
      - run: goldenpath retrain run
  audit:
    runs-on: ubuntu-latest
    steps:
      - run: goldenpath gate deps
"""
LIBRARY = wheel()
LOCK = lock(LIBRARY)
FILES: Mapping[str, str | bytes | None] = {
    **pinned(LIBRARY),
    "golden-path.yaml": MANIFEST,
    "Makefile": MAKEFILE,
    "Dockerfile": 'FROM python:3.12-slim\nCMD ["goldenpath", "serve"]\n',
    "pyproject.toml": (
        '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "churn"\nversion = "0.1.0"\n'
        'requires-python = ">=3.11,<3.14"\ndependencies = ["goldenpath[serve]>=9,<10", "pandas>=3"]\n'
    ),
    "contract.yaml": "schema:\n  - name: customers\n    properties: [{name: age}]\n",
    "dvc.yaml": DVC,
    "dvc.lock": f"stages:\n  export:\n    outs: [{{path: reports/parity.json, md5: {dvc.md5(PARITY.encode())}}}]\n"
    f"  evaluate:\n    outs: [{{path: reports/metrics.json, md5: {dvc.md5(METRICS.encode())}}}]\n",
    "reports/parity.json": PARITY,
    "reports/metrics.json": METRICS,
    "src/churn/__init__.py": '"""Churn."""\n',
    "src/churn/source.py": (
        '"""Rows."""\n\nimport pandas as pd\n\n\ndef load(params):\n    """Read."""\n    return pd.read_csv("a")\n'
    ),
    "src/churn/model.py": (
        '"""Model."""\n\n\ndef model(task, columns, params):\n    """Build."""\n    return dict(params)\n'
    ),
    "tests/test_source.py": "from churn.source import load\n\n\ndef test_rows():\n    assert len(load({})) == 2\n",
    "tests/test_product.py": "from goldenpath.conformance.rows import *  # noqa: F403\n",
    "notebooks/explore.ipynb": json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [], "source": ["model.fit(rows)"]}]}
    ),
    "docs/architecture.md": (
        "`source.py` reads the rows of the shop, `model.py` builds the one estimator.\n"
        "`goldenpath` is the library that does all else, and `dvc.yaml` says in which order.\n"
    ),
    "docs/risk.md": (
        "Criticality: medium.\n\n| risk | mitigation |\n|---|---|\n"
        "| rows of a broken source are learnt | `tests/test_product.py::test_spoiled_rows_are_refused` |\n"
        "| the model is worse than before | CQ-12 |\n| nobody hears of an outage | MON-02 |\n"
    ),
    ".github/CODEOWNERS": "* @acme/churn\n",
    ".github/workflows/ci.yml": CI,
    ".github/workflows/cd.yml": CD,
    ".github/workflows/retrain.yml": RETRAIN,
    ".gitattributes": "monitoring/prometheus/rules/*.yaml linguist-generated=true\n",
    "monitoring/prometheus/rules/service.yaml": RULES,
    "vendor/rendered.yaml": f"monitoring/prometheus/rules/service.yaml: {sha256(RULES)}\n",
}
SHOWN = {suite_run.STAGE_RAN: list(STAGES), suite_run.STAGE_REFUSED: ["validate"]}
SUITE: Mapping[str, Any] = {
    "tests": 3,
    "passed_by_module": {"tests.test_source": 1, "tests.test_product": 2},
    "coverage": {"src/churn/source.py": [3, 3], "src/churn/model.py": [2, 2]},
    "shown": SHOWN,
}
CALLS = [
    {"path": "/predict", "credentials": "none", "status": 401},
    {"path": "/predict", "credentials": "valid", "status": 200},
]
SELF_TEST = {"metric": "roc_auc", "current_score": 0.7, "degraded_score": 0.5, "gate_exit_code": 1}


def with_receipts(repository: Repository) -> Repository:
    """A repository of the healthy project, with the receipts that CI leaves on its commit."""
    repository.commit(FILES, "Make the product")
    repository.receipt("CQ-02", SUITE)
    repository.receipt("SEC-07", {"calls": CALLS}, command="goldenpath service-check")
    repository.receipt("CQ-12", SELF_TEST, command="goldenpath gate --self-test")
    repository.receipt("MON-02", {"tests": 2, "failures": 0}, command="goldenpath alerts check")
    repository.receipt("TR-11", command="goldenpath retrain run")
    return repository
