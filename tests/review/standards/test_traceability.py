"""The criteria of traceability and reproducibility."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from goldenpath.review.product import dvc
from goldenpath.review.product.product import Product
from goldenpath.review.product.requirements import satisfies
from goldenpath.review.product.tree import DictTree
from tests.review.standards.cases import PRODUCT, Case, Files, Repository, hold

Build = Callable[[Repository], object]

HASH = f"--hash=sha256:{'0123456789abcdef' * 4}"
BOT = {f"GIT_{role}_EMAIL": "1+deploy[bot]@users.noreply.github.com" for role in ("AUTHOR", "COMMITTER")}
OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
MODEL = "churn@v1.0.0"

MANIFEST = (
    PRODUCT
    + """\
serving: [rest]
deploy:
  environments: [staging, prod]
template:
  version: 0.1.0
"""
)
PYPROJECT = """\
[project]
name = "churn"
version = "0.1.0"
requires-python = ">=3.11,<3.12"
dependencies = ["numpy>=2,<3"]

[project.optional-dependencies]
s3 = ["dvc-s3"]

[dependency-groups]
dev = ["pytest>=9"]
"""
LOCKED = f"numpy==2.4.6 \\\n    {HASH}\npytest==9.0.1 {HASH}\n"
MAKEFILE = """\
.PHONY: pipeline
pipeline: setup
	@dvc repro

retrain: pipeline

reproduce:
	@dvc repro --force

promote:
	@python -m churn.promote deploy/overlays/$(TO)

push:
	@dvc push
"""
RETRAIN = """\
name: Retrain
on:
  schedule: [{cron: "0 4 1 * *"}]
  repository_dispatch: {types: [drift]}
jobs:
  train:
    steps: [{run: make retrain}]
"""
MANUAL = "{run: make retrain, if: github.event_name == 'workflow_dispatch'}"
SCHEDULED = RETRAIN.replace("  repository_dispatch: {types: [drift]}\n", "")
CD = "on: {workflow_dispatch: null}\njobs:\n  promote:\n    steps: [{run: make promote TO=prod}]\n"
DVC = """\
stages:
  prepare:
    cmd: python -m churn.prepare
    deps: [src/churn/prepare.py]
    outs: [data/clean.parquet]
  train:
    cmd: python -m churn.train
    params: [model]
    deps: [data/clean.parquet, src/churn/train.py]
    outs: [models/model.onnx, models/lineage.json: {cache: false}]
  evaluate:
    cmd: python -m churn.evaluate
    deps: [models/model.onnx, src/churn/evaluate.py]
    metrics: [reports/metrics.json: {cache: false}]
"""
CLEAN, ONNX = "1" * 32, "2" * 32
ROLLOUT = """\
kind: Rollout
spec:
  strategy:
    canary:
      analysis: {templates: [{templateName: errors}]}
      steps: [{setWeight: 5}, {pause: {duration: 10m}}]
