"""The criteria of security and governance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.review.product import secrets
from goldenpath.review.product.dvc import md5
from goldenpath.review.product.product import Product, open_product
from goldenpath.review.product.tree import DictTree
from goldenpath.review.review import judge
from goldenpath.review.standards import catalogue
from goldenpath.review.standards.verdict import Status
from tests.review.standards.cases import NOW, Case, Repository, hold

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"
MODEL = "ab" * 32
IMAGE = f"sha256:{'cd' * 32}"
# Put together here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "QX7DJH3MZP5LWTRB"
GITHUB_TOKEN = "ghp" + "_" + "a1B2c3D4e5F6" * 3
PRIVATE_KEY = "-----BEGIN RSA PRIVATE" + " KEY-----\n" + "MIIEowIBAAKCAQEA7bq4kXv" * 3 + "\n"
MANIFEST = """\
product:
  name: Churn
  owner: "@acme/churn"
  criticality: medium
serving: [rest]
deploy:
  environments: [dev, staging, prod]
"""
CI = f"""\
on: [pull_request]
permissions: {{}}
jobs:
  test:
    permissions: {{contents: read}}
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
      - run: make test
"""
CONTRACT = """\
version: 1.0.0
description: {purpose: Tell who leaves.}
schema:
  - name: customers
    properties:
      - name: tenure
        classification: internal
      - name: region
        classification: public
        customProperties: [{property: roles, value: [feature, segment]}]
"""
PERSONAL = """\
      - name: email
        classification: confidential
"""
DUTIES = """\
slaProperties: [{property: retention, value: 2, unit: y}]
roles: [{role: churn_reader, access: read}]
"""
PROTECTED = CONTRACT.replace("[feature, segment]", "[feature, protected]")
API = """\
from fastapi import FastAPI
app = FastAPI()
@app.post("/predict")
def predict(): ...
@app.get("/healthz")
def healthz(): ...
"""
SAFE = """\
import skops.io
TRUSTED = ["numpy.dtype"]
def load(path):
    return skops.io.load(path, trusted=sorted(TRUSTED))
"""
CHECKED = """\
import hashlib
import pickle
def load(path, wanted):
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ValueError(path)
    return pickle.loads(content)
"""
AUDITED = f"""\
on: {{schedule: [{{cron: "17 4 * * *"}}]}}
permissions: {{}}
jobs:
  audit:
    permissions: {{contents: read}}
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
      - run: make audit
