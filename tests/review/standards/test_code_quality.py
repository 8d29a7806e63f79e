"""The criteria of code quality."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from goldenpath.review.product import suite_run
from tests.review.standards.cases import PRODUCT, Case, Files, Repository, hold

MANIFEST = (
    PRODUCT
    + """\
serving: [rest]
slo:
  latency_p95_ms: 100
deploy:
  environments: [dev, prod]
"""
)
MAKEFILE = """\
.PHONY: test
test: setup
\t@pytest --cov

lint: setup
\t@ruff check .
\t@pre-commit run --all-files

setup:
\t@pip install -e .

validate-deploy:
\t@kubernetes-validate deploy/base/deployment.yaml
"""
CI = """\
name: CI
on:
  pull_request:
jobs:
  quality:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make lint
      - run: |
          make setup
          make test
      - run: make validate-deploy
"""
CD = """\
name: CD
on:
  push:
    branches: [main]
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - run: make model-gate
  staging:
    needs: gate
    runs-on: ubuntu-latest
    steps:
      - run: make deploy ENV=staging
"""
ELSEWHEN = "      - if: github.event_name == 'workflow_dispatch'\n"
HOOKS = """\
repos:
  - repo: local
    hooks:
      - id: lint
        name: lint
        entry: .venv/bin/ruff check
        language: system
"""
DVC = """\
stages:
  validate:
    cmd: python -m churn.validate
    deps: [data/raw.csv]
    outs: [data/valid.csv]
  train:
    cmd: python -m churn.train
    deps: [data/valid.csv]
    outs: [models/model.onnx]
  evaluate:
    cmd: python -m churn.evaluate
    deps: [models/model.onnx]
    outs:
      - reports/segments.json: {cache: false}
      - reports/parity.json: {cache: false}
    metrics:
      - reports/metrics.json: {cache: false}
"""
CONTRACT = """\
schema:
  - name: customers
    properties:
      - name: region
        customProperties: [{property: roles, value: [feature, segment]}]
"""
PARAMS = """\
gates:
  segments:
    roc_auc: {min: 0.6}
"""
VALIDATE = """\
def validate(rows):
    bad = [row for row in rows if row["age"] is None]
    if bad:
        raise ValueError(f"{len(bad)} rows break the contract")
    return rows
"""
FEATURES = """\
def encode(row):
    return [float(row["age"]), float(row["visits"])]
"""
TRAIN = """\
from sklearn.linear_model import LogisticRegression

from .features import encode


def train(rows, target):
    return LogisticRegression().fit([encode(row) for row in rows], target)
"""
EVALUATE = """\
from .features import encode


def evaluate(model, rows):
    return model.predict([encode(row) for row in rows])
"""
REST = """\
from fastapi import FastAPI

from .features import encode

app = FastAPI()


@app.post("/predict")
def predict(row: dict) -> float:
    return sum(encode(row))
"""
TEST_VALIDATE = """\
import pytest

from churn.validate import validate


def test_spoiled_rows_are_refused():
    with pytest.raises(ValueError):
        validate([{"age": None}])
"""
TEST_PIPELINE = """\
from churn import evaluate, train, validate
from churn.features import encode


def test_the_stages_fit_together():
    rows = validate.validate([{"age": 1, "visits": 2}, {"age": 3, "visits": 4}])
    model = train.train(rows, [0, 1])
    assert len(evaluate.evaluate(model, rows)) == len(rows)


def test_a_row_becomes_numbers():
    assert encode({"age": "1", "visits": 2}) == [1.0, 2.0]
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: churn
"""
SEGMENTS = [
    {"column": "region", "group": "north", "rows": 900, "metrics": {"roc_auc": 0.71}},
    {"column": "region", "group": "south", "rows": 800, "metrics": {"roc_auc": 0.68}},
    {"column": "region", "group": "isles", "rows": 20, "metrics": None},
]
METRICS = {"model": {"roc_auc": {"value": 0.70}}, "baseline": {"constant": {"roc_auc": {"value": 0.5}}}}
PARITY = {"rows": 2000, "flipped_decisions": 0}


def reports(segments: Any = SEGMENTS, parity: Any = PARITY, metrics: Any = METRICS) -> dict[str, str]:
    """The reports, and the lock that records them."""
    texts = {
        "reports/segments.json": json.dumps(segments),
        "reports/parity.json": json.dumps(parity),
        "reports/metrics.json": json.dumps(metrics),
    }
    outs = "".join(
        f"    - path: {path}\n      md5: {hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}\n"
        for path, text in texts.items()
    )
    return {
        **texts,
        "dvc.lock": f"schema: '2.0'\nstages:\n  evaluate:\n    cmd: python -m churn.evaluate\n    outs:\n{outs}",
    }


def notebook(*cells: str, output: bool = False) -> str:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "7"}] if output else []
    found = [{"cell_type": "code", "source": cell, "outputs": outputs, "execution_count": None} for cell in cells]
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


HEALTHY: dict[str, str] = {
    "golden-path.yaml": MANIFEST,
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "churn"\n',
    "Makefile": MAKEFILE,
    ".github/CODEOWNERS": "* @acme/churn\n",
    ".github/workflows/ci.yml": CI,
    ".github/workflows/cd.yml": CD,
    ".pre-commit-config.yaml": HOOKS,
    "dvc.yaml": DVC,
    "contract.yaml": CONTRACT,
    "params.yaml": PARAMS,
    "models/signature.json": json.dumps({"inputs": [], "model_sha256": "0" * 64}),
    "notebooks/explore.ipynb": notebook("import churn"),
    "src/churn/__init__.py": "",
    "src/churn/validate.py": VALIDATE,
    "src/churn/features.py": FEATURES,
    "src/churn/train.py": TRAIN,
    "src/churn/evaluate.py": EVALUATE,
    "src/churn/serving/__init__.py": "",
    "src/churn/serving/rest.py": REST.replace(".features", "..features"),
    "tests/test_validate.py": TEST_VALIDATE,
    "tests/test_pipeline.py": TEST_PIPELINE,
    "deploy/base/deployment.yaml": DEPLOYMENT,
    "deploy/base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "deploy/overlays/dev/kustomization.yaml": "resources: [../../base]\n",
    "deploy/overlays/prod/kustomization.yaml": "resources: [../../base]\n",
    **reports(),
}
RUN: dict[str, Any] = {
    "tests": 3,
    "failures": 0,
    "errors": 0,
    "skipped": 0,
    "passed_by_module": {"tests.test_validate": 1, "tests.test_pipeline": 2},
    "coverage": {
        "src/churn/validate.py": [5, 5],
        "src/churn/features.py": [2, 2],
        "src/churn/train.py": [4, 4],
        "src/churn/evaluate.py": [3, 3],
        "src/churn/serving/rest.py": [4, 6],
    },
}
REFUSAL = {"metric": "roc_auc", "current_score": 0.70, "degraded_score": 0.52, "gate_exit_code": 1}
LOAD = {"requests": 5000, "failures": 3, "p95_ms": 41.5}
MODEL = {"models/model.onnx": "0" * 64}

Build = Callable[[Repository], object]


def receipt(name: str, facts: Mapping[str, Any], /, **changed: Any) -> Build:
    return lambda repository: repository.receipt(name, facts, **changed)


def suite(name: str = "CQ-02", /, **facts: Any) -> Build:
    """A receipt of the suite's run, with some of its facts replaced."""
    return receipt(name, RUN | facts)