---
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  metrics: [{name: errors, failureCondition: "result[0] > 0.05"}]
"""
APPLICATION = "kind: Application\nspec: {syncPolicy: {automated: {selfHeal: true, prune: true}}}\n"


def overlay(digest: str, model: str = MODEL) -> str:
    """The overlay of an environment that runs an image and says which model is in it."""
    return f"images: [{{name: churn, digest: '{digest}'}}]\ncommonAnnotations: {{golden-path/model: '{model}'}}\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def lineage(files: Mapping[str, str], commit: str) -> str:
    """The papers of the model that the files make."""
    digests = {"data/clean.parquet": "c" * 64, "requirements/dev.txt": sha256(files["requirements/dev.txt"])}
    inputs: list[dict[str, Any]] = [{"name": path, "digest": {"sha256": digest}} for path, digest in digests.items()]
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "models/model.onnx", "digest": {"sha256": "d" * 64}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "externalParameters": {"model": {"depth": 3, "seed": 1}},
                "resolvedDependencies": [{"name": "git", "digest": {"gitCommit": commit}}, *inputs],
            },
            "runDetails": {"builder": {"id": "ci"}, "metadata": {"finishedOn": "2026-06-14T12:00:00+00:00"}},
        },
    }
    return json.dumps(statement, indent=1)


def lock(files: Mapping[str, str], **other: str) -> str:
    """The ``dvc.lock`` of a run on the files; ``other`` gives other digests to outputs, by the name of their stage."""

    def item(path: str, digest: str = "") -> dict[str, Any]:
        known = {"data/clean.parquet": CLEAN, "models/model.onnx": ONNX}
        digest = digest or known.get(path) or dvc.md5(files[path].encode())
        return {"path": path, "md5": digest, "size": 1000}

    def stage(name: str, deps: list[str], outs: list[str]) -> dict[str, Any]:
        first, *rest = outs
        written = [item(first, other.get(name, "")), *map(item, rest)]
        return {"cmd": f"python -m churn.{name}", "deps": [*map(item, deps)], "outs": written}

    stages = {
        "prepare": stage("prepare", ["src/churn/prepare.py"], ["data/clean.parquet"]),
        "train": stage(
            "train", ["data/clean.parquet", "src/churn/train.py"], ["models/model.onnx", "models/lineage.json"]
        ),
        "evaluate": stage("evaluate", ["models/model.onnx", "src/churn/evaluate.py"], ["reports/metrics.json"]),
    }
    stages["train"]["params"] = {"params.yaml": {"model": {"depth": 3}}}
    return json.dumps({"schema": "2.0", "stages": stages}, indent=1)


def made() -> dict[str, str]:
    files = {
        "golden-path.yaml": MANIFEST,
        ".github/CODEOWNERS": "* @acme/churn\n",
        ".github/workflows/retrain.yml": RETRAIN,
        ".github/workflows/cd.yml": CD,
        ".gitignore": "/data/*\n/models/*.onnx\n/secret/\n/src/churn/hidden.py\n",
        ".dvc/config": "[core]\n    remote = store\n['remote \"store\"']\n    url = https://data.example.com/churn\n",
        "Makefile": MAKEFILE,
        "pyproject.toml": PYPROJECT,
        "requirements/dev.txt": LOCKED,
        "params.yaml": "model: {depth: 3}\n",
        "dvc.yaml": DVC,
        "src/churn/__init__.py": "",
        "src/churn/prepare.py": "import numpy\n\nnumpy.save('data/clean.parquet', numpy.arange(9))\n",
        "src/churn/train.py": "import numpy\n\n\ndef run(model):\n    model.fit(numpy.arange(9))\n",
        "src/churn/evaluate.py": "import numpy\n\nprint(numpy.mean([1, 2]))\n",
        "reports/metrics.json": '{"auc": 0.7, "rows": 100}\n',
        "deploy/base/rollout.yaml": ROLLOUT,
        "deploy/argocd/churn.yaml": APPLICATION,
        "deploy/overlays/staging/kustomization.yaml": overlay(OLD),
        "deploy/overlays/prod/kustomization.yaml": overlay(OLD),
    }
    files["models/lineage.json"] = lineage(files, "0" * 40)
    files["dvc.lock"] = lock(files)
    return files


HEALTHY = made()
NOTHING: Files = dict.fromkeys(HEALTHY)
WITHOUT = {"dvc.yaml": None, "dvc.lock": None}


def changed(path: str, old: str, new: str) -> Files:
    """A file of the healthy product with other words in it."""
    assert old in HEALTHY[path]
    return {path: HEALTHY[path].replace(old, new)}


def rerun(**other: str) -> Files:
    """The healthy product, changed, and run again: the lock fits whatever is in it."""
    files = HEALTHY | other
    return {**other, "dvc.lock": lock(files)}


def trained(repository: Repository, **papers: str) -> None:
    """Run the pipeline on what is committed, and commit the results."""
    head = repository.git("rev-parse", "HEAD")
    files = HEALTHY | {"models/lineage.json": lineage(HEALTHY, papers.get("commit", head))}
    files["models/lineage.json"] = files["models/lineage.json"].replace('depth": 3', papers.get("depth", 'depth": 3'))
    repository.commit({"models/lineage.json": files["models/lineage.json"], "dvc.lock": lock(files)}, "Train the model")


def registered(repository: Repository) -> None:
    """Train a model and register it."""
    trained(repository)
    repository.git("tag", "-a", "-m", MODEL, MODEL)


def borrowed(repository: Repository) -> None:
    """Register a model after the environment that it was made in was replaced."""
    trained(repository)
    repository.commit({"requirements/dev.txt": LOCKED.replace("2.4.6", "2.4.7")})
    repository.git("tag", MODEL)


def outs(path: str = "", digest: str = "") -> dict[str, str]:
    """What a forced run of the healthy pipeline wrote: digests by path, one of them another."""
    found = {
        str(out["path"]): str(out["md5"])
        for stage in json.loads(HEALTHY["dvc.lock"])["stages"].values()
        for out in stage["outs"]
    }
    return found | ({path: digest} if path else {})


def reproduced(auc: float = 0.7, digests: Mapping[str, str] | None = None, **fields: Any) -> Build:
    """Record a forced run."""
    metrics = {"reports/metrics.json": {"auc": auc, "rows": 100}}
    facts = {"outs": dict(digests or outs()), "metrics": metrics}
    return lambda repository: repository.receipt("TR-06", facts, **({"command": "make reproduce"} | fields))


def edited_lock(repository: Repository) -> None:
    """Change code after the receipt, and write its new digest into the lock by hand."""
    reproduced()(repository)
    code = {"src/churn/train.py": HEALTHY["src/churn/train.py"] + "# other\n"}
    repository.commit({**code, "dvc.lock": lock(HEALTHY | code)})


def pushed(remote: str = "store", digest: str = ONNX) -> Build:
    kept = {"data/clean.parquet": CLEAN, "models/model.onnx": digest}
    return lambda repository: repository.receipt("TR-07", {"remote": remote, "outs": kept})


def in_folder(*digests: str) -> Build:
    """Give the remote a folder beside the repository's data, with some objects in it."""

    def build(repository: Repository) -> None:
        for digest in digests:
            file = repository.root / "secret" / "files" / "md5" / digest[:2] / digest[2:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x")

    return build


FOLDER = changed(".dvc/config", "https://data.example.com/churn", "../secret")


def ignored(repository: Repository) -> None:
    (repository.root / "src/churn/hidden.py").write_text("import numpy\n", encoding="utf-8")


def untracked(repository: Repository) -> None:
    (repository.root / "src/churn/late.py").write_text("import numpy\n", encoding="utf-8")


def tagged(tag: str) -> Build:
    return lambda repository: repository.git("tag", tag)


def removed_again(repository: Repository) -> None:
    repository.commit({"best.pkl": "x"})
    repository.commit({"best.pkl": None})


def retrained(**fields: Any) -> Build:
    return lambda repository: repository.receipt("TR-11", **({"command": "make retrain"} | fields))


def deployed(**identity: str) -> Build:
    """Bring an image to staging and then to production."""

    def build(repository: Repository) -> None:
        for name in ("staging", "prod"):
            path = f"deploy/overlays/{name}/kustomization.yaml"
            repository.commit({path: overlay(NEW)}, f"Deploy to {name}", 1, **(BOT | identity))

    return build


def promoting(*commands: str) -> Files:
    """The workflow that delivers, with other commands."""
    lines = "".join(f"          {command}\n" for command in commands)
    job = f"jobs:\n  promote:\n    steps:\n      - run: |\n{lines}"
    return {".github/workflows/cd.yml": f"on: {{workflow_dispatch: null}}\n{job}"}


def merged_by_hand(repository: Repository) -> None:
    """Change an overlay in a merge that neither of its sides holds."""
    deployed()(repository)
    repository.git("checkout", "--quiet", "-b", "side", "HEAD~1")
    repository.commit({"notes.txt": "x\n"})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    repository.commit({"deploy/overlays/prod/kustomization.yaml": overlay("sha256:" + "c" * 64)}, "Merge side")


def at_once(repository: Repository) -> None:
    paths = (f"deploy/overlays/{name}/kustomization.yaml" for name in ("staging", "prod"))
    repository.commit(dict.fromkeys(paths, overlay(NEW)), "Deploy", 1, **BOT)


def unproved(repository: Repository) -> None:
    registered(repository)
    deployed()(repository)


def built(image: str = NEW) -> Build:
    """Register a model, record the build of an image from it, and deploy."""

    def build(repository: Repository) -> None:
        registered(repository)
        repository.receipt("TR-14", {"image": image, "model": MODEL}, command="make image")
        deployed()(repository)

    return build


def drilled(newer: str = "churn@v1.1.0", seconds: float = 40) -> Build:
    def build(repository: Repository) -> None:
        registered(repository)
        deployed()(repository)
        repository.git("tag", "churn@v1.1.0")
        facts = {"from": newer, "to": MODEL, "pulled": OLD, "seconds": seconds}
        repository.receipt("TR-16", facts, command="make rollback")

    return build


def noted(name: str, **facts: Any) -> Build:
    return lambda repository: repository.receipt(name, facts)


def drift_run(event: str, commit: str = "HEAD") -> Build:
    def build(repository: Repository) -> None:
        sha = repository.git("rev-parse", commit) if commit == "HEAD" else commit
        facts = {"event": event, "gate": "pass", "commit": sha, "pull_request": "https://git.example.com/pull/1"}
        repository.receipt("TR-11", command="make retrain")
        repository.receipt("TR-19", facts)

    return build


BATCH = changed("golden-path.yaml", "serving: [rest]", "serving: [batch]")
DEVICE = changed("golden-path.yaml", "serving: [rest]", "serving: [device]")
NO_DEPLOY = dict.fromkeys((path for path in HEALTHY if path.startswith("deploy/")), None)
HIGH = changed("golden-path.yaml", "criticality: medium", "criticality: high")
SIGNED = """\
- id: {id}
  by: "@acme/churn"
  statement: It is so.
  link: https://wiki.example.com/1
  when: 2026-06-01
  expires: 2026-09-01
"""


def signed(name: str) -> Files:
    return {"checklist/attestations.yaml": SIGNED.format(id=name)}


PROD = "deploy/overlays/prod/kustomization.yaml"
CASES = [
    Case("TR-01", "met", "everything committed", "files of code are tracked", build=lambda _: None),
    Case("TR-01", "met", "a plain notebook", "1 files", {**NOTHING, "a.ipynb": "{}"}, lambda _: None),
    Case("TR-01", "not met", "no repository", "not a git repository"),
    Case("TR-01", "not met", "a module that was never added", "src/churn/late.py", build=untracked),
    Case("TR-01", "not met", "papers only", "no code", {**NOTHING, "README.md": "x"}, lambda _: None),
    Case(
        "TR-01",
        "gamed",
        "an ignored module that another imports",
        "src/churn/train.py:1 imports it, git ignores it",
        rerun(**{"src/churn/train.py": "from .hidden import model\n\nmodel.fit()\n"}),
        ignored,
    ),
    Case("TR-02", "met", "hashes for all", "locked with hashes, on Python 3.11"),
    Case("TR-02", "met", "the lock of uv", "on Python 3.11", {
        "requirements/dev.txt": None,
        "uv.lock": "\n".join(
            f'[[package]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{url = "u", hash = "sha256:0"}}]'
            for name, version in (("numpy", "2.4.6"), ("pytest", "9.0.1"))
        ),
    }),
    Case("TR-02", "not met", "no lock", "nothing locks", {"requirements/dev.txt": None}),
    Case("TR-02", "not met", "a range in the lock", "requirements/dev.txt:1", {"requirements/dev.txt": "numpy>=2\n"}),
    Case("TR-02", "not met", "no upper bound of Python", "spans several", changed("pyproject.toml", ",<3.12", "")),
    Case("TR-02", "not met", "a client of the remote unlocked", "dvc-s3", changed(".dvc/config", "https://", "s3://")),
    Case("TR-02", "met", "a lock of Poetry, and Python in Poetry's words", "on Python 3.11", {
        "pyproject.toml": '[tool.poetry]\nname = "churn"\n[tool.poetry.dependencies]\npython = "~3.11"\nnumpy = "^2"\n',
        "requirements/dev.txt": None,
        "poetry.lock": f'[[package]]\nname = "numpy"\nversion = "2.4.6"\nfiles = [{{hash = "{HASH[7:]}"}}]\n',
    }),
    Case("TR-02", "met", "a setup.py with its lock", "on Python 3.11", {
        "pyproject.toml": None, ".python-version": "3.11\n",
        "setup.py": "from setuptools import setup\nsetup(name='churn', install_requires=['numpy>=2', 'pytest'])\n",
    }),
    Case("TR-02", "met", "a lock of Conda, which pins Python too", "on Python 3.11", {
        "pyproject.toml": None, "requirements/dev.txt": None,
        "environment.yml": "dependencies: [python=3.11, numpy=2]\n",
        "conda-lock.yml": "package:\n" + "".join(
            f"- {{name: {name}, version: {version}, hash: {{sha256: aa}}}}\n"
            for name, version in (("python", "3.11.9"), ("numpy", "2.4.6"))),
    }),
    Case("TR-02", "not met", "an older file that asks for more", "setup.cfg:2 scipy of dependencies is in no lock", {
        "pyproject.toml": None, "setup.cfg": "[options]\ninstall_requires = scipy\n",
    }),
    Case("TR-02", "gamed", "a lock without what the code imports", "imports sklearn, and no lock holds scikit-learn",
         {"src/churn/train.py": "from sklearn.svm import SVC\n"}),
    Case("TR-02", "gamed", "another version", "numpy>=3, locked is 2.4.6", changed("pyproject.toml", ">=2,<3", ">=3")),
    Case("TR-02", "gamed", "short hashes", "no hash", {"requirements/dev.txt": LOCKED.replace("abcdef", "")}),
    Case("TR-02", "gamed", "an empty lock", "pin nothing", {"requirements/dev.txt": "# locked\n"}),
    Case("TR-03", "met", "a tag and the same version", "released as v0.1.0", build=tagged("v0.1.0")),
    Case("TR-03", "met", "a tag without a letter", "released as 0.1.0", build=tagged("0.1.0")),
    Case("TR-03", "met", "the version of a setup.py", "released as v0.1.0", {
        "pyproject.toml": None, "setup.py": "from setuptools import setup\nsetup(\n    version='0.1.0',\n)\n",
    }, tagged("v0.1.0")),
    Case("TR-03", "not met", "a job in whatever image is newest", "job train runs in python:latest",
         {".github/workflows/retrain.yml": RETRAIN.replace("train:\n", "train:\n    container: python:latest\n")},
         tagged("v0.1.0")),
    Case("TR-03", "not met", "no tag", "no release", build=lambda _: None),
    Case("TR-03", "gamed", "a tag of another version", "says 0.1.0 where v2.0.0", build=tagged("v2.0.0")),
    Case("TR-03", "not met", "latest in production", "runs churn:latest", {PROD: "images: [{name: churn}]\n"},
         tagged("v0.1.0")),
    Case("TR-04", "met", "three stages", "prepare → train → evaluate"),
    Case("TR-04", "not met", "no pipeline", "there is no pipeline", WITHOUT),
    Case("TR-04", "not met", "no metrics", "nothing measures", changed("dvc.yaml", "metrics:", "outs:")),
    Case("TR-04", "unknown", "another engine", "src/churn/flow.py:1", {**WITHOUT, "src/churn/flow.py": "import kfp\n"}),
    Case("TR-04", "gamed", "stages that touch", "runs no code",
         changed("dvc.yaml", "python -m churn.train", "touch x")),
    Case("TR-04", "gamed", "a stage that may fail", "ignores its failure",
         changed("dvc.yaml", "churn.train", "churn.train || true")),
    Case("TR-04", "gamed", "code that learns nothing", "nothing in it learns",
         {"src/churn/train.py": "import numpy\n\nnumpy.save('models/model.onnx', [1])\n"}),
    Case("TR-04", "gamed", "empty metrics", "holds no number", {"reports/metrics.json": "{}"}),
    Case("TR-04", "gamed", "one stage for all", "one step does everything",
         {"dvc.yaml": "stages: {all: {cmd: python -m churn.train, outs: [m.onnx], metrics: [m.json]}}\n"}),
    Case("TR-05", "met", "fresh", "fits code"),
    Case("TR-05", "not met", "changed code", "src/churn/train.py has changed",
         {"src/churn/train.py": "import numpy\nm.fit()\n"}),
    Case("TR-05", "not met", "a changed parameter", "parameter model", {"params.yaml": "model: {depth: 4}\n"}),
    Case("TR-05", "not met", "never run", "no record", {"dvc.lock": None}),
    Case("TR-05", "gamed", "one digest edited", "is not what the stage before it wrote",
         {"dvc.lock": lock(HEALTHY, prepare="9" * 32)}),
    Case("TR-06", "met", "the same again", "made again", build=reproduced()),
    Case("TR-06", "met", "another model, the same metrics", "made again",
         build=reproduced(0.701, outs("models/model.onnx", "8" * 32))),
    Case("TR-06", "not met", "no receipt", "nothing recorded counts", build=lambda _: None),
    Case("TR-06", "not met", "other metrics", "auc is 0.75 in the rerun",
         build=reproduced(0.75, outs("reports/metrics.json", "8" * 32))),
    Case("TR-06", "not met", "other data", "the data are not pinned",
         build=reproduced(0.7, outs("data/clean.parquet", "8" * 32))),
    Case("TR-06", "not met", "too old", "older than 30 days", build=reproduced(when="2026-04-01T00:00:00+00:00")),
    Case("TR-06", "gamed", "a hand-edited lock", "has changed since", build=edited_lock),
    *(
        Case("TR-06", "gamed", why, "forces no run", build=reproduced(command=command))
        for why, command in {
            "a run that only shows what it would do": "dvc repro --force --dry",
            "a run that is only spoken of": "python -c 'dvc repro --force'",
            "a run of one stage": "dvc repro --force --single-item prepare",
        }.items()
    ),
    Case("TR-06", "gamed", "a rerun whose metric is no number", "receipt does not hold",
         build=reproduced(float("nan"), outs("models/model.onnx", "8" * 32))),
    Case("TR-06", "not met", "a note that is nested without end", "nothing recorded counts", build=lambda repository:
         repository.git("notes", "--ref=refs/notes/goldenpath", "add", "--message", "[" * 50_000)),
    Case("TR-06", "gamed", "a receipt of nothing", "does nothing", build=reproduced(command="true")),
    Case("TR-06", "gamed", "a receipt of a run as needed", "forces no run", build=reproduced(command="make pipeline")),
    Case("TR-06", "gamed", "half a run", "did not write", build=reproduced(0.7, {"models/model.onnx": ONNX})),
    Case("TR-07", "met", "pushed", "all 2 seen in https://data.example.com/churn", build=pushed()),
    Case("TR-07", "met", "a folder that holds all", "a folder of this machine", FOLDER, in_folder(CLEAN, ONNX)),
    Case("TR-07", "met", "critical and attested", "attested by @acme/churn", {**HIGH, **signed("TR-07")}, pushed()),
    Case("TR-07", "not met", "critical, nobody attests", "nobody attests", HIGH, pushed()),
    Case("TR-07", "not met", "no remote", "no remote", {".dvc/config": None}),
    Case("TR-07", "not met", "no receipt", "nothing proves", build=lambda _: None),
    Case("TR-07", "not met", "a folder that lacks one", "models/model.onnx is not in", FOLDER, in_folder(CLEAN)),
    Case("TR-07", "not met", "another remote", "the receipt is of other", build=pushed("other")),
    Case("TR-07", "gamed", "the model of another day", "models/model.onnx is not in", build=pushed("store", "7" * 32)),
    Case("TR-08", "met", "papers and metrics in git", "made on 2026-06-14", build=trained),
    Case("TR-08", "met", "a limit that shapes no model", "made on 2026-06-14",
         {"params.yaml": "model: {depth: 3}\nlimits: {seconds: 9}\n"}, build=trained),
    Case("TR-08", "met", "a server", "run 7 at https://runs.example.com", rerun(**{
        "src/churn/train.py": "import mlflow\n\nmlflow.sklearn.autolog()\nmodel.fit()\n"}),
        lambda repository: repository.receipt("TR-08", {
            "uri": "https://runs.example.com", "run": "7", "commit": "c", "params": "p",
            "data": hashlib.sha256((repository.root / "dvc.lock").read_bytes()).hexdigest()})),
    Case("TR-08", "not met", "no papers", "is missing", {**rerun(), "models/lineage.json": None}, lambda _: None),
    Case("TR-08", "not met", "a local server", "nothing proves that they arrive", rerun(**{
        "src/churn/train.py": "import mlflow\n\nmlflow.start_run()\nmodel.fit()\n"}), lambda _: None),
    Case("TR-08", "gamed", "a commit that is not", "is not in this history",
         build=lambda repository: trained(repository, commit="f" * 40)),
    Case("TR-08", "gamed", "another parameter", "parameter model is not the one",
         build=lambda repository: trained(repository, depth='depth": 4')),
    Case("TR-09", "met", "registered", f"{MODEL} leads back", build=registered),
    Case("TR-09", "not met", "no tag", "no model is registered", build=trained),
    Case("TR-09", "gamed", "a tag on a commit before the run", "is not before it", build=tagged(MODEL)),
    Case("TR-09", "gamed", "papers of another environment", "requirements/dev.txt is not the file that it names",
         build=borrowed),
    Case("TR-10", "met", "none", "git holds no model"),
    Case("TR-10", "not met", "a pickle", "model.pkl is a model", {"model.pkl": "x"}),
    Case("TR-10", "not met", "fetched past the registry", "Makefile:2",
         {"Makefile": "model:\n\tcurl -O https://example.com/m.onnx\n"}),
    Case("TR-10", "gamed", "an LFS pointer", "is a model", {"m.onnx": "version https://git-lfs.github.com/spec/v1\n"}),
    Case("TR-10", "gamed", "another name", "under another name", {"weights.dat": "PK\x03\x04" + "x" * 2000}),
    Case("TR-10", "gamed", "the name of a picture", "under another name", {"map.png": "PK\x03\x04" + "x" * 2000}),
    Case("TR-10", "met", "a document of an office", files={"brief.docx": "PK\x03\x04" + "x" * 2000}),
    Case("TR-10", "gamed", "removed again", "lies in history", build=removed_again),
    Case("TR-11", "met", "scheduled and seen", "ran green", build=retrained()),
    Case("TR-11", "met", "schedule alone", "ran green", {".github/workflows/retrain.yml": SCHEDULED}, retrained()),
    Case("TR-11", "not met", "nothing scheduled", "no workflow", {".github/workflows/retrain.yml": None}),
    Case("TR-11", "not met", "never seen", "no retraining was seen", build=lambda _: None),
    Case("TR-11", "not met", "too long ago", "older than 62", {".github/workflows/retrain.yml": SCHEDULED},
         retrained(when="2026-03-01T00:00:00+00:00")),
    Case("TR-11", "unknown", "another CI", "does not read",
         {".github/workflows/retrain.yml": None, ".gitlab-ci.yml": "train: {}\n"}, lambda _: None),
    Case("TR-11", "unknown", "another engine", "another engine",
         {".github/workflows/retrain.yml": None, "dags/train.py": "from airflow import DAG\n"}, lambda _: None),
    Case("TR-11", "gamed", "training that is only spoken of", "does not train",
         {".github/workflows/retrain.yml": RETRAIN.replace("make retrain", "echo dvc repro")}, retrained()),
    Case("TR-11", "gamed", "an hour that there is not", "or never",
         {".github/workflows/retrain.yml": SCHEDULED.replace("0 4 1 * *", "0 44 1 * *")}, retrained()),
    Case("TR-11", "gamed", "31 February", "or never",
         {".github/workflows/retrain.yml": SCHEDULED.replace("1 * *", "31 2 *")}, retrained()),
    Case("TR-11", "gamed", "something else", "does not train",
         changed(".github/workflows/retrain.yml", "retrain}", "lint}")),
    Case("TR-11", "gamed", "trains only when somebody starts it", "does not train",
         changed(".github/workflows/retrain.yml", "{run: make retrain}", MANUAL)),
    Case("TR-12", "met", "the same version", "current"),
    Case("TR-12", "not met", "none", "does not come from", changed("golden-path.yaml", "template:", "other:")),
    Case("TR-12", "unknown", "newer than the tool", "knows no newer", changed("golden-path.yaml", "0.1.0", "9.0.0")),
    Case("TR-12", "gamed", "raised by hand", "says 0.0.1",
         {".cruft.json": '{"context": {"cookiecutter": {"_template_version": "0.0.1"}}}'}),
    Case("TR-13", "met", "by the bot", "2 changes, all by the pipeline", build=deployed()),
    Case("TR-13", "met", "critical and attested", "attested by @acme", {**HIGH, **signed("TR-13")}, deployed()),
    Case("TR-13", "not met", "nothing deployed yet", "has deployed nothing", build=lambda _: None),
    Case("TR-13", "not met", "by a person", "not only the pipeline",
         build=deployed(GIT_AUTHOR_EMAIL="a@example.com", GIT_COMMITTER_EMAIL="a@example.com")),
    Case("TR-13", "not met", "a side door", "Makefile:2", {"Makefile": "x:\n\tkubectl apply -f deploy\n" + MAKEFILE},
         deployed()),
    Case("TR-13", "gamed", "by a person, in a merge", "not only the pipeline", build=merged_by_hand),
    Case("TR-13", "unknown", "another CI", "does not read",
         {".github/workflows/cd.yml": None, "Jenkinsfile": "pipeline {}\n"}, deployed()),
    Case("TR-13", "gamed", "under the bot's name", "committed by a@example.com",
         build=deployed(GIT_COMMITTER_EMAIL="a@example.com")),
    Case("TR-13", "met", "by commands of its own", "2 changes, all by the pipeline",
         promoting("(cd deploy/overlays/prod && kustomize edit set image a=b)", "git commit --all -m x", "git push"),
         deployed()),
    Case("TR-13", "gamed", "by a bot that updates images", "not only the pipeline",
         build=deployed(GIT_AUTHOR_EMAIL="49699333+dependabot[bot]@users.noreply.github.com")),
    *(Case("TR-13", "gamed", why, "no workflow deploys", promoting(*commands), deployed()) for why, commands in {
        "a comment that names the overlays": ("# writes deploy/overlays", "make test  # deploy/overlays"),
        "a comment that names the target": ("make test # make promote", "make test # promote"),
        "a listing of the overlays": ("git show --stat HEAD -- deploy/overlays", "ls deploy/overlays/prod", "git push"),
        "overlays that are changed and thrown away": ("sed -i s/a/b/ deploy/overlays/prod/kustomization.yaml",),
        "a promotion that make only shows": ("make -n promote",),
        "a promotion that may fail": ("make promote || true",),
    }.items()),
    Case("TR-13", "gamed", "a target that only talks", "no workflow deploys",
         {"Makefile": MAKEFILE.replace("@python -m churn.promote deploy/overlays/$(TO)", "@echo deploy/overlays")},
         deployed()),
    Case("TR-13", "gamed", "a promotion on pull requests only", "no workflow deploys",
         {".github/workflows/cd.yml": CD.replace("workflow_dispatch", "pull_request")}, deployed()),
    Case("TR-14", "met", "digest, model, papers, build", f"leads to {MODEL}", build=built()),
    Case("TR-14", "not met", "no receipt of the build", "nothing proves which model",
         build=unproved),
    Case("TR-14", "not met", "no digest", "has no digest", {PROD: "images: [{name: churn, newTag: v1}]\n"}, registered),
    Case("TR-14", "gamed", "an image of another model", "was not built from this model", build=built(OLD)),
    Case("TR-15", "met", "staging first", "in staging with", build=deployed()),
    Case("TR-15", "not met", "never in staging", "was not in staging",
         build=lambda repository: repository.commit({PROD: overlay(NEW)})),
    Case("TR-15", "gamed", "both at once", "was not in staging before", build=at_once),
    Case("TR-16", "met", "a drill", "churn@v1.1.0 to churn@v1.0.0 in 40 s", build=drilled()),
    Case("TR-16", "not met", "none", "no rollback was rehearsed", build=lambda _: None),
    Case("TR-16", "gamed", "versions that never were", "churn@v9.0.0 is not a tag", build=drilled("churn@v9.0.0")),
    Case("TR-16", "gamed", "no time", "took no time", build=drilled(seconds=0)),
    Case("TR-17", "met", "compared", "no difference", build=noted("TR-17", tool="argocd", changes=0)),
    Case("TR-17", "not met", "no healing", "lacks selfHeal",
         changed("deploy/argocd/churn.yaml", "selfHeal: true, ", "")),
    Case("TR-17", "unknown", "never compared", "only the running infrastructure", build=lambda _: None),
    Case("TR-17", "n/a", "devices", "devices", {**NO_DEPLOY, **DEVICE}),
    Case("TR-17", "met", "all environments compared", "kubectl found no difference",
         build=noted("TR-17", tool="kubectl", changes=0, environments=["staging", "prod"])),
    Case("TR-17", "gamed", "staging compared only", "production was not compared",
         build=noted("TR-17", tool="kubectl", changes=0, environments=["staging"])),
    Case("TR-17", "gamed", "changes and yet well", "counts 3 changes", build=noted("TR-17", tool="argocd", changes=3)),
    Case("TR-18", "met", "a fault stopped it", "errors stopped", build=noted("TR-18", fault="errors", aborted=True)),
    Case("TR-18", "not met", "no canary", "everybody at once", NO_DEPLOY),
    Case("TR-18", "not met", "no drill", "no injected fault", build=lambda _: None),
    Case("TR-18", "n/a", "batches", "served as batch", BATCH),
    Case("TR-18", "gamed", "an analysis that is not there", "nothing can stop",
         changed("deploy/base/rollout.yaml", "name: errors}\nspec", "name: other}\nspec")),
    Case("TR-19", "met", "drift to pull request", "drift led to https", build=drift_run("drift")),
    Case("TR-19", "not met", "no event", "no event starts", {".github/workflows/retrain.yml": SCHEDULED}, retrained()),
    Case("TR-19", "gamed", "an event nobody hears", "no workflow listens", build=drift_run("other")),
    Case("TR-19", "gamed", "no commit", "left no commit", build=drift_run("drift", "f" * 40)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_traceability(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("2.4.6", ">=2.4,<3", True),
        ("3.0", ">=2.4,<3", False),
        ("1.20.0", "==1.20", True),
        ("1.20.1", "==1.20.*", True),
        ("1.21", "~=1.20.3", False),
        ("2.0rc1", "<2", True),
    ],
)
def test_a_version_is_held_against_a_specifier(version: str, specifier: str, expected: bool) -> None:
    assert satisfies(version, specifier) is expected


def test_stages_of_a_loop_are_filled_in_and_named_as_dvc_names_them() -> None:
    text = "stages: {train: {foreach: [a, b], do: {cmd: 'run ${item} ${depth}', outs: ['models/${item}.onnx']}}}\n"
    product = Product(DictTree({"dvc.yaml": text, "params.yaml": "depth: 3\n"}))

    stages = [(stage.name, stage.command, stage.outs) for stage in product.pipeline]

    assert stages == [("train@a", "run a 3", ("models/a.onnx",)), ("train@b", "run b 3", ("models/b.onnx",))]


def test_numbers_are_the_same_in_both_versions_of_yaml() -> None:
    assert dvc.is_same({"rate": "1e-3"}, {"rate": 0.001})
    assert not dvc.is_same({"rate": "1e-3"}, {"rate": 0.01})


@pytest.mark.parametrize(
    ("now", "then", "same"),
    [
        ("yes", True, True),  # DVC writes the text yes without quotes
        ("off", False, True),
        ("no", True, False),
        ("maybe", True, False),
        ("1e-3", 0.001, True),
        (["yes", {"a": "on"}], [True, {"a": True}], True),
    ],
)
def test_a_lock_in_yaml_1_2_says_the_same(now: object, then: object, same: bool) -> None:
    assert dvc.is_same(now, then) is same
    assert dvc.is_same(then, now) is same
