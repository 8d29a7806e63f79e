"""The criteria of documentation."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.review.product import changelog, contract, evaluation, markdown, model_card, openapi, quickstart
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import DictTree
from tests.review.standards.cases import PRODUCT, Case, Files, Repository, hold

MANIFEST = (
    PRODUCT
    + """\
kpi:
  name: cost_per_row
  unit: euros of mistakes per customer
  source: reports/metrics.json
  target: "< baseline.simple.cost_per_row"
serving: [batch]
deploy:
  environments: [dev, prod]
"""
)
HIGH = {"golden-path.yaml": MANIFEST.replace("medium", "high")}
REST = {"golden-path.yaml": MANIFEST.replace("[batch]", "[rest, batch]")}
README = """\
# Churn

## Quickstart

```sh
make setup     # install
make pipeline  # data, model
make test
```
"""
COMMANDS = ["make setup", "make pipeline", "make test"]
MAKEFILE = """\
setup:
	pip install -r requirements.txt
pipeline: setup
	dvc repro
test: setup
	pytest
restart:
	docker compose restart
"""
CHANGES = """\
# Changelog

## [Unreleased]

### Added

- Customers are scored every night.
"""
MAP = """\
# Architecture

| part | its one job |
|---|---|
| `pipeline/` | one file for each stage of `dvc.yaml`, which says when it runs |
| `model/` | turns columns into a score; written to `models/model.onnx` |
"""
CONTRACT = """\
apiVersion: v3.1.0
description:
  purpose: One row per customer and month.
schema:
  - name: customers
    properties:
      - name: months
        logicalType: integer
        classification: internal
        description: Full months since the first order.
        customProperties: [{property: roles, value: [feature]}]
      - name: plan
        logicalType: string
        classification: internal
        description: The tariff on the last day before.
        customProperties: [{property: roles, value: [feature]}]
      - name: gender
        logicalType: string
        classification: confidential
        description: As told by the customer.
        customProperties: [{property: roles, value: [protected]}]
      - name: left
        logicalType: boolean
        classification: internal
        description: Whether the customer had cancelled a month later.
        customProperties: [{property: roles, value: [target]}]
"""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MODEL_SHA, DATA_SHA = sha256("model"), sha256("data")


def signature(**changed: Any) -> str:
    base = {
        "task": "binary",
        "target": "left",
        "inputs": [{"name": "months", "type": "integer"}, {"name": "plan", "type": "string"}],
        "model_sha256": MODEL_SHA,
        "contract_sha256": sha256(CONTRACT),
    }
    return json.dumps(base | changed, indent=1)


def metrics(simple: float = 7.0, low: float = -2.5, high: float = -1.5, **changed: Any) -> str:
    base = {
        "task": "binary",
        "rows": 500,
        "model": {"roc_auc": {"value": 0.71}, "cost_per_row": {"value": 5.0}},
        "baseline": {"constant": {"cost_per_row": {"value": 9.0}}, "simple": {"cost_per_row": {"value": simple}}},
        "gain": {
            "constant": {"cost_per_row": {"value": -4.0, "low": -5.0, "high": -3.0}},
            "simple": {"cost_per_row": {"value": 5.0 - simple, "low": low, "high": high}},
        },
    }
    return json.dumps(base | changed, indent=1)


def evaluated(text: str) -> Files:
    """An evaluation and the lock of the run that wrote it."""
    md5 = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    outs = [{"path": "reports/metrics.json", "md5": md5}]
    return {"reports/metrics.json": text, "dvc.lock": yaml.safe_dump({"stages": {"evaluate": {"outs": outs}}})}


PIPELINE = """\
stages:
  train:
    desc: Fit on what was known a month before, because that is what will be known when it is asked.
    cmd: python -m churn.pipeline.train
    deps: [data/raw.csv]
    outs: [models/model.onnx]
  evaluate:
    desc: Judge customers that nothing has seen yet, so that the number holds next month too.
    cmd: python -m churn.pipeline.evaluate
    deps: [models/model.onnx]
    metrics: [reports/metrics.json]
"""
LINEAGE = json.dumps(
    {
        "subject": [{"name": "models/model.onnx", "digest": {"sha256": MODEL_SHA}}],
        "predicate": {
            "buildDefinition": {
                "resolvedDependencies": [
                    {"name": "git", "digest": {"gitCommit": "0" * 40}},
                    {"name": "data/raw.csv", "digest": {"sha256": DATA_SHA}},
                ]
            }
        },
    }
)
SENTENCE = "This sentence says enough about it for a reader who has to decide whether to use the model."
CARD = f"""\
---
model-index:
  - name: churn
    results:
      - metrics:
          - type: roc_auc
            value: 0.71
          - type: cost_per_row
            value: 5.0
---
# Churn