def covered(**shares: tuple[int, int]) -> Build:
    """A receipt of the suite's run that covered some modules otherwise."""
    changed = {f"src/churn/{name}.py": list(share) for name, share in shares.items()}
    return suite(coverage=RUN["coverage"] | changed)


def changes(count: int, subject: str = "Change (#{})", trailer: str = "", **environment: Any) -> Build:
    def build(repository: Repository) -> None:
        for number in range(count):
            repository.commit({}, subject.format(number) + trailer, **environment)

    return build


def both(*builds: Build) -> Build:
    def build(repository: Repository) -> None:
        for one in builds:
            one(repository)

    return build


def seen(name: str) -> Build:
    """Somebody has a commit of their own on the main line."""
    address = f"{name}@example.com"
    return lambda repository: repository.commit({}, "Join", GIT_AUTHOR_EMAIL=address, GIT_COMMITTER_EMAIL=address)


QUICKSTART = {"README.md": "# Churn\n\n## From a fresh clone\n\n```sh\nmake setup\nmake test\n```\n"}
PROD = "deploy/overlays/prod/kustomization.yaml"


def told(number: int, model: str = "''") -> str:
    """The overlay of an environment that is told to run the image of a number."""
    return (
        "resources: [../../base]\nimages:\n  - name: service\n    newName: registry.acme.dev/churn\n"
        f"    digest: sha256:{number:064x}\ncommonAnnotations:\n  golden-path/model: {model}\n"
    )


def deployments(
    extra: Files | None = None, edit: tuple[str, str] = ("", ""), trailer: str = "", tagged: bool = True
) -> Build:
    """Twelve promotions and rollbacks by a person; the arguments are what a commit that pretends does besides."""

    def build(repository: Repository) -> None:
        repository.commit({PROD: told(0)}, "Make the overlay", GIT_COMMITTER_EMAIL="ann@example.com")
        repository.git("tag", "churn@v1.0.0")
        before = ""
        for number in range(1, 13):
            model = "churn@v1.0.0"
            image = trailer or f"registry.acme.dev/churn@sha256:{number:064x}"
            replaces = f"\nReplaces: {before}" if before else ""
            text = told(number, model)
            changed = text.replace(edit[0], f"{edit[1]}{number}") if edit[0] else text
            files = {PROD: changed, **{name: f"{text_of}{number}\n" for name, text_of in (extra or {}).items()}}
            repository.commit(files, f"Promote {model} to prod\n\nImage: {image}{replaces}")
            if tagged:
                repository.git("tag", f"churn#prod#{number}", "churn@v1.0.0")
            before = model

    return build


FORGE = {"GIT_COMMITTER_EMAIL": "noreply@github.com"}
HIGH = {"golden-path.yaml": MANIFEST.replace("medium", "high")}
WORKFLOW = ".github/workflows/ci.yml"


def ci(run: str, job: str = "", step: str = "") -> Files:
    """A workflow of one job with one step."""
    text = f"on: pull_request\njobs:\n  test:\n    runs-on: x\n{job}    steps:\n      - run: |\n          {run}\n{step}"
    return {WORKFLOW: text}


COMPOSED: Files = {
    **{path: None for path in HEALTHY if path.startswith("deploy/")},
    "compose.yaml": "services: {churn: {user: '10001'}}\n",
    **{
        f"deploy/overlays/{name}/compose.yaml": f"services: {{churn: {{image: 'churn@sha256:{'a' * 64}'}}}}\n"
        for name in ("dev", "prod")
    },
}
"""The product on one machine, by Compose, and not in a cluster."""