"""
MAKEFILE = """\
BIN := .venv/bin
audit:
\t$(BIN)/pip-audit --strict --require-hashes -r requirements/serve.txt
"""
LOOP = """\
LOCKS := $(wildcard requirements/*.txt)
audit:
\tfor lock in $(LOCKS); do pip-audit --strict -r $$lock; done
"""
BILL: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "components": [
        {"type": "library", "name": "NumPy", "version": "2.4.1"},
        {"type": "machine-learning-model", "name": "model", "hashes": [{"alg": "SHA-256", "content": MODEL}]},
    ],
}
DIGEST = [{"alg": "SHA-256", "content": MODEL}]
OVERLAY = f"images: [{{name: churn, digest: '{IMAGE}'}}]\n"
COMPOSED = {
    "deploy/overlays/prod/kustomization.yaml": None,
    "deploy/overlays/prod/compose.yaml": f"services: {{churn: {{image: 'registry.acme.dev/churn@{IMAGE}'}}}}\n",
}
"""Production on one machine."""
HEALTHY = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    ".github/workflows/ci.yml": CI,
    ".github/workflows/cd.yml": CI,
    ".github/workflows/audit.yml": AUDITED,
    "Makefile": MAKEFILE,
    "contract.yaml": CONTRACT,
    "params.yaml": "gates: {fairness: {recall: 0.2}}\n",
    "requirements/serve.txt": "numpy==2.4.1 \\\n    --hash=sha256:00\ncolorama==0.4.6 ; sys_platform == 'win32'\n",
    "models/signature.json": json.dumps({"model_sha256": MODEL, "inputs": [{"name": "tenure"}, {"name": "region"}]}),
    "src/churn/__init__.py": "",
    "src/churn/store.py": SAFE,
    "src/churn/api.py": API,
    "sbom.cdx.json": json.dumps(BILL),
    "deploy/overlays/prod/kustomization.yaml": OVERLAY,
    "deploy/overlays/staging/kustomization.yaml": "images: [{name: churn, newTag: next}]\n",
}
AUDIT = {"dependencies": [{"name": "numpy", "version": "2.4.1", "vulns": []}]}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.4.2"]}
CALLS = [
    {"path": "/predict", "credentials": "none", "status": 401},
    {"path": "/predict", "credentials": "valid", "status": 200},
]
BUILT = {
    "subject": IMAGE,
    "builder": "https://github.com/acme/churn/.github/workflows/cd.yml@refs/heads/main",
}
HIGH = MANIFEST.replace("medium", "high")
STAGES = (
    "stages:\n  evaluate:\n    cmd: python -m churn.evaluate\n    metrics: [reports/segments.json: {cache: false}]\n"
)


def billed(*components: Any) -> dict[str, str | None]:
    """The bill of materials with more components."""
    return {"sbom.cdx.json": json.dumps({**BILL, "components": [*BILL["components"], *components]})}


def segments(**recalls: float | None) -> dict[str, str]:
    """A report of the groups of a column, and the lock that records it."""
    metrics = {group: {} if recall is None else {"recall": recall} for group, recall in recalls.items()}
    text = json.dumps([{"column": "region", "group": group, "metrics": found} for group, found in metrics.items()])
    out = {"path": "reports/segments.json", "md5": md5(text.encode())}
    return {"reports/segments.json": text, "dvc.lock": json.dumps({"stages": {"evaluate": {"outs": [out]}}})}


WORDS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda sigma tau upsilon phi chi psi omega rho omicron"
)
POINTS = (
    "General description",
    "Development",
    "Monitoring, functioning and control",
    "Performance metrics",
    "Risk management",
    "Changes",
    "Standards",
    "Declaration of conformity",
    "Post-market monitoring",
)
SUFFIXES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
TECHNICAL = "".join(f"## {point}\n\n{WORDS} {own}\n\n" for point, own in zip(POINTS, SUFFIXES, strict=True))
FAIR = {
    "golden-path.yaml": HIGH,
    "contract.yaml": PROTECTED,
    "dvc.yaml": STAGES,
    **segments(north=0.5, south=0.6),
    "docs/technical-file.md": TECHNICAL,
}

STRANGE = (
    "[]",
    "1",
    "{",
    "- 1\n- [a]\n",
    "on: 1\njobs: {a: {steps: [1, {uses: [1], run: [2], with: [3]}], permissions: [1], container: [1]}}\n",
    "schema: [{properties: [1, {name: [2]}]}]\nslaProperties: 1\n",
    "gates: {fairness: {recall: x, 1: [2]}}\nimages: [1, {digest: [2]}]\n",
    "product: {name: [1]}\nserving: 3\n",
    '{"inputs": [1, {"name": [1]}], "bomFormat": "CycloneDX", "components": [1, {"name": [1], "hashes": [1]}]}',
    '[{"column": [1], "metrics": 2}]',
)
"""Files that parse, or do not, and hold nothing that anybody expects."""
COMPLETE = {**HEALTHY, **FAIR}


OWNED_BY_BOT = {".github/CODEOWNERS": "* @acme/churn @acme/release-bot\n"}


def attested(name: str, statement: str = "I looked at it.", when: str = "2026-06-01", **other: str) -> dict[str, str]:
    """An attestation, by itself in its file."""
    entry = {"id": name, "by": "@acme/churn", "statement": statement, "when": when, "expires": "2026-12-01"}
    return {"checklist/attestations.yaml": json.dumps([entry | {"link": "https://wiki.acme.dev/1"} | other])}


def receipt(name: str, facts: dict[str, Any], **changed: Any) -> Any:
    """A repository with one receipt."""
    return lambda repository: repository.receipt(name, facts, **changed)


def loads(code: str) -> dict[str, str]:
    """A module that loads a model in another way."""
    return {"src/churn/store.py": code}


def workflow(*words: str) -> dict[str, str]:
    """The workflow with some words, each time the first of two, changed to the second."""
    text = CI
    for old, new in zip(words[::2], words[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return {".github/workflows/ci.yml": text}


def leak_and_delete(repository: Repository) -> None:
    repository.commit({"src/churn/upload.py": f'KEY = "{AWS_KEY}"\n'})
    repository.commit({"src/churn/upload.py": None})


def leak_and_revoke(repository: Repository) -> None:
    leak_and_delete(repository)
    leaked = repository.git("rev-parse", "--short=9", "HEAD~1")
    repository.commit(attested("SEC-01", f"The key of {leaked} was revoked on the same day."))


def revoke_another(repository: Repository) -> None:
    leak_and_delete(repository)
    repository.commit(attested("SEC-01", "The key of 0123456 was revoked."))


def leak_in_merge(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"side.txt": "side\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"main.txt": "main\n"})
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    repository.commit({"merged.txt": GITHUB_TOKEN + "\n"}, "Merge")


def make_shallow(repository: Repository) -> None:
    repository.commit({"more.txt": "more\n"})
    (repository.root / ".git" / "shallow").write_text(repository.git("rev-parse", "HEAD") + "\n")


def scan(command: str, commits: int = 1) -> Any:
    """A scanner's receipt, and a harmless commit after it."""

    def build(repository: Repository) -> None:
        repository.receipt("SEC-01", {"findings": 0, "commits": commits}, command=command)
        repository.commit({"more.txt": "more\n"})

    return build


WORKFLOWS = tuple(path for path in HEALTHY if path.startswith(".github/workflows/"))
CRON = 'cron: "17 4 * * *"'
TWO_LOCKS = {"requirements/train.txt": "scipy==1.16.0 \\\n    --hash=sha256:00\n"}


def audited(old: str, new: str) -> dict[str, str | None]:
    """The workflow that audits, with a change."""
    assert old in AUDITED
    return {".github/workflows/audit.yml": AUDITED.replace(old, new)}


def found(hole: dict[str, Any]) -> dict[str, Any]:
    """The facts of an audit that found a hole."""
    return {"dependencies": [{**AUDIT["dependencies"][0], "vulns": [hole]}]}


CASES = [
    Case("SEC-01", "met", "a clean history", "1 commits read", build=lambda _: None),
    Case("SEC-01", "met", "a scanner read the older part", "1 commits read", build=scan("gitleaks git")),
    Case("SEC-01", "met", "a manual's example", build=lambda r: r.commit({"a.md": "AKIA" + "IOSFODNN7EXAMPLE\n"})),
    Case("SEC-01", "met", "leaked and revoked, by name", "revoked by @acme/churn", build=leak_and_revoke),
    Case("SEC-01", "not met", "a key in a new file", "config.py:2", {"config.py": f'\nKEY = "{AWS_KEY}"\n'}),
    Case("SEC-01", "not met", "a private key", "private key", {"key.pem": PRIVATE_KEY}),
    Case(
        "SEC-01",
        "not met",
        "a committed token",
        "in the checkout and in history",
        {"config.py": GITHUB_TOKEN},
        build=lambda _: None,
    ),
    Case(
        "SEC-01",
        "not met",
        "a changed file with a token",
        "README.md:1",
        build=lambda r: (r.commit({"README.md": "fine\n"}), (r.root / "README.md").write_text(GITHUB_TOKEN)),
    ),
    Case("SEC-01", "not met", "a merge that adds a token", "merged.txt", build=leak_in_merge),
    Case("SEC-01", "gamed", "deleted by a later commit", "src/churn/upload.py", build=leak_and_delete),
    Case("SEC-01", "gamed", "another leak attested", "AWS access key", build=revoke_another),
    Case("SEC-01", "gamed", "a receipt of nothing", "no scanner", build=scan("make lint")),
    Case("SEC-01", "gamed", "a scanner that read nothing", "of 1 commits", build=scan("gitleaks git", 0)),
    Case("SEC-01", "unknown", "no git", "no history"),
    Case("SEC-01", "unknown", "a shallow clone", "shallow", build=make_shallow),
    Case("SEC-02", "met", "audited each night", "1 locks are audited on a schedule"),
    Case("SEC-02", "met", "a loop over every lock", files={**TWO_LOCKS, "Makefile": f".SHELLFLAGS := -ec\n{LOOP}"}),
    Case(
        "SEC-02", "met", "without make", files=audited("make audit", "uvx pip-audit --strict -r requirements/serve.txt")
    ),
    Case("SEC-02", "met", "another scanner", files=audited("make audit", "osv-scanner scan source -r .")),
    Case("SEC-02", "met", "recorded", files=audited("make audit", "goldenpath record SEC-09 -- make audit")),
    Case("SEC-02", "met", "and found clean", "ran it on", build=receipt("SEC-09", AUDIT)),
    Case("SEC-02", "met", "a finding of low severity", build=receipt("SEC-09", found({**HOLE, "severity": "low"}))),
    Case(
        "SEC-02",
        "met",
        "a lock of uv, audited as it is installed",
        "1 locks",
        {
            "requirements/serve.txt": None,
            "uv.lock": '[[package]]\nname = "numpy"\nversion = "2.4.1"\nsdist = {hash = "sha256:00"}\n',
            **audited("make audit", "uv run pip-audit --strict"),
        },
    ),
    Case(
        "SEC-02",
        "unknown",
        "another CI",
        "does not read",
        {".github/workflows/audit.yml": None, ".gitlab-ci.yml": "audit: {}\n"},
    ),
    *(
        Case("SEC-02", "gamed", why, "no workflow on a schedule", audited(CRON, f'cron: "{cron}"'))
        for why, cron in {
            "a day that never comes": "0 4 31 2 *",
            "an hour that there is not": "0 25 * * *",
            "an audit once a year": "0 4 1 1 *",
        }.items()
    ),
    Case("SEC-02", "not met", "no lock", "locked with hashes", {"requirements/serve.txt": "numpy==2.4.1\n"}),
    Case("SEC-02", "not met", "no audit", "no workflow on a schedule", {".github/workflows/audit.yml": None}),
    Case("SEC-02", "not met", "a critical finding", "PYSEC-2026-1", build=receipt("SEC-09", found(HOLE))),
    Case(
        "SEC-02",
        "not met",
        "a finding that ended the audit",
        "PYSEC-2026-1",
        build=receipt("SEC-09", found(HOLE), exit_code=1),
    ),
    Case("SEC-02", "not met", "an audit that broke", "exit code 2", build=receipt("SEC-09", {}, exit_code=2)),
    Case("SEC-02", "gamed", "not strict", "want --strict", {"Makefile": MAKEFILE.replace("--strict ", "")}),
    Case("SEC-02", "gamed", "a dry run", "audits nothing", {"Makefile": MAKEFILE.replace("--strict", "--strict -d")}),
    Case("SEC-02", "gamed", "one lock of two", "requirements/train.txt is audited by nothing", TWO_LOCKS),
    Case("SEC-02", "gamed", "may fail in make", files={"Makefile": MAKEFILE.replace("\t", "\t-")}),
    Case(
        "SEC-02",
        "gamed",
        "may fail in the shell",
        files={"Makefile": MAKEFILE.replace("serve.txt", "serve.txt || true")},
    ),
    Case(
        "SEC-02", "gamed", "may fail in the job", files=audited("  audit:\n", "  audit:\n    continue-on-error: true\n")
    ),
    Case("SEC-02", "gamed", "a job that never runs", files=audited("  audit:\n", "  audit:\n    if: false\n")),
    Case(
        "SEC-02",
        "gamed",
        "a step for another event",
        files=audited("- run: make", "- if: github.event_name == 'push'\n        run: make"),
    ),
    Case("SEC-02", "gamed", "no schedule", files=audited('schedule: [{cron: "17 4 * * *"}]', "workflow_dispatch: {}")),
    Case("SEC-02", "gamed", "a loop that goes on", "goes on after a failure", {**TWO_LOCKS, "Makefile": LOOP}),
    Case("SEC-02", "gamed", "a comment", files={"Makefile": MAKEFILE.replace("\t$", "\t# $")}),
    Case(
        "SEC-02",
        "gamed",
        "an old receipt that was clean before a new one that was not",
        "PYSEC-2026-1",
        build=lambda repository: (
            repository.receipt("SEC-09", AUDIT, when="2026-06-14T12:00:00+00:00"),
            repository.receipt("SEC-09", found(HOLE), exit_code=1),
        ),
    ),
    Case("SEC-09", "met", "a fresh audit of every pin", "1 pinned packages", build=receipt("SEC-09", AUDIT)),
    Case("SEC-09", "not met", "never audited", "no run proves it"),
    Case("SEC-09", "not met", "nothing pinned", "no package is pinned", {"requirements/serve.txt": "numpy\n"}),
    Case("SEC-09", "not met", "a known hole", "PYSEC-2026-1", build=receipt("SEC-09", found(HOLE))),
    Case(
        "SEC-09", "not met", "a known hole of low severity", build=receipt("SEC-09", found({**HOLE, "severity": "low"}))
    ),
    Case(
        "SEC-09",
        "not met",
        "audited long ago",
        "older than 7 days",
        build=receipt("SEC-09", AUDIT, when="2026-06-01T12:00:00+00:00"),
    ),
    Case("SEC-09", "gamed", "an audit of nothing", "were not audited", build=receipt("SEC-09", {"dependencies": []})),
    Case(
        "SEC-09",
        "gamed",
        "a package skipped",
        "numpy 2.4.1",
        build=receipt("SEC-09", {"dependencies": [{"name": "numpy", "version": "2.4.1", "skip_reason": "offline"}]}),
    ),
    Case(
        "SEC-09",
        "gamed",
        "a clean audit before the newest, which found a hole",
        "PYSEC-2026-1",
        build=lambda repository: (
            repository.receipt("SEC-09", AUDIT, when="2026-06-14T12:00:00+00:00"),
            repository.receipt("SEC-09", found(HOLE), exit_code=1),
        ),
    ),
    Case("SEC-03", "met", "pinned and least", "3 workflows"),
    Case("SEC-03", "met", "a local action", files=workflow(f"actions/checkout@{SHA} # v7.0.1", "./.github/actions/x")),
    Case("SEC-03", "not met", "a tag", "ci.yml:7 actions/checkout@v7", workflow(f"@{SHA} # v7.0.1", "@v7")),
    Case("SEC-03", "not met", "writing by default", "right to write", workflow("{}", "{contents: write}")),
    Case(
        "SEC-03",
        "not met",
        "no rights told",
        "says nothing",
        {
            **workflow("{contents: read}", "{}"),
            ".github/workflows/ci.yml": CI.replace("permissions: {}\n", "").replace(
                "    permissions: {contents: read}\n", ""
            ),
        },
    ),
    Case("SEC-03", "not met", "broken YAML", "ci.yml:2", {".github/workflows/ci.yml": "on: [\n"}),
    Case(
        "SEC-03",
        "not met",
        "a title in the shell",
        "pass it through env",
        workflow("make test", "echo ${{ github.event.pull_request.title }}"),
    ),
    Case(
        "SEC-03",
        "not met",
        "a stranger's code with our rights",
        "stranger's code",
        {
            ".github/workflows/ci.yml": CI.replace("[pull_request]", "pull_request_target").replace(
                "      - run", "        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n      - run"
            )
        },
    ),
    Case(
        "SEC-03",
        "not met",
        "a comment that starts a stranger's code",
        "stranger's code",
        workflow("[pull_request]", "issue_comment", "make test", "gh pr checkout 1"),
    ),
    Case(
        "SEC-03",
        "met",
        "a comment of those who belong to the project",
        files=workflow(
            "[pull_request]",
            "issue_comment",
            "make test",
            "gh pr checkout 1\n        if: github.event.comment.author_association == 'MEMBER'",
        ),
    ),
    Case(
        "SEC-03",
        "not met",
        "a service by tag",
        "image redis:7 is not pinned",
        workflow(
            "    permissions: {contents: read}\n", "    permissions: {}\n    services: {cache: {image: redis:7}}\n"
        ),
    ),
    Case(
        "SEC-03",
        "not met",
        "a composite action by tag",
        "action.yml:3",
        {".github/actions/x/action.yml": "runs:\n  steps:\n    - uses: actions/cache@v4\n"},
    ),
    Case(
        "SEC-03",
        "not met",
        "no workflow",
        "no workflow",
        dict.fromkeys(WORKFLOWS),
    ),
    Case("SEC-03", "gamed", "a short id", "not pinned", workflow(SHA, SHA[:12])),
    Case("SEC-03", "gamed", "everything for one job", "every right", workflow("{contents: read}", "write-all")),
    Case(
        "SEC-03",
        "unknown",
        "another system",
        "only GitHub",
        {**dict.fromkeys(WORKFLOWS), ".gitlab-ci.yml": "test: {}\n"},
    ),
    Case("SEC-04", "met", "nothing personal", "2 columns classified"),
    Case("SEC-04", "met", "personal and cared for", files={"contract.yaml": CONTRACT + PERSONAL + DUTIES}),
    Case("SEC-04", "met", "agreed at high criticality", "attested", {"golden-path.yaml": HIGH, **attested("SEC-04")}),
    Case("SEC-04", "not met", "nobody agreed", "nobody attests", {"golden-path.yaml": HIGH}),
    Case("SEC-04", "not met", "no contract", "no contract", {"contract.yaml": None}),
    Case("SEC-04", "not met", "kept for ever", "how long", {"contract.yaml": CONTRACT + PERSONAL}),
    Case(
        "SEC-04",
        "not met",
        "an unclassified column",
        "contract.yaml:6",
        {"contract.yaml": CONTRACT.replace("        classification: internal\n", "")},
    ),
    Case(
        "SEC-04",
        "not met",
        "learned from without a reason",
        "learns from region",
        {"contract.yaml": CONTRACT.replace("public", "restricted") + DUTIES},
    ),
    Case(
        "SEC-04",
        "gamed",
        "an address called public",
        "email looks personal",
        {"contract.yaml": CONTRACT + PERSONAL.replace("confidential", "public")},
    ),
    Case(
        "SEC-04",
        "gamed",
        "a contract of other columns",
        "takes region",
        {"contract.yaml": CONTRACT.replace("name: region", "name: area")},
    ),
    Case("SEC-05", "met", "skops with trusted types", "none of 3 files"),
    Case("SEC-05", "met", "a digest compared first", files=loads(CHECKED)),
    Case(
        "SEC-05",
        "met",
        "a helper that compares",
        files=loads(
            CHECKED.replace("    return pickle.loads(content)\n", "")
            + "def get(path):\n    load(path, 'x')\n    return pickle.load(path)\n"
        ),
    ),
    Case("SEC-05", "met", "PyTorch weights", files=loads("import torch\ntorch.load('m', weights_only=True)\n")),
    Case("SEC-05", "not met", "joblib", "store.py:2 joblib.load", loads("import joblib\njoblib.load('m')\n")),
    Case("SEC-05", "not met", "whole PyTorch models", "weights_only", loads("import torch\ntorch.load('m')\n")),
    Case(
        "SEC-05",
        "not met",
        "NumPy objects",
        "numpy.load",
        loads("import numpy as np\nnp.load('m', allow_pickle=True)\n"),
    ),
    Case("SEC-05", "not met", "pandas", "pandas.read_pickle", loads("import pandas as pd\npd.read_pickle('m')\n")),
    Case(
        "SEC-05",
        "not met",
        "a notebook",
        "a.ipynb",
        {
            "a.ipynb": json.dumps(
                {"cells": [{"cell_type": "code", "source": ["%time\n", "import pickle\n", "pickle.load(f)"]}]}
            )
        },
    ),
    Case(
        "SEC-05",
        "not met",
        "no code",
        "no code",
        dict.fromkeys(("src/churn/__init__.py", "src/churn/store.py", "src/churn/api.py")),
    ),
    Case("SEC-05", "gamed", "an alias", "pickle.load", loads("from pickle import load as x\nx(open('m'))\n")),
    Case("SEC-05", "gamed", "a star", "pickle.loads", loads("from pickle import *\nloads(b'')\n")),
    Case("SEC-05", "gamed", "handed on", "joblib.load", loads("import joblib as j\nread = j.load\n")),
    Case("SEC-05", "gamed", "getattr", "pickle.load", loads("import pickle\ngetattr(pickle, 'load')(f)\n")),
    Case(
        "SEC-05",
        "gamed",
        "import_module",
        "hides",
        loads("import importlib\nimportlib.import_module('pickle').load(f)\n"),
    ),
    Case(
        "SEC-05",
        "gamed",
        "compared after loading",
        "pickle.loads",
        loads(
            "import hashlib, pickle\ndef load(c, w):\n    m = pickle.loads(c)\n"
            "    if hashlib.sha256(c).hexdigest() != w:\n        raise ValueError\n    return m\n"
        ),
    ),
    Case(
        "SEC-05",
        "gamed",
        "skops trusts what it finds",
        "trusts whatever",
        loads(
            "import skops.io as s\ndef f(p):\n    t = s.get_untrusted_types(file=p)\n    return s.load(p, trusted=t)\n"
        ),
    ),
    Case("SEC-06", "met", "billed and signed", "cd.yml", build=receipt("SEC-06", BUILT)),
    Case("SEC-06", "not met", "no bill", "no bill", {"sbom.cdx.json": None}),
    Case("SEC-06", "not met", "no signature", "no run proves it"),
    Case(
        "SEC-06",
        "not met",
        "another image deployed",
        "not what was verified",
        build=receipt("SEC-06", BUILT | {"subject": f"sha256:{'ee' * 32}"}),
    ),
    Case(
        "SEC-06",
        "gamed",
        "a bill of another model",
        "by its digest",
        {"sbom.cdx.json": json.dumps(BILL).replace("ab", "ac")},
    ),
    Case(
        "SEC-06",
        "gamed",
        "a bill of another version",
        "lacks numpy 2.4.1",
        {"sbom.cdx.json": json.dumps(BILL).replace("2.4.1", "2.4.0")},
    ),
    Case(
        "SEC-06",
        "gamed",
        "a bill of packages that are gone",
        "names pandas 3.0.0, which requirements/serve.txt does not pin",
        billed({"type": "library", "name": "pandas", "version": "3.0.0"}),
        receipt("SEC-06", BUILT),
    ),
    Case(
        "SEC-06",
        "gamed",
        "a bill of two versions of a package",
        "names numpy 2.4.0, which",
        billed({"type": "library", "name": "numpy", "version": "2.4.0"}),
        receipt("SEC-06", BUILT),
    ),
    Case(
        "SEC-06",
        "gamed",
        "a bill of the model before, too",
        "names a model that models/signature.json does not",
        billed({"type": "machine-learning-model", "name": "old", "hashes": [{"alg": "SHA-256", "content": "ac" * 32}]}),
        receipt("SEC-06", BUILT),
    ),
    Case(
        "SEC-06",
        "gamed",
        "the model's digest on a package",
        "by its digest",
        {"sbom.cdx.json": json.dumps({**BILL, "components": [{**BILL["components"][0], "hashes": DIGEST}]})},
        receipt("SEC-06", BUILT),
    ),
    Case(
        "SEC-06",
        "met",
        "packages of another system, and of the system below",
        "cd.yml",
        billed(
            {"type": "library", "name": "colorama", "version": "0.4.6"},
            {"type": "library", "name": "libc6", "version": "2.36", "purl": "pkg:deb/debian/libc6@2.36"},
        ),
        receipt("SEC-06", BUILT),
    ),
    Case(
        "SEC-06",
        "met",
        "another lock that pins the same",
        "cd.yml",
        {"requirements/dev.txt": "numpy==2.4.1 \\\n    --hash=sha256:00\npytest==9.0.1\n"},
        receipt("SEC-06", BUILT),
    ),
    Case("SEC-06", "met", "deployed by Compose", "cd.yml", COMPOSED, receipt("SEC-06", BUILT)),
    Case(
        "SEC-06",
        "not met",
        "another image in Compose",
        "not what was verified",
        COMPOSED,
        receipt("SEC-06", BUILT | {"subject": f"sha256:{'ee' * 32}"}),
    ),
    Case(
        "SEC-06",
        "not met",
        "nothing promoted yet",
        "pins no image",
        {"deploy/overlays/prod/kustomization.yaml": OVERLAY.replace("cd" * 32, "00" * 32)},
        receipt("SEC-06", BUILT | {"subject": f"sha256:{'00' * 32}"}),
    ),
    Case(
        "SEC-06",
        "gamed",
        "another builder",
        "no workflow of ours",
        build=receipt("SEC-06", BUILT | {"builder": "https://github.com/x/y/.github/workflows/other.yml@main"}),
    ),
    Case("SEC-07", "met", "shut to strangers", "1 routes", build=receipt("SEC-07", {"calls": CALLS})),
    Case("SEC-07", "not met", "never tried", "no run proves it"),
    Case(
        "SEC-07",
        "not met",
        "open to everybody",
        "api.py:3",
        build=receipt("SEC-07", {"calls": [{**CALLS[0], "status": 200}, CALLS[1]]}),
    ),
    Case(
        "SEC-07",
        "gamed",
        "shut to everybody",
        "no call with credentials",
        build=receipt("SEC-07", {"calls": CALLS[:1]}),
    ),
    Case(
        "SEC-07",
        "gamed",
        "one route left open",
        "/explain answers nothing",
        {"src/churn/api.py": API + '@app.post("/explain")\ndef explain(): ...\n'},
        build=receipt("SEC-07", {"calls": CALLS}),
    ),
    Case(
        "SEC-07",
        "gamed",
        "an online service declared as batch",
        "no run proves it",
        {"golden-path.yaml": MANIFEST.replace("rest", "batch")},
    ),
    Case(
        "SEC-07",
        "n/a",
        "a batch",
        "served as batch",
        {"golden-path.yaml": MANIFEST.replace("rest", "batch"), "src/churn/api.py": None},
    ),
    Case("SEC-08", "met", "fair and reviewed", "attested", {**FAIR, **attested("SEC-08")}),
    Case("SEC-08", "met", "fair at medium criticality", "region", {**FAIR, "golden-path.yaml": MANIFEST}),
    Case(
        "SEC-08",
        "gamed",
        "a report made fairer by hand",
        "is not what the pipeline wrote",
        {
            **FAIR,
            "reports/segments.json": segments(north=0.6, south=0.6)["reports/segments.json"],
            **attested("SEC-08"),
        },
    ),
    *(
        Case("SEC-08", "gamed", why, says, {**FAIR, **attested("SEC-08", **words), **more})
        for why, says, words, more in (
            ("a machine that signs", "is a machine", {"by": "@acme/release-bot"}, OWNED_BY_BOT),
            ("a statement that says nothing", "says only", {"statement": "ok"}, {}),
            ("an entry of a strange name", "nobody attests", {"id": "(("}, {}),
            ("a link that leads nowhere", "leads to 'later'", {"link": "later"}, {}),
        )
    ),
    Case("SEC-08", "not met", "nobody reviewed", "nobody attests", FAIR),
    Case(
        "SEC-08",
        "not met",
        "a group left behind",
        "recall is 0.5 for north and 0.75 for south",
        {**FAIR, **segments(north=0.5, south=0.75)},
    ),
    Case(
        "SEC-08",
        "not met",
        "a group that nobody judged",
        "south has no recall",
        {**FAIR, **segments(north=0.5, south=None)},
    ),
    Case("SEC-08", "not met", "no technical file", "no technical file", {**FAIR, "docs/technical-file.md": None}),
    Case(
        "SEC-08",
        "gamed",
        "a section of blanks",
        "'changes'",
        {**FAIR, "docs/technical-file.md": TECHNICAL.replace(f"{WORDS} sixth", ""), **attested("SEC-08")},
    ),
    Case(
        "SEC-08",
        "gamed",
        "one text in all sections",
        "what another says",
        {**FAIR, "docs/technical-file.md": TECHNICAL.replace("second", "first"), **attested("SEC-08")},
    ),
    Case(
        "SEC-08",
        "gamed",
        "low criticality with a protected column",
        "no gates: fairness",
        {**FAIR, "golden-path.yaml": MANIFEST.replace("medium", "low"), "params.yaml": None},
    ),
    Case("SEC-08", "n/a", "nobody protected", "criticality is medium"),
    Case("SEC-08", "unknown", "no manifest", "golden-path.yaml", {"golden-path.yaml": None}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_security(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("GitHub token", ("gho", "_", "a1B2c3D4e5F6" * 3)),
        ("GitHub token", ("github", "_pat_", "a1B2c3D4e5" * 7)),
        ("GitLab token", ("glpat", "-", "a1B2c3D4e5F6g7H8i9J0")),
        ("Slack token", ("xoxb", "-", "123456789012", "-", "a1B2c3D4e5F6")),
        (
            "Slack webhook",
            ("https://hooks.slack", ".com/services/", "T0AB1CD2E", "/B0AB1CD2E/", "a1B2c3D4e5F6g7H8i9J0"),
        ),
        ("Google API key", ("AI", "za", "a1B2c3D4e5" * 3, "f6G7h")),
        ("Stripe key", ("sk", "_live_", "a1B2c3D4e5F6g7H8i9J0")),
        ("Hugging Face token", ("hf", "_", "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH")),
        ("PyPI token", ("pypi", "-AgEI", "a1B2c3D4e5" * 6)),
        ("Anthropic or OpenAI key", ("sk", "-proj-", "a1B2c3D4e5" * 5)),
        ("Azure storage key", ("Account", "Key=", "a" * 86, "==")),
    ],
)
def test_each_kind_of_token_is_known_by_its_shape(kind: str, parts: tuple[str, ...]) -> None:
    content = f"first line\nvalue: {''.join(parts)}\n".encode()

    assert secrets.in_text(content, "a.yaml") == [secrets.Secret(kind, "a.yaml", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE" + " KEY-----\n...\n",
        "uses: detect-private-key",
        "--hash=sha256:" + "3d" * 32,
        "the risk-" + "adjusted-score-of-every-customer-in-the-last-quarter",
        "AKIA" + "x" * 16,
    ],
)
def test_what_only_speaks_of_secrets_is_none(text: str) -> None:
    assert secrets.in_text(text.encode(), "a.md") == []


def test_history_is_read_for_the_product_alone_and_for_a_commit_that_is_not_checked_out(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"one/golden-path.yaml": MANIFEST, "two/leak.txt": GITHUB_TOKEN})
    leaked = repository.commit({"one/leak.txt": AWS_KEY})
    repository.commit({"one/leak.txt": None})
    items = [item for item in catalogue() if item.id == "SEC-01"]

    [now] = judge(open_product(tmp_path / "one", now=NOW), items)
    [then] = judge(open_product(tmp_path / "one", leaked, now=NOW), items)

    assert [(item.path, item.text) for item in now.verdict.evidence] == [
        ("leak.txt", f"AWS access key, by its shape; since {leaked[:9]}")
    ]
    assert then.verdict.reason == "1 secrets lie in the checkout and in history"


@pytest.mark.parametrize("path", sorted(COMPLETE))
def test_a_file_of_another_shape_breaks_no_check(path: str) -> None:
    items = [item for item in catalogue() if item.id.startswith("SEC")]

    for strange in STRANGE:
        product = Product(DictTree({**COMPLETE, path: strange}), now=NOW)
        for result in judge(product, items):
            assert result.status is not Status.ERROR, (strange, result.verdict.reason)