Model `{MODEL_SHA}`, made from `{DATA_SHA}`.

## Intended use

{SENTENCE}

## Limitations

{SENTENCE}

## Training data

{SENTENCE}

## Evaluation

{SENTENCE}

## Risks

{SENTENCE}
"""
RISK = """\
# Risk

Criticality: medium. Personal data: `gender` is used to compare groups, never to decide.

| risk | likelihood | mitigation |
|---|---|---|
| Loyal customers are called for nothing | high | the cost of calls is the KPI, DOC-03 |
| The meaning of a column changes silently | low | DOC-06 |
| Groups of customers are treated worse | low | `tests/test_groups.py::test_groups_are_alike` |
"""
API: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"version": "1.0.0"},
    "paths": {
        "/healthz": {"get": {"responses": {}}},
        "/predict": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "anyOf": [
                                    {"$ref": "#/components/schemas/Row"},
                                    {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                                ]
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"properties": {"score": {"type": "number"}}}},
                        }
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Row": {
                "required": ["months"],
                "properties": {"months": {"type": "integer"}, "plan": {"type": "string"}},
            }
        }
    },
}
OPENAPI = json.dumps(API, indent=1)
SERVICE = """\
from fastapi import FastAPI

app = FastAPI()
app.post("/predict")(print)
app.get("/healthz")(print)
"""
ONLINE = {**REST, "src/churn/model/api.py": SERVICE, "docs/openapi.json": OPENAPI}
RULES = """\
groups:
  - name: churn
    rules:
      - alert: NoScores
        expr: absent(scores)
        annotations:
          runbook_url: https://git.example.com/acme/churn/blob/main/monitoring/runbooks/scores.md#no-scores
"""
RUNBOOK = """\
# Scores

## No scores

`NoScores` fires when nothing was scored last night.

1. Look whether the nightly job has run.
2. Run `make restart` and wait for ten minutes.
"""
GAME_DAY = """\
- id: DOC-12
  by: "@acme/churn"
  when: 2026-05-01
  expires: 2026-09-01
  link: https://wiki.example.com/game-day
  statement: Three of us followed every runbook on staging.
"""
HEALTHY = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    "README.md": README,
    "Makefile": MAKEFILE,
    "CHANGELOG.md": CHANGES,
    "docs/architecture.md": MAP,
    "contract.yaml": CONTRACT,
    "dvc.yaml": PIPELINE,
    **evaluated(metrics()),
    "models/signature.json": signature(),
    "models/lineage.json": LINEAGE,
    "docs/model-card.md": CARD,
    "docs/risk.md": RISK,
    "monitoring/prometheus/churn.yml": RULES,
    "monitoring/runbooks/scores.md": RUNBOOK,
    "checklist/attestations.yaml": GAME_DAY,
    "src/churn/__init__.py": "",
    "src/churn/pipeline/train.py": '"""Fits."""\nimport numpy\n',
    "src/churn/pipeline/evaluate.py": '"""Judges."""\n',
    "src/churn/model/score.py": "import numpy\n",
    "tests/test_groups.py": "def test_groups_are_alike():\n    assert 1 + 1 == 2\n",
}


def attestation(name: str, by: str = "@acme/churn") -> Files:
    return {"checklist/attestations.yaml": GAME_DAY.replace("DOC-12", name).replace("@acme/churn", by)}


def api(**changed: Any) -> str:
    return json.dumps(API | changed, indent=1)


def row(**properties: str) -> dict[str, Any]:
    """The components of the API with other properties of a row, all of them demanded."""
    types = {name: {"type": kind} for name, kind in properties.items()}
    return {"schemas": {"Row": {"required": list(properties), "properties": types}}}


def exported(repository: Repository, text: str = OPENAPI) -> None:
    repository.receipt("DOC-11", {"sha256": sha256(text)}, command="make api")


def released_before(text: str, tag: str = "v1.0.0") -> Any:
    """Releases another interface first, and then makes the one of the case, with its receipt."""

    def build(repository: Repository) -> None:
        now = (repository.root / "docs/openapi.json").read_text()
        repository.commit({"docs/openapi.json": text}, "Release")
        repository.git("tag", tag)
        repository.commit({"docs/openapi.json": now}, "Change the interface")
        exported(repository, now)

    return build


def ran(repository: Repository, **facts: Any) -> None:
    repository.receipt("DOC-02", {"commands": COMMANDS, "tests": 1} | facts, command="make quickstart")


def then_edited(repository: Repository) -> None:
    ran(repository)
    repository.commit({"README.md": README.replace("make test\n", "make test\nmake restart\n")})


def then_trained(repository: Repository) -> None:
    ran(repository)
    repository.commit({"models/decision.json": "{}"})


def tagged(*tags: str) -> Any:
    def build(repository: Repository) -> None:
        for tag in tags:
            repository.git("tag", tag)

    return build


def cut_off(repository: Repository) -> None:
    """Makes the clone look shallow, as CI's is."""
    (repository.root / ".git" / "shallow").write_text(repository.git("rev-parse", "HEAD") + "\n")