CASES = [
    Case("CQ-01", "met", "a package that the stages call", "src/churn holds the code"),
    Case(
        "CQ-01",
        "not met",
        "notebooks only",
        "no Python package",
        {path: None for path in HEALTHY if path.startswith("src/")},
    ),
    Case(
        "CQ-01",
        "not met",
        "a stage that runs a notebook",
        "dvc.yaml:2 stage train runs `papermill",
        {"dvc.yaml": "stages:\n  train: {cmd: papermill train.ipynb out.ipynb}\n"},
    ),
    Case(
        "CQ-01",
        "not met",
        "a make target that runs a notebook",
        "Makefile:2 runs `jupyter nbconvert",
        {"Makefile": "train:\n\tjupyter nbconvert --execute train.ipynb\n"},
    ),
    Case(
        "CQ-01",
        "gamed",
        "a notebook that is run and tidied up",
        "Makefile:2 runs `papermill",
        {"Makefile": "train:\n\tpapermill train.ipynb out.ipynb && rm out.ipynb\n"},
    ),
    Case(
        "CQ-01",
        "gamed",
        "a notebook that code runs",
        "src/churn/train.py:1",
        {"src/churn/train.py": "import papermill\n" + TRAIN},
    ),
    Case(
        "CQ-01",
        "gamed",
        "a notebook that a script runs",
        "stage train runs `papermill",
        {"dvc.yaml": "stages:\n  train: {cmd: bash train.sh}\n", "train.sh": "papermill train.ipynb out.ipynb\n"},
    ),
    Case(
        "CQ-01",
        "met",
        "a project of Poetry",
        files={"pyproject.toml": "[build-system]\nrequires = ['poetry-core']\n[tool.poetry]\nname = 'churn'\n"},
    ),
    Case(
        "CQ-01",
        "met",
        "a setup.py",
        files={"pyproject.toml": None, "setup.py": "from setuptools import setup\nsetup()\n"},
    ),
    Case("CQ-01", "not met", "no way to install it", "[build-system]", {"pyproject.toml": "[project]\nname='a'\n"}),
    Case(
        "CQ-01",
        "gamed",
        "a package of empty functions",
        "no function that does anything",
        {path: "def train(): pass\n" for path in HEALTHY if path.startswith("src/") and path.endswith(".py")},
    ),
    Case(
        "CQ-01",
        "gamed",
        "a model fitted in the notebook beside a package of helpers",
        "fitted in a notebook only",
        {"src/churn/train.py": VALIDATE, "notebooks/explore.ipynb": notebook("model.fit(x, y)")},
    ),
    Case("CQ-02", "met", "make test in a pull request, and its run", "Makefile:3 runs `pytest --cov`", build=suite()),
    Case(
        "CQ-02",
        "met",
        "a script of the repository",
        "ci/test.sh",
        {**ci("bash ci/test.sh"), "ci/test.sh": "pytest\n"},
        suite(),
    ),
    Case(
        "CQ-02",
        "met",
        "the README's quickstart, which tests",
        "Makefile:3 runs `pytest --cov`",
        QUICKSTART,
        receipt("CQ-02", RUN | {"commands": ["make setup", "make test"]}, command="make quickstart"),
    ),
    Case(
        "CQ-02",
        "gamed",
        "a quickstart of which nothing tells that it tested",
        "runs no tests that can be seen",
        QUICKSTART,
        receipt("CQ-02", RUN | {"commands": ["make setup"]}, command="make quickstart"),
    ),
    Case(
        "CQ-02",
        "gamed",
        "the README's commands beside a command that runs none of them",
        "runs no tests that can be seen",
        QUICKSTART,
        receipt("CQ-02", RUN | {"commands": ["make setup", "make test"]}, command="make lint"),
    ),
    Case("CQ-02", "not met", "no receipt", "no receipt proves it", build=changes(0)),
    Case("CQ-02", "not met", "no workflow", "no workflow runs on pull requests", {WORKFLOW: None}, suite()),
    Case("CQ-02", "not met", "a run with a failure", "1 did not", build=suite(tests=4, failures=1)),
    Case(
        "CQ-02", "not met", "a run on a laptop at criticality high", "must be CI's", HIGH, receipt("CQ-02", RUN, run="")
    ),
    Case(
        "CQ-02",
        "not met",
        "code changed since the run",
        "what it proved has changed",
        build=both(suite(), lambda repository: repository.commit({"src/churn/train.py": TRAIN + "\n\nX = 1\n"})),
    ),
    Case("CQ-02", "gamed", "failures swallowed by the shell", "swallowed by the shell", ci("pytest || true"), suite()),
    Case(
        "CQ-02",
        "gamed",
        "a step that may fail",
        "swallowed by continue",
        ci("pytest", step="        continue-on-error: true\n"),
        suite(),
    ),
    Case("CQ-02", "gamed", "a pipe that hides the exit code", "pipe", ci("pytest | tee log.txt"), suite()),
    Case(
        "CQ-02",
        "gamed",
        "a recipe that ignores failures",
        "leading -",
        {"Makefile": "test:\n\t-pytest\nsetup:\n"},
        suite(),
    ),
    Case(
        "CQ-02",
        "gamed",
        "a job that never runs",
        "no pull request runs",
        ci("pytest", "    if: false\n"),
        receipt("CQ-02", RUN, run=""),
    ),
    Case(
        "CQ-02", "gamed", "tests that are only listed", "", ci("pytest --collect-only"), receipt("CQ-02", RUN, run="")
    ),
    Case("CQ-02", "gamed", "tests that only an echo names", "", ci("echo pytest"), receipt("CQ-02", RUN, run="")),
    *(
        Case("CQ-02", "gamed", why, "", ci(run.replace("\n", "\n          ")), receipt("CQ-02", RUN, run=""))
        for why, run in {
            "a failure that only an echo answers": "pytest || echo failed",
            "tests in the background": "pytest &",
            "tests behind the end of the script": "exit 0\npytest",
            "tests that a false condition keeps from running": "if false; then\n  pytest\nfi",
            "tests after what always fails quietly": "false && pytest",
            "tests in a here-document": "cat <<END\npytest\nEND",
            "a make that runs nothing": "make -n test",
            "a make that ignores failures": "make -i test",
            "a make in another folder": "make -C docs test",
        }.items()
    ),
    *(
        Case("CQ-02", "gamed", why, "", {WORKFLOW: CI.replace(old, new)}, receipt("CQ-02", RUN, run=""))
        for why, old, new in (
            ("a branch that nobody uses", "  pull_request:\n", "  pull_request: {branches: [nobody]}\n"),
            ("a change of documents only", "  pull_request:\n", "  pull_request: {paths: ['docs/**']}\n"),
            ("every change of code left out", "  pull_request:\n", "  pull_request: {paths-ignore: ['**.py']}\n"),
            ("a condition on constants", "runs-on: ubuntu-latest\n", "runs-on: x\n    if: 1 == 2\n"),
            (
                "tests after a failure only",
                "          make setup\n          make test\n",
                "          make test\n        if: failure()\n",
            ),
            (
                "a shell that only shows",
                "          make setup\n          make test\n",
                "          make test\n        shell: cat {0}\n",
            ),
        )
    ),
    *(
        Case("CQ-02", "gamed", why, "", {"Makefile": text}, receipt("CQ-02", RUN, run=""))
        for why, text in {
            "a target that does nothing": "test:\n\t@true\n",
            "a second recipe that replaces the first": MAKEFILE + "\ntest:\n\t@echo fine\n",
            "a shell that runs nothing": "SHELL := /bin/true\n" + MAKEFILE,
            "flags that ignore failures": "MAKEFLAGS += --ignore-errors\n" + MAKEFILE,
            "a target whose failures are ignored": ".IGNORE: test\n" + MAKEFILE,
        }.items()
    ),
    Case("CQ-02", "gamed", "a receipt of nothing", "does nothing", build=receipt("CQ-02", RUN, command="true")),
    Case("CQ-02", "gamed", "a receipt of no tests", "runs no tests", build=receipt("CQ-02", RUN, command="make lint")),
    *(
        Case("CQ-02", "met", why, "", {**ci(run), "Makefile": MAKEFILE + more}, suite())
        for why, run, more in (
            ("tests in an environment of Conda", "conda run -n churn --no-capture-output pytest", ""),
            ("tests in a service of Compose", "docker compose run --rm app pytest", ""),
            ("tests by a variable of make", "make unit", "\nPYTEST = $(VENV)/bin/pytest\nunit:\n\t$(PYTEST) -x\n"),
        )
    ),
    Case(
        "CQ-02",
        "met",
        "a composite action of the repository",
        ".github/actions/test/action.yml:4",
        {
            WORKFLOW: "on: {pull_request: {branches: [main]}}\njobs: {a: {steps: [{uses: ./.github/actions/test}]}}\n",
            ".github/actions/test/action.yml": "runs:\n  using: composite\n  steps:\n    - run: pytest\n",
        },
        suite(),
    ),
    Case("CQ-02", "gamed", "a forged count", "by its modules", build=suite(tests=500)),
    Case(
        "CQ-02",
        "gamed",
        "tests that are not there",
        "no such file",
        build=suite(tests=4, passed_by_module=RUN["passed_by_module"] | {"tests.test_ghost": 1}),
    ),
    Case(
        "CQ-02",
        "gamed",
        "most tests left out",
        "1 tests ran, and 3 are written",
        build=suite(tests=1, passed_by_module={"tests.test_validate": 1}),
    ),
    Case("CQ-02", "unknown", "another CI", "does not read", {WORKFLOW: None, ".gitlab-ci.yml": "test: {}\n"}),
    Case("CQ-02", "unknown", "CI that cannot be followed", "seen to", ci("docker run tests"), suite()),
    Case("CQ-03", "met", "tests that assert, run, and cover", "3 tests passed and cover", build=suite()),
    Case("CQ-03", "met", "a receipt of its own", "3 tests passed and cover", build=suite("CQ-03")),
    Case("CQ-03", "not met", "no tests", "no tests", {"tests/test_validate.py": None, "tests/test_pipeline.py": None}),
    Case(
        "CQ-03",
        "not met",
        "code that no test reaches",
        "of the code, want 20%",
        build=suite(coverage={"src/churn/train.py": [1, 4]}),
    ),
    Case(
        "CQ-03",
        "not met",
        "too little for a critical product",
        "want 50%",
        HIGH,
        covered(validate=(2, 5), features=(1, 2), train=(1, 4), evaluate=(1, 3), **{"serving/rest": (2, 6)}),
    ),
    Case(
        "CQ-03",
        "gamed",
        "tests that assert what is always true",
        "3 of 3 tests assert nothing",
        {
            "tests/test_validate.py": "import churn\n\n\ndef test_all():\n    churn.run()\n    assert True\n",
            "tests/test_pipeline.py": "def test_a():\n    pass\n\n\ndef test_b():\n    print('fine')\n",
        },
        suite(),
    ),
    *(
        Case(
            "CQ-03",
            "gamed",
            why,
            "3 of 3 tests assert nothing",
            {
                "tests/test_validate.py": f"import churn\n\n\ndef test_all():\n    churn.run()\n    {claim}\n",
                "tests/test_pipeline.py": "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n",
            },
            suite(),
        )
        for why, claim in {
            "a comparison of constants": "assert 1 == 1",
            "a way out of every assertion": "assert churn.run() or True",
            "a value that equals itself": "assert churn == churn",
            "an assertion in a comment": "pass  # assert churn.run()",
            "an assertion in a text": '"assert churn.run()"',
            "a truth that a method asserts": "self.assertTrue(True)",
            "a message that names something": "assert True, churn.run()",
        }.items()
    ),
    Case(
        "CQ-03",
        "gamed",
        "a measure that leaves nearly all code out",
        "of the code, want 20%",
        {"src/churn/more.py": "import os\n" + "os.getpid()\n" * 400},
        suite(coverage={"src/churn/more.py": [1, 1]}),
    ),
    Case(
        "CQ-03",
        "gamed",
        "tests of nothing",
        "no test imports the package",
        {"tests/test_validate.py": "def test_sum():\n    assert sum([1, 1]) == 2\n", "tests/test_pipeline.py": None},
        suite(),
    ),
    Case(
        "CQ-03",
        "gamed",
        "coverage of one small file",
        "of the code, want 20%",
        build=suite(coverage={"src/churn/features.py": [2, 2]}),
    ),
    Case("CQ-03", "gamed", "more covered than there is", "more lines are covered", build=covered(train=(40, 4))),
    Case("CQ-04", "met", "clean code", "no finding in"),
    Case(
        "CQ-04", "met", "one finding, excused by name", "1 excused", {"src/churn/extra.py": "import os  # noqa: F401\n"}
    ),
    Case(
        "CQ-04", "not met", "an undefined name", "src/churn/extra.py:1 F821", {"src/churn/extra.py": "print(missing)\n"}
    ),
    Case("CQ-04", "not met", "code that does not parse", "src/churn/extra.py:1", {"src/churn/extra.py": "def f(:\n"}),
    Case(
        "CQ-04",
        "gamed",
        "rules switched off",
        "F401",
        {
            "ruff.toml": "lint.ignore = ['F401']\nexclude = ['src']\n",
            "src/churn/extra.py": "# ruff: noqa\nimport os  # noqa\n",
        },
    ),
    Case(
        "CQ-04",
        "gamed",
        "everything excused",
        "5 findings are excused",
        {
            "src/churn/extra.py": "".join(
                f"import {name}  # noqa: F401\n" for name in ("os", "sys", "re", "json", "ast")
            )
        },
    ),
    Case("CQ-05", "met", "hooks that CI runs", "Makefile:7 runs `pre-commit run --all-files`"),
    Case(
        "CQ-05",
        "met",
        "hooks that an action runs",
        "pre-commit/action",
        {WORKFLOW: "on: pull_request\njobs:\n  a:\n    steps:\n      - uses: pre-commit/action@v3\n"},
    ),
    Case("CQ-05", "not met", "no hooks", "is missing", {".pre-commit-config.yaml": None}),
    Case("CQ-05", "not met", "hooks that each may leave out", "nothing makes anybody", ci("ruff check .")),
    Case(
        "CQ-05",
        "not met",
        "hooks whose failure is ignored",
        "nothing makes anybody",
        ci("pre-commit run --all-files || true"),
    ),
    Case(
        "CQ-05",
        "gamed",
        "a hook that does nothing",
        "no hook of a tool",
        {".pre-commit-config.yaml": "repos:\n  - repo: local\n    hooks:\n      - {id: ruff, entry: 'true'}\n"},
    ),
    *(
        Case(
            "CQ-05",
            "gamed",
            why,
            "no hook of a tool",
            {".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n      - {{id: lint, {how}}}\n"},
        )
        for why, how in {
            "a hook that only names a tool": "entry: echo ruff",
            "a hook of no file": "entry: ruff check, files: ^$",
            "a hook that leaves all files out": "entry: ruff check, exclude: .*",
            "a hook that nobody is made to run": "entry: ruff check, stages: [manual]",
        }.items()
    ),
    Case(
        "CQ-05",
        "unknown",
        "hooks of pre-commit.ci",
        "pre-commit.ci",
        {WORKFLOW: None, ".pre-commit-config.yaml": HOOKS + "ci: {}\n"},
    ),
    Case("CQ-05", "unknown", "another CI", "does not read", {WORKFLOW: None, "Jenkinsfile": "pipeline {}\n"}),
    Case(
        "CQ-05",
        "not met",
        "a configuration of another form",
        "0 hooks",
        {".pre-commit-config.yaml": "repos: [all, {hooks: many}]\n"},
    ),
    Case(
        "CQ-02",
        "gamed",
        "a job for pushes only",
        "no pull request runs",
        ci("pytest", "    if: github.event_name == 'push'\n"),
        receipt("CQ-02", RUN, run=""),
    ),
    Case("CQ-06", "met", "a young project with owners", "too few to judge", build=changes(1)),
    Case(
        "CQ-06",
        "met",
        "changes with a reviewer",
        "of 12 changes 11 were reviewed",
        build=both(seen("ann"), changes(11, trailer="\n\nReviewed-by: Ann <ann@example.com>")),
    ),
    Case(
        "CQ-06",
        "gamed",
        "a reviewer whom nobody has seen",
        "12 came straight",
        build=changes(12, "Change", "\n\nReviewed-by: Ghost <ghost@example.com>"),
    ),
    Case(
        "CQ-06",
        "met",
        "pull requests, and a rule of the forge",
        "asks for 1 approvals",
        build=both(changes(12, **FORGE), receipt("CQ-06", {"required_approvals": 1})),
    ),
    Case(
        "CQ-06",
        "not met",
        "nobody owns the files",
        "nobody is asked",
        {".github/CODEOWNERS": "/docs @acme/churn\n"},
        changes(1),
    ),
    Case("CQ-06", "not met", "changes straight to main", "12 came straight", build=changes(12, "Change")),
    Case(
        "CQ-06",
        "not met",
        "a forge that asks for nothing",
        "no approval",
        build=both(changes(12, **FORGE), receipt("CQ-06", {"required_approvals": 0})),
    ),
    Case(
        "CQ-06",
        "gamed",
        "a bot that approves",
        "12 came straight",
        build=changes(12, "Change", "\n\nReviewed-by: A <approve[bot]@example.com>"),
    ),
    Case(
        "CQ-06",
        "gamed",
        "authors who approve themselves",
        "12 came straight",
        build=changes(12, "Change", "\n\nReviewed-by: T <test@example.com>"),
    ),
    Case(
        "CQ-06",
        "unknown",
        "pull requests, and no word of the forge",
        "approvals git does not keep",
        build=changes(12, **FORGE),
    ),
    Case("CQ-06", "met", "promotions straight to main", "12 deployments are not counted", build=deployments()),
    Case(
        "CQ-06", "gamed", "promotions with code", "12 came straight", build=deployments({"src/churn/more.py": "x = "})
    ),
    Case(
        "CQ-06",
        "gamed",
        "promotions of two environments",
        "12 came straight",
        build=deployments({"deploy/overlays/dev/kustomization.yaml": "namePrefix: a"}),
    ),
    Case(
        "CQ-06",
        "gamed",
        "promotions that change more of the overlay",
        "12 came straight",
        build=deployments(edit=("../../base", "../../base")),
    ),
    Case(
        "CQ-06",
        "gamed",
        "promotions of another image than they say",
        "12 came straight",
        build=deployments(trailer=f"registry.acme.dev/churn@sha256:{'e' * 64}"),
    ),
    Case(
        "CQ-06",
        "gamed",
        "promotions that no registry knows",
        "12 came straight",
        build=deployments(tagged=False),
    ),
    Case("CQ-06", "unknown", "no git", "no history"),
    Case("CQ-07", "met", "stripped notebooks", "1 notebooks, none with outputs"),
    Case(
        "CQ-07",
        "not met",
        "an output",
        "notebooks/explore.ipynb 1 cells",
        {"notebooks/explore.ipynb": notebook("7", output=True)},
    ),
    Case("CQ-07", "not met", "a notebook that cannot be read", "is not JSON", {"notebooks/explore.ipynb": "{"}),
    Case("CQ-08", "met", "a guard that was seen to refuse", "train waits for validate", build=suite()),
    Case(
        "CQ-08",
        "not met",
        "no stage that validates",
        "no stage validates",
        {"dvc.yaml": "stages:\n  train: {cmd: python -m churn.train}\n"},
    ),
    Case(
        "CQ-08",
        "not met",
        "training past the guard",
        "does not wait",
        {"dvc.yaml": DVC.replace("[data/valid.csv]\n    outs: [models", "[data/raw.csv]\n    outs: [models")},
    ),
    Case(
        "CQ-08",
        "not met",
        "no test of a refusal",
        "no test expects",
        {"tests/test_validate.py": TEST_PIPELINE},
        suite(),
    ),
    Case("CQ-08", "not met", "no receipt", "no receipt proves it", build=changes(0)),
    Case(
        "CQ-08",
        "gamed",
        "a guard that lets everything through",
        "cannot refuse",
        {"src/churn/validate.py": "def validate(rows):\n    return list(rows)\n"},
        suite(),
    ),
    Case(
        "CQ-08",
        "gamed",
        "a guard that runs nothing",
        "runs no code",
        {"dvc.yaml": DVC.replace("python -m churn.validate", "true")},
        suite(),
    ),
    Case(
        "CQ-08",
        "gamed",
        "a test that is never run",
        "did not run",
        build=suite(tests=2, passed_by_module={"tests.test_pipeline": 2}),
    ),
    Case("CQ-09", "met", "features with tests", "covered to 100%", build=suite()),
    Case("CQ-09", "not met", "features hardly tested", "covered to 50%", build=covered(features=(1, 2))),
    Case(
        "CQ-09", "not met", "no module of features", "no module of features", {"src/churn/train.py": VALIDATE}, suite()
    ),
    Case(
        "CQ-09",
        "gamed",
        "functions outside the measure",
        "covered to",
        {"src/churn/features.py": "import os\n" + FEATURES + "    os.getpid()\n" * 9},
        covered(features=(2, 2)),
    ),
    Case(
        "CQ-09",
        "gamed",
        "features outside the measure",
        "src/churn/features.py:1",
        {"src/churn/features.py": FEATURES.replace(":\n", ":  # pragma: no cover\n", 1)},
        suite(),
    ),
    Case(
        "CQ-09",
        "gamed",
        "a file of features that nothing imports",
        "no module of features",
        {"src/churn/train.py": TRAIN.replace(".features", ".other"), "src/churn/other.py": FEATURES},
        suite(),
    ),
    Case("CQ-10", "met", "all stages in one test", "tests/test_pipeline.py", build=suite()),
    Case(
        "CQ-10",
        "met",
        "a run on a sample",
        "all 3 stages ran on a sample",
        build=receipt("CQ-10", {"stages": ["validate", "train", "evaluate"]}),
    ),
    Case(
        "CQ-10",
        "not met",
        "a run on a sample of other stages",
        "other stages",
        build=receipt("CQ-10", {"stages": ["train"]}),
    ),
    Case("CQ-10", "not met", "no pipeline", "no pipeline", {"dvc.yaml": None}),
    Case(
        "CQ-10",
        "not met",
        "stages tested apart",
        "puts all stages together",
        {"tests/test_pipeline.py": TEST_PIPELINE.replace("evaluate, ", "")},
        suite(),
    ),
    Case("CQ-10", "gamed", "stages imported and not run", "hardly ran: train (25%)", build=covered(train=(1, 4))),
    Case("CQ-11", "met", "every group above its floor", "all 2 groups hold roc_auc ≥ 0.6"),
    Case(
        "CQ-11",
        "not met",
        "a group below its floor",
        "region south: roc_auc is 0.55",
        reports(segments=[SEGMENTS[0], {**SEGMENTS[1], "metrics": {"roc_auc": 0.55}}]),
    ),
    Case("CQ-11", "not met", "no floor", "no floor is set", {"params.yaml": "model: {}\n"}),
    Case("CQ-11", "not met", "no segments in the contract", "no column", {"contract.yaml": "schema: []\n"}),
    Case("CQ-11", "not met", "a segment that is not measured", "region is not measured", reports(segments=[])),
    Case("CQ-11", "not met", "no report", "nothing is measured", {"reports/segments.json": None}),
    Case(
        "CQ-11",
        "not met",
        "a floor that is none",
        "params.yaml:2",
        {"params.yaml": "gates:\n  segments:\n    roc_auc: 0.6\n"},
    ),
    Case(
        "CQ-11",
        "gamed",
        "a floor that a constant holds",
        "constant baseline",
        {"params.yaml": PARAMS.replace("0.6", "0.5")},
    ),
    Case(
        "CQ-11",
        "gamed",
        "a floor that nothing is compared with",
        "cannot be told",
        reports(metrics={"model": {"roc_auc": 0.7}}),
    ),
    Case(
        "CQ-11",
        "gamed",
        "an edited report",
        "is not what the pipeline wrote",
        {"reports/segments.json": json.dumps(SEGMENTS[:1])},
    ),
    Case(
        "CQ-12",
        "met",
        "a gate that refused a worse model",
        "the gate refused roc_auc 0.52",
        build=receipt("CQ-12", REFUSAL),
    ),
    Case(
        "CQ-12",
        "met",
        "a deployment that asks for the gate's success whatever else failed",
        files={
            ".github/workflows/cd.yml": CD.replace(
                "    needs: gate\n", "    needs: gate\n    if: always() && needs.gate.result == 'success'\n"
            )
        },
        build=receipt("CQ-12", REFUSAL),
    ),
    Case("CQ-12", "not met", "no deployment", "no workflow deploys", {".github/workflows/cd.yml": None}),
    Case(
        "CQ-12",
        "not met",
        "a deployment that waits for nothing",
        "job staging runs `make deploy",
        {".github/workflows/cd.yml": CD.replace("    needs: gate\n", "")},
    ),
    Case("CQ-12", "not met", "no receipt", "no receipt proves it", build=changes(0)),
    Case(
        "CQ-12",
        "gamed",
        "a gate whose failure is swallowed",
        "waits for no gate",
        {".github/workflows/cd.yml": CD.replace("model-gate", "model-gate || true")},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a gate job that never runs",
        "waits for no gate",
        {".github/workflows/cd.yml": CD.replace("  gate:\n", "  gate:\n    if: ${{ false }}\n")},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a gate for another event than the one that deploys",
        "waits for no gate",
        {".github/workflows/cd.yml": CD.replace("      - run: make model", ELSEWHEN + "        run: make model")},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a deployment that goes on when the gate failed",
        "waits for no gate",
        {".github/workflows/cd.yml": CD.replace("    needs: gate\n", "    needs: gate\n    if: always()\n")},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a deployment that never runs",
        "no workflow deploys",
        {".github/workflows/cd.yml": CD.replace("    needs: gate\n", "    needs: gate\n    if: false\n")},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a gate that does nothing",
        "waits for no gate",
        {"Makefile": MAKEFILE + "\nmodel-gate:\n\t@echo good\n"},
    ),
    Case(
        "CQ-12",
        "gamed",
        "a deployment by an action that waits for nothing",
        "acme/deploy-service",
        {".github/workflows/cd.yml": CD + "  prod:\n    steps: [{uses: acme/deploy-service@v1}]\n"},
    ),
    *(
        Case("CQ-12", "gamed", why, says, build=receipt("CQ-12", REFUSAL | facts))
        for why, says, facts in (
            ("an exit code in words", "let a model", {"gate_exit_code": "0"}),
            ("a score that is no number", "does not say", {"degraded_score": float("nan")}),
        )
    ),
    Case(
        "CQ-12", "gamed", "a gate that says yes", "let a model", build=receipt("CQ-12", REFUSAL | {"gate_exit_code": 0})
    ),
    Case(
        "CQ-12",
        "gamed",
        "a degraded model that is as good",
        "no worse",
        build=receipt("CQ-12", REFUSAL | {"degraded_score": 0.7}),
    ),
    Case(
        "CQ-12",
        "gamed",
        "scores of another model",
        "not that of reports/metrics.json",
        build=receipt("CQ-12", REFUSAL | {"current_score": 0.9}),
    ),
    Case(
        "CQ-12",
        "unknown",
        "another CI",
        "does not read",
        {".github/workflows/cd.yml": None, ".gitlab-ci.yml": "deploy: {}\n"},
    ),
    Case("CQ-13", "met", "one module of features for both", "src/churn/features.py both use encode"),
    Case(
        "CQ-13",
        "not met",
        "features of its own in serving",
        "share no code",
        {"src/churn/serving/rest.py": REST.replace("from .features import encode\n", "").replace("encode", "list")},
    ),
    Case(
        "CQ-13",
        "not met",
        "serving that fills gaps itself",
        "src/churn/serving/rest.py:11 .fillna(",
        {"src/churn/serving/rest.py": HEALTHY["src/churn/serving/rest.py"] + "    row.fillna(0)\n"},
    ),
    Case(
        "CQ-13",
        "not met",
        "decisions that differ",
        "3 decisions differ",
        reports(parity={"rows": 2000, "flipped_decisions": 3}),
    ),
    Case("CQ-13", "not met", "nothing compared", "no rows", reports(parity={"rows": 0, "flipped_decisions": 0})),
    Case("CQ-13", "not met", "no code that serves", "no code serves", {"src/churn/serving/rest.py": None}),
    Case(
        "CQ-13",
        "gamed",
        "an empty module that both import",
        "share no code",
        {"src/churn/features.py": "def encode(row): pass\n"},
    ),
    Case(
        "CQ-13",
        "gamed",
        "an import that is not used",
        "share no code",
        {"src/churn/serving/rest.py": REST.replace(".features", "..features").replace("encode(row)", "row")},
    ),
    Case(
        "CQ-13",
        "gamed",
        "an edited report",
        "is not what the pipeline wrote",
        {"reports/parity.json": json.dumps({"rows": 9, "flipped_decisions": 0})},
    ),
    Case(
        "CQ-13",
        "unknown",
        "no way of serving declared",
        "names no way of serving",
        {"golden-path.yaml": MANIFEST.replace("serving: [rest]\n", ""), "src/churn/serving/rest.py": None},
    ),
    Case(
        "CQ-14",
        "met",
        "a load test within the objective",
        "p95 41.5 ms of 100 ms",
        build=receipt("CQ-14", LOAD, artifacts=MODEL),
    ),
    Case("CQ-14", "not met", "too slow", "p95 250 ms", build=receipt("CQ-14", LOAD | {"p95_ms": 250}, artifacts=MODEL)),
    Case(
        "CQ-14",
        "not met",
        "no objective",
        "lacks slo.latency_p95_ms",
        {"golden-path.yaml": MANIFEST.replace("latency_p95_ms", "uptime")},
    ),
    Case(
        "CQ-14",
        "not met",
        "an old test",
        "older than 90 days",
        build=receipt("CQ-14", LOAD, artifacts=MODEL, when="2026-01-01T00:00:00+00:00"),
    ),
    Case(
        "CQ-14",
        "not met",
        "an online service declared as batch",
        "the code serves requests",
        {"golden-path.yaml": MANIFEST.replace("[rest]", "[batch]")},
    ),
    Case(
        "CQ-14",
        "gamed",
        "a handful of requests",
        "10 requests",
        build=receipt("CQ-14", LOAD | {"requests": 10, "failures": 0}, artifacts=MODEL),
    ),
    Case(
        "CQ-14",
        "gamed",
        "a model that is not there",
        "which model",
        build=receipt("CQ-14", LOAD, artifacts={"models/other.onnx": "1" * 64}),
    ),
    Case(
        "CQ-14",
        "gamed",
        "no number for the slowest",
        "lacks",
        build=receipt("CQ-14", LOAD | {"p95_ms": float("nan")}, artifacts=MODEL),
    ),
    Case("CQ-14", "gamed", "no model under load", "which model", build=receipt("CQ-14", LOAD)),
    Case(
        "CQ-14",
        "n/a",
        "a batch product",
        "nobody waits",
        {"golden-path.yaml": MANIFEST.replace("[rest]", "[batch]"), "src/churn/serving/rest.py": VALIDATE},
    ),
    Case(
        "CQ-14",
        "unknown",
        "no manifest, no service",
        "no manifest",
        {"golden-path.yaml": None, "src/churn/serving/rest.py": None},
    ),
    Case(
        "CQ-15", "met", "manifests that were validated", "2 objects are valid", build=receipt("CQ-15", {"objects": 2})
    ),
    Case(
        "CQ-15",
        "not met",
        "a manifest without a name",
        "lacks metadata",
        {"deploy/base/deployment.yaml": "apiVersion: v1\nkind: Pod\n"},
    ),
    Case(
        "CQ-15",
        "not met",
        "a resource that is not there",
        "names deployment.yaml",
        {"deploy/base/deployment.yaml": None},
    ),
    Case(
        "CQ-15",
        "not met",
        "an environment without an overlay",
        "no overlay for prod",
        {"deploy/overlays/prod/kustomization.yaml": None},
    ),
    Case("CQ-15", "not met", "no validator on pull requests", "no pull request validates", ci("pytest")),
    Case(
        "CQ-15",
        "not met",
        "nothing to deploy with",
        "no configuration",
        {path: None for path in HEALTHY if path.startswith("deploy/")},
    ),
    Case(
        "CQ-15",
        "gamed",
        "a validator run over nothing",
        "0 objects were validated, 1 are here",
        build=receipt("CQ-15", {"objects": 0}),
    ),
    Case(
        "CQ-15",
        "met",
        "a promotion since it was validated",
        "2 objects are valid",
        {PROD: told(0)},
        both(receipt("CQ-15", {"objects": 2}), lambda found: found.commit({PROD: told(1, "churn@v1.0.0")})),
    ),
    Case(
        "CQ-15",
        "gamed",
        "a promotion that changes more, since it was validated",
        "what it proved has changed since",
        {PROD: told(0)},
        both(receipt("CQ-15", {"objects": 2}), lambda found: found.commit({PROD: f"namePrefix: x-\n{told(1)}"})),
    ),
    Case(
        "CQ-15",
        "met",
        "services of Compose that were validated",
        "2 objects are valid",
        {**COMPOSED, **ci("docker compose -f compose.yaml -f deploy/overlays/prod/compose.yaml config --quiet")},
        receipt("CQ-15", {"objects": 2}),
    ),
    Case(
        "CQ-15",
        "met",
        "services of Compose that the product's own rules judge",
        "2 objects are valid",
        {**COMPOSED, **ci("python -m churn.validate"), "src/churn/validate.py": "COMPOSE = 'compose.yaml'\n"},
        receipt("CQ-15", {"objects": 2}),
    ),
    Case(
        "CQ-15",
        "gamed",
        "a validator of manifests, and there are none",
        "no pull request validates the files of Compose",
        {**COMPOSED, **ci("kubectl kustomize deploy/overlays/prod")},
        receipt("CQ-15", {"objects": 2}),
    ),
    Case(
        "CQ-15",
        "gamed",
        "one service of Compose validated of two",
        "1 objects were validated, 2 are here",
        {**COMPOSED, **ci("docker compose config")},
        receipt("CQ-15", {"objects": 1}),
    ),
    Case(
        "CQ-15",
        "not met",
        "a service of Compose without an image",
        "service churn has no image",
        {**COMPOSED, "deploy/overlays/prod/compose.yaml": "services: {churn: {ports: ['127.0.0.1:1:1']}}\n"},
    ),
    Case(
        "CQ-15",
        "n/a",
        "a product that is deployed nowhere",
        "deployed nowhere",
        {
            **{path: None for path in HEALTHY if path.startswith("deploy/")},
            "golden-path.yaml": MANIFEST.replace("  environments: [dev, prod]\n", "  to: nowhere\n"),
            "src/churn/serving/rest.py": VALIDATE,
        },
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_quality(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)


def test_the_reports_of_a_run_become_its_facts() -> None:
    junit = """<testsuites><testsuite name="pytest">
      <testcase classname="tests.test_a" name="test_one"/>
      <testcase classname="tests.test_a" name="test_two"><failure message="no"/></testcase>
      <testcase classname="tests.test_b.TestThree" name="test_three"><skipped/></testcase>
      <testcase classname="tests.test_b" name="test_four"><error/></testcase>
    </testsuite></testsuites>"""
    coverage = {"files": {"src/a.py": {"summary": {"covered_lines": 3, "num_statements": 4}}}}

    facts = suite_run.facts_of(junit, coverage)

    assert facts == {
        "tests": 4,
        "failures": 1,
        "errors": 1,
        "skipped": 1,
        "passed_by_module": {"tests.test_a": 1},
        "coverage": {"src/a.py": [3, 4]},
    }
    assert suite_run.read(facts).passed == 1