def exported_and_cut_off(repository: Repository) -> None:
    exported(repository)
    cut_off(repository)


NOTES = "# Changelog\n\n## [1.1.0]\n\n- Scores come every night.\n\n## [1.0.0]\n\n- The first model of all.\n"
NOTEBOOKS = dict.fromkeys(HEALTHY) | {"churn.ipynb": '{"cells": []}', "README.md": "# My analysis\n"}

CASES = [
    Case("DOC-01", "met", "a full manifest", "owned by @acme/churn"),
    Case("DOC-01", "not met", "no manifest", "golden-path.yaml", {"golden-path.yaml": None}),
    Case("DOC-01", "not met", "plain notebooks", "golden-path.yaml", NOTEBOOKS),
    Case("DOC-01", "not met", "an empty manifest", "lacks name", {"golden-path.yaml": "product: {}\n"}),
    Case("DOC-01", "not met", "broken YAML", "golden-path.yaml:2", {"golden-path.yaml": "product: [\n"}),
    Case(
        "DOC-01",
        "not met",
        "criticality by silence",
        "lacks criticality",
        {"golden-path.yaml": MANIFEST.replace("  criticality: medium\n", "")},
    ),
    Case(
        "DOC-01",
        "not met",
        "no environments",
        "lacks environments",
        {"golden-path.yaml": MANIFEST.replace("[dev, prod]", "[]")},
    ),
    Case(
        "DOC-01",
        "gamed",
        "a purpose without words",
        "purpose: TBD",
        {"golden-path.yaml": MANIFEST.replace("Which customers leave next month?", "TBD")},
    ),
    Case("DOC-01", "gamed", "an owner who owns nothing", "owns no file", {".github/CODEOWNERS": "* @acme/other\n"}),
    Case("DOC-01", "gamed", "an owner of nowhere", "owns no file", {".github/CODEOWNERS": "/void/ @acme/churn\n"}),
    Case(
        "DOC-01",
        "gamed",
        "an online service declared as batch",
        "src/churn/api.py:1 imports fastapi",
        {"src/churn/api.py": "from fastapi import FastAPI\n"},
    ),
    Case("DOC-02", "met", "a quickstart that ran", "3 commands ran on 2026-06-15, tests: 1", build=ran),
    Case("DOC-02", "met", "a model trained since", "3 commands ran", build=then_trained),
    Case("DOC-02", "not met", "no README", "README.md", {"README.md": None}),
    Case("DOC-02", "not met", "plain notebooks", "no shell block", NOTEBOOKS),
    Case("DOC-02", "not met", "never run", "no receipt tells", build=tagged()),
    Case(
        "DOC-02",
        "not met",
        "run too long ago",
        "older than 30 days",
        build=lambda repository: repository.receipt("DOC-02", {}, when="2026-04-01T00:00:00+00:00"),
    ),
    Case(
        "DOC-02",
        "not met",
        "a target that is not there",
        "no target train",
        {"README.md": README.replace("make pipeline", "make train")},
        build=ran,
    ),
    Case(
        "DOC-02",
        "not met",
        "nothing is tested",
        "nothing in it tests",
        {"README.md": README.replace("make test\n", "")},
        build=ran,
    ),
    Case("DOC-02", "gamed", "edited after the run", "has changed since", build=then_edited),
    Case(
        "DOC-02",
        "gamed",
        "other commands ran",
        "does not tell that `make setup` was run",
        build=lambda repository: ran(repository, commands=["true"]),
    ),
    Case("DOC-02", "gamed", "no test passed", "tests: 0", build=lambda repository: ran(repository, tests=0)),
    Case(
        "DOC-02",
        "gamed",
        "a target that does nothing",
        "the target pipeline does nothing",
        {"Makefile": MAKEFILE.replace("pipeline: setup\n\tdvc repro", "pipeline:\n\t@true")},
        build=ran,
    ),
    Case(
        "DOC-02",
        "gamed",
        "failure swallowed",
        "cannot fail",
        {"README.md": README.replace("make test", "make test || true")},
        build=ran,
    ),
    Case("DOC-03", "met", "a KPI beside its baseline", "model.cost_per_row is 5, its target is < 7"),
    Case(
        "DOC-03",
        "met",
        "a number as target",
        "its target is <= 6",
        {"golden-path.yaml": MANIFEST.replace("< baseline.simple.cost_per_row", "<= 6.0")},
    ),
    Case("DOC-03", "met", "signed at high criticality", "signed by @acme/churn", {**HIGH, **attestation("DOC-03")}),
    Case(
        "DOC-03",
        "met",
        "measured outside, and signed",
        "signed by @acme/churn",
        {
            "golden-path.yaml": MANIFEST.replace("reports/metrics.json", "https://bi.example.com/churn").replace(
                "< baseline.simple.cost_per_row", "< 6"
            ),
            **attestation("DOC-03"),
        },
    ),
    Case(
        "DOC-03",
        "not met",
        "no target",
        "the KPI lacks target",
        {"golden-path.yaml": MANIFEST.replace('  target: "< baseline.simple.cost_per_row"\n', "")},
    ),
    Case(
        "DOC-03",
        "not met",
        "a wish for a target",
        "want a comparison",
        {"golden-path.yaml": MANIFEST.replace("< baseline.simple.cost_per_row", "as good as can be")},
    ),
    Case(
        "DOC-03",
        "not met",
        "a target that points nowhere",
        "baseline.best.cost_per_row, which is no number",
        {"golden-path.yaml": MANIFEST.replace("baseline.simple", "baseline.best")},
    ),
    Case("DOC-03", "not met", "unsigned at high criticality", "nobody attests", HIGH),
    Case(
        "DOC-03",
        "not met",
        "signed by a stranger",
        "whom CODEOWNERS does not name",
        {**HIGH, **attestation("DOC-03", "@acme/other")},
    ),
    Case(
        "DOC-03",
        "not met",
        "a source that does not exist",
        "kpi.source reports/money.json",
        {"golden-path.yaml": MANIFEST.replace("reports/metrics.json", "reports/money.json")},
    ),
    Case("DOC-03", "unknown", "the pipeline has not run", "has not been made yet", {"reports/metrics.json": None}),
    Case(
        "DOC-03",
        "gamed",
        "a metric of the model as KPI",
        "how well the model fits",
        {"golden-path.yaml": MANIFEST.replace("name: cost_per_row", "name: ROC-AUC")},
    ),
    Case(
        "DOC-03",
        "gamed",
        "a figure that nobody measures",
        "does not tell revenue",
        {"golden-path.yaml": MANIFEST.replace("name: cost_per_row", "name: revenue")},
    ),
    Case("DOC-04", "met", "before the first release", "what is coming", build=tagged()),
    Case(
        "DOC-04",
        "met",
        "every release has notes",
        "tells of 1.0.0, 1.1.0",
        {"CHANGELOG.md": NOTES},
        build=tagged("v1.0.0", "v1.1.0", "model@v7.0.0"),
    ),
    Case(
        "DOC-04",
        "met",
        "the first release is prepared",
        "what is coming",
        {"CHANGELOG.md": NOTES, "pyproject.toml": '[project]\nname = "churn"\nversion = "1.1.0"\n'},
        build=tagged(),
    ),
    Case(
        "DOC-04",
        "met",
        "in reStructuredText",
        "tells of 1.0",
        {"CHANGELOG.md": None, "CHANGES.rst": "History\n=======\n\n1.0 (2026-01-01)\n----\n\n* The first model.\n"},
        build=tagged("v1.0"),
    ),
    Case("DOC-04", "not met", "no changelog", "CHANGELOG.md is missing", {"CHANGELOG.md": None}, build=tagged()),
    Case("DOC-04", "not met", "a release without notes", "no section for 1.0.0", build=tagged("v1.0.0")),
    Case("DOC-04", "unknown", "no repository", "there is no repository"),
    Case("DOC-04", "unknown", "a shallow clone", "the clone is shallow", build=cut_off),
    Case(
        "DOC-04",
        "gamed",
        "an empty section",
        "1.1.0 says nothing",
        {"CHANGELOG.md": NOTES.replace("- Scores come every night.", "### Added\n\n### Fixed")},
        build=tagged("v1.0.0", "v1.1.0"),
    ),
    Case(
        "DOC-04",
        "gamed",
        "the same words for each",
        "1.1.0 says what 1.0.0 says",
        {"CHANGELOG.md": NOTES.replace("Scores come every night", "The first model of all")},
        build=tagged("v1.0.0", "v1.1.0"),
    ),
    Case("DOC-05", "met", "every component is shown", "model, pipeline, dvc.yaml"),
    Case(
        "DOC-05",
        "met",
        "routes and media are no paths",
        "model, pipeline",
        {"docs/architecture.md": MAP + "\nIt answers `/v1/predict` with `application/json`, see `acme/platform`.\n"},
    ),
    Case("DOC-05", "not met", "no map", "docs/architecture.md is missing", {"docs/architecture.md": None}),
    Case(
        "DOC-05",
        "not met",
        "a new component",
        "does not show `serving`",
        {"src/churn/serving/api.py": "import numpy\n"},
    ),
    Case(
        "DOC-05",
        "not met",
        "a new service",
        "does not show `redis` (compose.yaml)",
        {"compose.yaml": "services: {redis: {}}\n"},
    ),
    Case(
        "DOC-05",
        "not met",
        "a new workload",
        "does not show `nightly` (deploy/base/job.yaml)",
        {"deploy/base/job.yaml": "kind: CronJob\nmetadata:\n  labels: {}\n  name: nightly\n"},
    ),
    Case(
        "DOC-05",
        "gamed",
        "a bare list of names",
        "names `model` without a word",
        {"docs/architecture.md": "- `pipeline` runs what `dvc.yaml` says\n- `model`\n"},
    ),
    Case(
        "DOC-05",
        "gamed",
        "a map of another project",
        "names `src/shop/cart.py`, which does not exist",
        {"docs/architecture.md": MAP + "\nThe basket lies in `src/shop/cart.py`.\n"},
    ),
    Case("DOC-06", "met", "contract and model agree", "4 columns, 2 of them features"),
    Case("DOC-06", "not met", "no contract", "contract.yaml", {"contract.yaml": None}),
    Case("DOC-06", "not met", "no model yet", "models/signature.json is missing", {"models/signature.json": None}),
    Case(
        "DOC-06",
        "unknown",
        "a model that was made and is not here",
        "is not in this checkout",
        {
            "models/signature.json": None,
            "dvc.lock": "stages: {export: {outs: [{path: models/signature.json, md5: a}]}}\n",
        },
    ),
    Case(
        "DOC-06",
        "not met",
        "no classification",
        "contract.yaml:7 months lacks a classification",
        {"contract.yaml": CONTRACT.replace("        classification: internal\n", "", 1)},
    ),
    Case(
        "DOC-06",
        "not met",
        "an input that is no feature",
        "takes age, which is no feature",
        {"models/signature.json": signature(inputs=[{"name": "age", "type": "integer"}])},
    ),
    Case(
        "DOC-06",
        "not met",
        "another type",
        "plan is string here and integer for the model",
        {"models/signature.json": signature(inputs=[{"name": n, "type": "integer"} for n in ("months", "plan")])},
    ),
    Case(
        "DOC-06",
        "not met",
        "data beyond the contract",
        "the data holds shoe_size",
        {"reports/validation.json": '{"unknown_columns": ["shoe_size"]}'},
    ),
    Case("DOC-06", "not met", "a broken signature", "not a signature", {"models/signature.json": "[]"}),
    Case(
        "DOC-06",
        "gamed",
        "written beside the model",
        "under another contract",
        {"contract.yaml": CONTRACT.replace("Full months", "Weeks")},
    ),
    Case(
        "DOC-06",
        "gamed",
        "names as descriptions",
        "plan does not say what it means",
        {"contract.yaml": CONTRACT.replace("The tariff on the last day before.", "Plan")},
    ),
    Case(
        "DOC-06",
        "gamed",
        "one sentence for all",
        "plan means what months means",
        {"contract.yaml": CONTRACT.replace("The tariff on the last day before.", "Full months since the first order.")},
    ),
    Case("DOC-07", "met", "every step has its reason", "2 steps"),
    Case("DOC-07", "not met", "no pipeline", "dvc.yaml is missing", {"dvc.yaml": None}),
    Case(
        "DOC-07",
        "not met",
        "a step without words",
        "dvc.yaml:7 evaluate has no desc",
        {"dvc.yaml": PIPELINE.replace("    desc: Judge", "    meta: Judge")},
    ),
    Case(
        "DOC-07",
        "not met",
        "code without words",
        "src/churn/pipeline/train.py:1 what train runs has no docstring",
        {"src/churn/pipeline/train.py": "import numpy\n"},
    ),
    Case(
        "DOC-07",
        "gamed",
        "the command said again",
        "the desc of train says nothing",
        {
            "dvc.yaml": PIPELINE.replace(
                "Fit on what was known a month before, because that is", "Train churn pipeline"
            ).replace(" what will be known when it is asked.", " python m")
        },
    ),
    Case(
        "DOC-07",
        "gamed",
        "one sentence for all",
        "evaluate says what train says",
        {
            "dvc.yaml": PIPELINE.replace(
                "Judge customers that nothing has seen yet, so that the number holds next month too.",
                "Fit on what was known a month before, because that is what will be known when it is asked.",
            )
        },
    ),
    Case("DOC-08", "met", "a card of this model", "2 metrics as in reports/metrics.json"),
    Case("DOC-08", "not met", "no card", "docs/model-card.md is missing", {"docs/model-card.md": None}),
    Case(
        "DOC-08",
        "not met",
        "no evaluation",
        "no evaluation to hold the card against",
        {"reports/metrics.json": None, "dvc.lock": None},
    ),
    Case(
        "DOC-08", "unknown", "an evaluation that is not here", "is not in this checkout", {"reports/metrics.json": None}
    ),
    Case(
        "DOC-08",
        "not met",
        "a section left to be filled in",
        "[More Information Needed]",
        {"docs/model-card.md": CARD.replace(SENTENCE, "[More Information Needed]", 1)},
    ),
    Case(
        "DOC-08",
        "not met",
        "no word on risks",
        "has no section on risks",
        {"docs/model-card.md": CARD.replace("## Risks", "## Else")},
    ),
    Case(
        "DOC-08",
        "not met",
        "a header that is none",
        "its header is not YAML",
        {"docs/model-card.md": CARD.replace("model-index:", "model-index: [")},
    ),
    Case(
        "DOC-08",
        "gamed",
        "a better number",
        "docs/model-card.md:6 roc_auc is 0.81 in the card and 0.71",
        {"docs/model-card.md": CARD.replace("0.71", "0.81")},
    ),
    Case(
        "DOC-08",
        "gamed",
        "a bad number left out",
        "cost_per_row is missing",
        {"docs/model-card.md": CARD.replace("          - type: cost_per_row\n            value: 5.0\n", "")},
    ),
    Case(
        "DOC-08",
        "gamed",
        "the card of the last version",
        "does not hold the digest of models/model.onnx",
        {"docs/model-card.md": CARD.replace(MODEL_SHA, sha256("the last model"))},
    ),
    Case(
        "DOC-08",
        "gamed",
        "headings only",
        "says nothing on intended use",
        {"docs/model-card.md": CARD.replace(SENTENCE, "")},
    ),
    Case("DOC-09", "met", "beyond chance", "simple 7, gain -2 [-2.5, -1.5]"),
    Case(
        "DOC-09",
        "not met",
        "no better than a rule",
        "does not beat simple beyond chance",
        evaluated(metrics(low=-4.1, high=0.1)),
    ),
    Case("DOC-09", "not met", "no evaluation", "no evaluation", {"reports/metrics.json": None, "dvc.lock": None}),
    Case(
        "DOC-09", "unknown", "an evaluation that is not here", "is not in this checkout", {"reports/metrics.json": None}
    ),
    Case(
        "DOC-09",
        "not met",
        "without an interval",
        "without an interval",
        evaluated(
            metrics(
                gain={name: {"cost_per_row": {"value": gain}} for name, gain in (("constant", -4.0), ("simple", -2.0))}
            )
        ),
    ),
    Case(
        "DOC-09",
        "not met",
        "numbers of no stage",
        "not made by the pipeline",
        {"dvc.yaml": PIPELINE.replace("metrics: [reports/metrics.json]", "metrics: []")},
    ),
    Case("DOC-09", "not met", "words for numbers", "want a number", evaluated(metrics(model={"roc_auc": "good"}))),
    Case(
        "DOC-09",
        "gamed",
        "numbers typed into the report",
        "is not what evaluate wrote",
        {"reports/metrics.json": metrics(simple=8.0)},
    ),
    Case(
        "DOC-09",
        "gamed",
        "a gain that nothing supports",
        "not the difference",
        evaluated(metrics().replace('"value": -2.0', '"value": -3.0')),
    ),
    Case(
        "DOC-09",
        "gamed",
        "a straw man",
        "nothing that learns",
        evaluated(metrics(baseline={"constant": {"cost_per_row": {"value": 9.0}}})),
    ),
    Case(
        "DOC-09",
        "gamed",
        "judged on other rows",
        "500 rows, the test part has 900",
        {"reports/split.json": '{"test": {"rows": 900}}'},
    ),
    Case("DOC-10", "met", "risks held down here", "3 risks"),
    Case(
        "DOC-10",
        "met",
        "signed at high criticality",
        "signed by @acme/churn",
        {**HIGH, "docs/risk.md": RISK.replace("medium", "high"), **attestation("DOC-10")},
    ),
    Case("DOC-10", "not met", "no risks written down", "docs/risk.md is missing", {"docs/risk.md": None}),
    Case(
        "DOC-10",
        "not met",
        "unsigned at high criticality",
        "nobody attests the risks",
        {**HIGH, "docs/risk.md": RISK.replace("medium", "high")},
    ),
    Case(
        "DOC-10",
        "not met",
        "another criticality",
        "states criticality low",
        {"docs/risk.md": RISK.replace("medium", "low")},
    ),
    Case(
        "DOC-10",
        "not met",
        "a mitigation that is a hope",
        "docs/risk.md:8 'we take care' names no criterion",
        {"docs/risk.md": RISK.replace("DOC-06", "we take care")},
    ),
    Case("DOC-10", "not met", "a form", "'TBD' was never filled in", {"docs/risk.md": RISK.replace("DOC-06", "TBD")}),
    Case(
        "DOC-10",
        "not met",
        "no word on personal data",
        "contract.yaml:17 gender is confidential",
        {"docs/risk.md": RISK.replace("Personal data", "Data")},
    ),
    Case(
        "DOC-10",
        "gamed",
        "a criterion that is none",
        "DOC-99 is no criterion",
        {"docs/risk.md": RISK.replace("DOC-06", "DOC-99")},
    ),
    Case(
        "DOC-10",
        "gamed",
        "a test that is none",
        "there is no test_fair in tests/test_groups.py",
        {"docs/risk.md": RISK.replace("test_groups_are_alike", "test_fair")},
    ),
    Case(
        "DOC-10",
        "gamed",
        "one mitigation for all",
        "its mitigation is that of line 8",
        {"docs/risk.md": RISK.replace("`tests/test_groups.py::test_groups_are_alike`", "DOC-06")},
    ),
    Case(
        "DOC-10",
        "gamed",
        "copied from another product",
        "protected column gender is not spoken of",
        {"docs/risk.md": RISK.replace("`gender`", "A column")},
    ),
    Case("DOC-11", "met", "the exported interface", "nothing was released before", ONLINE, build=exported),
    Case(
        "DOC-11",
        "met",
        "an addition since the release",
        "nothing breaks callers of v1.0.0",
        ONLINE,
        build=released_before(api(components=row(months="integer"))),
    ),
    Case(
        "DOC-11",
        "met",
        "a break under a new major version",
        "the exported one",
        {
            **ONLINE,
            "docs/openapi.json": api(info={"version": "2.0.0"}, components=row(months="integer", plan="string")),
        },
        build=released_before(OPENAPI),
    ),
    Case("DOC-11", "n/a", "batch only", "nothing is served over HTTP"),
    Case("DOC-11", "not met", "no document", "docs/openapi.json", {**ONLINE, "docs/openapi.json": None}),
    Case("DOC-11", "not met", "never exported", "no receipt tells", ONLINE, build=tagged()),
    Case(
        "DOC-11",
        "not met",
        "a new route",
        "src/churn/model/api.py:6 /explain is not in docs/openapi.json",
        {**ONLINE, "src/churn/model/api.py": SERVICE + 'app.post("/explain")(print)\n'},
    ),
    Case(
        "DOC-11",
        "not met",
        "a break under the same major version",
        "POST /predict now demands plan",
        {**ONLINE, "docs/openapi.json": api(components=row(months="integer", plan="string"))},
        build=released_before(OPENAPI),
    ),
    Case(
        "DOC-11",
        "not met",
        "events with a web service behind them",
        "the manifest does not name rest",
        {**ONLINE, "golden-path.yaml": MANIFEST.replace("[batch]", "[events]")},
    ),
    Case(
        "DOC-11",
        "unknown",
        "a shallow clone",
        "the clone is shallow",
        ONLINE,
        build=exported_and_cut_off,
    ),
    Case(
        "DOC-11",
        "gamed",
        "written by hand",
        "does not take the model's input plan",
        {**ONLINE, "docs/openapi.json": api(components=row(months="integer"))},
        build=exported,
    ),
    Case(
        "DOC-11",
        "gamed",
        "another document was exported",
        "the code exports another document",
        ONLINE,
        build=lambda repository: exported(repository, "{}"),
    ),
    Case("DOC-12", "met", "steps that were followed", "Three of us followed every runbook"),
    Case("DOC-12", "not met", "no alerts", "monitoring/prometheus no rules", {"monitoring/prometheus/churn.yml": None}),
    Case("DOC-12", "not met", "no game day", "nobody attests a game day", {"checklist/attestations.yaml": None}),
    Case(
        "DOC-12",
        "not met",
        "a game day long ago",
        "expired on 2026-06-01",
        {"checklist/attestations.yaml": GAME_DAY.replace("2026-09-01", "2026-06-01")},
    ),
    Case(
        "DOC-12",
        "not met",
        "an alert without a way",
        "monitoring/prometheus/churn.yml:4 NoScores has no runbook_url",
        {"monitoring/prometheus/churn.yml": RULES.replace("runbook_url", "summary")},
    ),
    Case(
        "DOC-12",
        "not met",
        "a way to nowhere",
        "scores.md#no-scores, and there is no such heading",
        {"monitoring/runbooks/scores.md": RUNBOOK.replace("## No scores", "## Silence")},
    ),
    Case(
        "DOC-12",
        "not met",
        "a page that is not here",
        "no such file is here",
        {"monitoring/runbooks/scores.md": None},
    ),
    Case(
        "DOC-12",
        "not met",
        "a target that is gone",
        "there is no `make restart`",
        {"Makefile": MAKEFILE.replace("restart:", "start:")},
    ),
    Case(
        "DOC-12",
        "gamed",
        "a heading without steps",
        "0 steps for NoScores",
        {"monitoring/runbooks/scores.md": RUNBOOK.replace("1. ", "").replace("2. ", "")},
    ),
    Case(
        "DOC-12",
        "gamed",
        "a page for another alert",
        "does not name NoScores",
        {"monitoring/runbooks/scores.md": RUNBOOK.replace("`NoScores` fires", "It fires")},
    ),
    Case(
        "DOC-12",
        "gamed",
        "one page for all alerts",
        "Slow has the steps of NoScores",
        {
            "monitoring/prometheus/churn.yml": RULES
            + "      - {alert: Slow, expr: a, annotations: {runbook_url: monitoring/runbooks/scores.md#no-scores}}\n",
            "monitoring/runbooks/scores.md": RUNBOOK.replace("`NoScores` fires", "`NoScores` or `Slow` fires"),
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_documentation(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)


def product(files: Files) -> Product:
    return Product(DictTree({path: text for path, text in files.items() if text is not None}))


def test_a_comment_in_a_block_of_code_is_no_heading() -> None:
    text = "# Title\n\n```sh\n# a comment\nmake\n```\n\n## Next ##\n"

    document = markdown.read(product({"a.md": text}), "a.md")

    assert document is not None
    assert [(section.title, section.line) for section in document] == [("", 0), ("Title", 1), ("Next", 8)]
    assert document.sections[1].fences == (markdown.Fence("sh", ("# a comment", "make"), 4),)


def test_an_anchor_is_the_forges() -> None:
    document = markdown.read(product({"a.md": "## Model's age: > 30 days\n"}), "a.md")

    assert document is not None
    assert document.sections[1].anchor == "models-age--30-days"


def test_a_table_tells_the_line_of_each_row() -> None:
    document = markdown.read(product({"a.md": "# R\n\n| Risk | Mitigation |\n|---|:--|\n| a | b |\n"}), "a.md")

    assert document is not None
    assert list(markdown.tables(document)) == [(("risk", "mitigation"), [(5, ("a", "b"))])]


def test_a_contract_tells_each_columns_line_and_sensitivity() -> None:
    agreed = contract.read(product(HEALTHY))

    assert [column.name for column in agreed.having("feature")] == ["months", "plan"]
    assert [(column.name, column.line) for column in agreed if column.is_sensitive] == [("gender", 17)]


def test_a_contract_that_is_a_list_of_words_is_broken() -> None:
    with pytest.raises(BrokenFileError, match="properties: want a list"):
        contract.read(product({"contract.yaml": "schema: [{name: a, properties: [b]}]\n"}))


def test_a_plain_number_is_an_estimate_without_an_interval() -> None:
    found = evaluation.read(product({"reports/metrics.json": '{"model": {"mae": 2}}'}))

    assert found.model == {"mae": evaluation.Estimate(2)}
    assert not found.as_written


def test_less_of_a_cost_is_better() -> None:
    assert evaluation.is_lower_better("cost_per_row")
    assert not evaluation.is_lower_better("average_precision")


def test_a_card_without_a_header_has_no_metrics() -> None:
    assert model_card.read(product({"docs/model-card.md": "# Card\n"})).metrics == {}


def test_a_changelog_of_keep_a_changelog_is_read_by_version() -> None:
    found = changelog.read(product({"changelog.md": "## [1.0.0-rc.1] - 2026-01-02\n\n### Fixed\n\n- One thing\n"}))

    assert {name: notes.words for name, notes in found.releases.items()} == {"1.0.0-rc.1": ("One", "thing")}


def test_an_answer_that_is_gone_breaks_callers() -> None:
    before = openapi.parse("a.json", OPENAPI)
    after = openapi.parse("a.json", OPENAPI.replace('"score"', '"points"'))

    assert list(openapi.breaks(before, after)) == ["POST /predict no longer answers score"]


def test_a_schema_that_holds_itself_is_read_to_an_end() -> None:
    parts = {"schemas": {"Row": {"properties": {"row": {"$ref": "#/components/schemas/Row"}}}}}

    found = openapi.parse("a.json", api(components=parts))

    assert "row" in found.operations["POST /predict"].takes


def test_a_quickstart_is_read_as_the_words_to_run() -> None:
    shell = "```console\n$ make setup  # once\n# then\n$ make \\\n  test\n```\n"
    text = f"# A\n\n## From a fresh clone\n\n{shell}\n```python\nx\n```\n"

    assert quickstart.read(product({"README.md": text})) == [(6, "make setup"), (8, "make test")]
