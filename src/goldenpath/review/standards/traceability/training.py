"""Training as a pipeline: every step known, its record current, its result repeatable, its data to be had."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from goldenpath.pipeline import fingerprints
from goldenpath.review.evidence import receipts
from goldenpath.review.product import code_roles, dvc, library, lineage
from goldenpath.review.product.dvc import LOCK, Pipeline, Stage
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import numbers, numbers_of, unproved, with_signature
from goldenpath.review.standards.traceability import recipes
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, passed, unknown

ENGINES = (
    *("kfp", "airflow", "prefect", "metaflow", "dagster", "zenml", "luigi", "kedro", "flytekit", "argo_workflows"),
    *("tfx", "sagemaker", "azureml", "azure.ai.ml"),
)
OTHER_PIPELINES = {"Snakefile": "Snakemake", "main.nf": "Nextflow"}
LEARNS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict", "train", "backward", "learn", "minimize"})
TOLERANCE = 0.01
"""By how much, relative to the larger, a metric may differ when a model comes out other than bit for bit."""


class TR04(Criterion):
    """A model that one command makes from raw data can be made again by anybody, at any time.

    Steps that a person runs in an order that only that person knows are where training stops being automatic. A
    pipeline whose stages name what they read and write lets a machine run exactly what has changed, and lets a reader
    follow a number back to the row that it came from.
    """

    id = "TR-04"
    title = "Training is a pipeline"
    level = 2
    part = Part.TRACEABILITY
    verify = (
        "dvc.yaml leads from a stage that gets or reads raw data over a stage that writes a model to a stage that "
        "writes metrics, at least three in all; each runs code of the repository that it also depends on, or a stage "
        "of the pinned library by whose fingerprint in vendor/stages.yaml it is run again, and by the team's module "
        "that it calls; none ignores a failure, the stage of the model learns something, and the metrics hold numbers"
    )
    fix = "give each step its stage in dvc.yaml, `goldenpath stage NAME` or a script of your own, then `make run`"
    effort = Effort.DAYS
    sources = ("Google MLOps level 1", "Microsoft MLOps maturity model, level 2", "ML Test Score Infra 3")
    gaming = "Stages that only touch or echo, or one that wraps everything: the code behind each is opened."
    is_anchor = True
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        if not product.pipeline:
            return _without_pipeline(product)
        made = [stage for stage in product.pipeline if any(map(dvc.is_model, stage.outs))]
        if not made:
            return failed("no stage writes a model", Evidence("no output is a model", dvc.FILE))
        path = max((_path_over(product.pipeline, stage) for stage in made), key=len)
        if not path:
            return failed("nothing measures the model", Evidence("no metrics come after the model", dvc.FILE))
        if len(path) < 3:
            names = ", ".join(stage.name for stage in path)
            fact = Evidence(f"only {names} lie between raw data and metrics", dvc.FILE)
            return failed("one step does everything, want data, training and evaluation apart", fact)
        faults = [fact for stage in path for fact in _stage_faults(product, stage)]
        faults += _learning_faults(product, [stage for stage in path if any(map(dvc.is_model, stage.outs))])
        faults += _metric_faults(product, path)
        if faults:
            return failed("the pipeline is not what it looks like", *faults)
        names = " → ".join(stage.name for stage in product.pipeline if stage in path)
        return passed(f"raw data to metrics in {len(path)} stages", Evidence(names, dvc.FILE, command="dvc dag"))


def _without_pipeline(product: Product) -> Verdict:
    if other := recipes.imports_any(product, product.python.files, ENGINES):
        return unknown(f"another engine's pipeline cannot be judged from here; name its stages in {dvc.FILE}", other)
    for path, engine in OTHER_PIPELINES.items():
        if path in product.paths:
            return unknown(f"the pipeline is {engine}'s; name its stages in {dvc.FILE}", Evidence("is there", path))
    return failed("there is no pipeline", Evidence("is missing or names no stage", dvc.FILE))


def _path_over(pipeline: Pipeline, made: Stage) -> list[Stage]:
    """The stages from raw data over the one that makes a model to metrics; empty where nothing measures it."""
    before = pipeline.ancestors(made.name)
    measured = [
        stage for stage in pipeline if stage.metrics and (stage is made or made.name in pipeline.ancestors(stage.name))
    ]
    if not measured:
        return []
    return [stage for stage in pipeline if stage.name in before or stage is made or stage is measured[0]]


def _stage_faults(product: Product, stage: Stage) -> Iterator[Evidence]:
    line = product.line_of(dvc.FILE, rf"^\s+{re.escape(stage.name.partition('@')[0])}\s*:")
    command = recipes.expanded(product, stage.command)
    code = recipes.code_of(product, command)
    if code_roles.is_librarys(product, stage):
        yield from _library_faults(product, stage, line)
    elif not code:
        yield Evidence(f"stage {stage.name} runs no code of this repository", dvc.FILE, line)
    if recipes.ignores_failure(command):
        yield Evidence(f"stage {stage.name} ignores its failure", dvc.FILE, line)
    for path in code:
        if not any(path == dep or path.startswith(f"{dep.rstrip('/')}/") for dep in stage.deps):
            yield Evidence(f"stage {stage.name} does not depend on {path}: a change goes unnoticed", dvc.FILE, line)
        if path.endswith(".py") and not any(
            isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(product.python.tree(path))
        ):
            yield Evidence(f"stage {stage.name} runs code that uses nothing", path)
    for path, out in dvc.outs_of(product.pipeline.lock.get(stage.name)).items():
        if out["size"] == 0:
            yield Evidence(f"stage {stage.name} wrote {path} empty", LOCK)


def _library_faults(product: Product, stage: Stage, line: int | None) -> Iterator[Evidence]:
    """What a stage of the library must depend on and does not: its fingerprint, and the team's code that it calls."""
    called = library.read(product).stage(stage.command).rpartition("/")[2].removesuffix(".py")
    names = stage.params.get(library.STAGES)
    if names is None or (names and called not in names):
        words = f"does not depend on {called} of {library.STAGES}: an upgrade goes unnoticed"
        yield Evidence(f"stage {stage.name} {words}", dvc.FILE, line)
    homes = tuple(f"{home}/" for home in product.python.packages)
    if called in fingerprints.TEAMS and not any(f"{dep.rstrip('/')}/".startswith(homes) for dep in stage.deps if homes):
        words = "calls the team's code and depends on none of it: a change goes unnoticed"
        yield Evidence(f"stage {stage.name} {words}", dvc.FILE, line)


def _learning_faults(product: Product, makers: list[Stage]) -> Iterator[Evidence]:
    """Whether the stages that write models run Python that learns nothing; other languages are not looked into."""
    pinned = library.read(product)
    if any(pinned.stage(stage.command).endswith(f"/{library.TRAINS}.py") for stage in makers):
        return
    files: set[str] = set()
    for stage in makers:
        files.update(recipes.code_of(product, recipes.expanded(product, stage.command)))
        homes = [f"{dep.rstrip('/')}/" for dep in stage.deps]
        files.update(path for path in product.python.files if path in stage.deps or path.startswith(tuple(homes)))
    scripts = sorted(path for path in files if path.endswith(".py"))
    if files and scripts == sorted(files) and not any(_learns(product, path) for path in scripts):
        yield Evidence(f"nothing in it learns: no call of {', '.join(sorted(LEARNS))}", scripts[0])


def _learns(product: Product, path: str) -> bool:
    calls = (node.func for node in ast.walk(product.python.tree(path)) if isinstance(node, ast.Call))
    names = (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls)
    return any(name in LEARNS for name in names)


def _metric_faults(product: Product, path: list[Stage]) -> Iterator[Evidence]:
    for stage in path:
        for metric in stage.metrics:
            if product.tree.size(metric) is None:
                if metric not in dvc.outs_of(product.pipeline.lock.get(stage.name)):
                    yield Evidence("is no metric yet: the pipeline has not run", metric)
            elif not numbers_of(product, metric):
                yield Evidence("holds no number", metric)


class TR05(Criterion):
    """A record of a run that no longer describes the code, the parameters or the data explains nothing.

    The model in the repository must be the one that this code makes from these inputs. Otherwise somebody will look
    for a mistake in code that never ran, and nobody notices until the model is trained again.
    """

    id = "TR-05"
    title = "The pipeline's record is current"
    level = 2
    part = Part.TRACEABILITY
    verify = (
        "command, parameters, digests of what is read and written, and the chain from stage to stage in dvc.lock are "
        "those of dvc.yaml, the parameter files and the files that are here"
    )
    fix = "make run, then commit dvc.lock and the results"
    effort = Effort.MINUTES
    sources = ("ML Test Score Infra 1", "DVC: dvc.lock", "Google MLOps level 1")
    requires = ("TR-04",)
    gaming = (
        "One digest copied by hand: the stages after it, and what they read, no longer fit. A lock edited with care "
        "all through passes here, and fails TR-06."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        if not product.pipeline:
            return failed("there is no pipeline", Evidence("is missing", dvc.FILE))
        if LOCK not in product.paths:
            return failed("the pipeline has no record of a run", Evidence("is missing", LOCK, command="make run"))
        if stale := dvc.stale(product, product.pipeline):
            facts = (Evidence(f"{item.stage}: {item.what}", item.path, command="make run") for item in stale)
            return failed(f"{len(stale)} entries of dvc.lock no longer fit", *facts)
        fact = Evidence(f"describes all {len(product.pipeline.stages)} stages as they are", LOCK)
        return passed("the record fits code, parameters and files", fact)


class TR06(Criterion):
    """A result that cannot be had twice is an anecdote.

    Running everything again from the raw data, on a clean machine and without any cache, is the only proof that the
    model comes from what is committed: a record can be edited by hand, a rerun cannot. It also finds missing seeds,
    forgotten files and libraries that moved.
    """

    id = "TR-06"
    title = "Training reproduces"
    level = 2
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a receipt of at most 30 days, of a command that runs all of the pipeline (`dvc repro --force`), on the code, "
        "parameters and dvc.lock that are here. Its facts: `outs`, the digest of every output by path in the dvc.lock "
        "that the rerun wrote, and `metrics`, the content of every metrics file by path. All outputs are equal to "
        "those of dvc.lock; lineage may differ (it holds the time), and what comes from the model may while every "
        "metric is within 1 %"
    )
    fix = "goldenpath record TR-06 -- goldenpath reproduce, in CI each week and before a release"
    effort = Effort.HOURS
    sources = ("ML Test Score Infra 1", "NeurIPS reproducibility checklist", "SLSA v1.0 Build L3")
    requires = ("TR-05",)
    gaming = (
        "An edited dvc.lock, or a receipt of `true`: the lock is compared with what the rerun wrote, and the command "
        "must lead to a forced run."
    )
    is_anchor = True
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        about = (dvc.FILE, LOCK, *_inputs(product))
        found = receipts.find(product, "TR-06", about=about, days=30)
        receipt = found.receipt
        if receipt is None:
            return unproved("TR-06", "goldenpath reproduce", found, "no rerun proves the model")
        if not recipes.retrains_all(product, receipt.command):
            words = f"`{receipt.command}` of the receipt forces no run: want dvc repro --force"
            return failed("the rerun is none", Evidence(words, command=receipt.command))
        if faults := list(_differences(product, receipt.facts)):
            return failed("the rerun made something else", *faults[:20])
        words = f"run again on {receipt.when[:10]} by {receipt.who}: the same outputs {receipt.run}".rstrip()
        return passed("everything was made again from raw data", Evidence(words, LOCK, command=receipt.command))


def _inputs(product: Product) -> tuple[str, ...]:
    """What the pipeline reads that git keeps: code, contract, parameters."""
    written = {out for stage in product.pipeline for out in stage.outs}
    found = {dep for stage in product.pipeline for dep in stage.deps if dep not in written and "://" not in dep}
    return tuple(sorted(found | {path for stage in product.pipeline for path in stage.params}))


def _differences(product: Product, facts: Mapping[str, Any]) -> Iterator[Evidence]:
    outs, measured = facts.get("outs"), facts.get("metrics")
    if not isinstance(outs, dict) or not isinstance(measured, dict):
        yield Evidence("the receipt does not say what came out: want `outs` and `metrics`")
        return
    steady = _metrics_agree(product, measured)
    makers = {stage.name for stage in product.pipeline if any(map(dvc.is_model, stage.outs))}
    for stage in product.pipeline:
        after_model = stage.name in makers or bool(makers & product.pipeline.ancestors(stage.name))
        for path, locked in dvc.outs_of(product.pipeline.lock.get(stage.name)).items():
            if outs.get(path) == locked["digest"] or (path == lineage.PATH and path in outs):
                continue
            if path not in outs:
                yield Evidence(f"the rerun did not write {path}", LOCK, product.line_with(LOCK, path))
            elif not after_model:
                yield Evidence(f"{stage.name} wrote another {path}: the data are not pinned", path)
            elif steady is not None:
                yield Evidence(f"{stage.name} wrote another {path}, and {steady}", path)


def _metrics_agree(product: Product, measured: Mapping[str, Any]) -> str | None:
    """Why the metrics of a rerun are not those of the checkout; None where all are within the tolerance."""
    paths = [path for stage in product.pipeline for path in stage.metrics]
    for path in paths:
        if product.tree.size(path) is None:
            return f"{path} is not here to compare"
        now, then = numbers_of(product, path), numbers(measured.get(path) or {})
        if not now or now.keys() != then.keys():
            return f"the receipt does not hold {path}"
        for name, value in now.items():
            if abs(value - then[name]) > TOLERANCE * max(abs(value), abs(then[name])):
                return f"{name} is {then[name]:g} in the rerun and {value:g} here"
    return None if paths else "there are no metrics"


class TR07(Criterion):
    """A digest says which data it was; only the bytes let you train on them again.

    Git keeps pointers to data and models. If the pointed-at files lie on one laptop alone, the pipeline is
    reproducible on paper, and the model of last quarter is gone with the disk.
    """

    id = "TR-07"
    title = "Data can be had again"
    level = 2
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.EXECUTED, Proof.RECEIPT, Proof.ATTESTED)
    verify = (
        ".dvc/config names a remote, everything that DVC keeps has a digest, and the remote holds it: looked up "
        "object by object where the remote is a folder of this machine, else by a receipt of at most 90 days of `dvc "
        "push` or `dvc status --cloud` with the facts `remote` (its name) and `outs` (path and digest of everything "
        "it holds). At criticality high a service keeps the data, and somebody attests that it keeps them as long "
        "as the model"
    )
    fix = "dvc push, and for a remote that is a service: goldenpath record TR-07 -- goldenpath push"
    effort = Effort.MINUTES
    sources = ("ML Test Score Data 5", "EU AI Act Article 10", "Google MLOps level 1")
    requires = ("TR-04",)
    gaming = "A receipt of another day's data: what it names must be what dvc.lock names now."
    attestable = 365

    @staticmethod
    def check(product: Product) -> Verdict:
        store = dvc.remote(product)
        if store is None:
            return failed("DVC has no remote", Evidence("names no default remote", dvc.CONFIG))
        kept = _kept(product)
        if not kept:
            return failed("DVC keeps nothing", Evidence("no output has a digest", LOCK))
        if nameless := [Evidence(f"{path} has no digest", LOCK) for path, digest in kept.items() if not digest]:
            return failed("not everything has a digest", *nameless)
        is_high = product.manifest.criticality == "high"
        if store.is_folder and is_high:
            fact = Evidence(f"{store.url} is a folder of one machine", dvc.CONFIG, store.line)
            return failed("a critical product's data lie in a folder", fact)
        held = _in_folder(product, store, kept) if store.is_folder else None
        verdict = held or _by_receipt(product, store, kept)
        if verdict.status is not Status.PASS or not is_high:
            return verdict
        return with_signature(product, "TR-07", TR07.attestable, "that the data are kept as long as the model", verdict)


def _kept(product: Product) -> dict[str, str]:
    """What DVC keeps for the pipeline and by pointers: digests by path."""
    found: dict[str, str] = {}
    for stage in product.pipeline:
        outs = dvc.outs_of(product.pipeline.lock.get(stage.name))
        found |= {path: str(outs[path]["digest"]) if path in outs else "" for path in stage.cached}
    for pointer in product.matching("*.dvc"):
        folder = pointer.rpartition("/")[0]
        for path, out in dvc.outs_of(product.mapping(pointer)).items():
            found[f"{folder}/{path}".lstrip("/")] = str(out["digest"])
    return found


def _in_folder(product: Product, store: dvc.Remote, kept: Mapping[str, str]) -> Verdict | None:
    """Look everything up in a remote that is a folder; None where that folder is not on this machine."""
    folder = Path(store.url.removeprefix("file://"))
    home = folder if folder.is_absolute() else product.root / ".dvc" / folder
    if product.git is None or not home.is_dir():
        return None
    missing = [Evidence(f"{path} is not in {store.url}", LOCK) for path in kept if not _holds(home, kept[path])]
    if missing:
        return failed("the remote lacks what dvc.lock names: dvc push", *missing)
    words = f"all {len(kept)} are in {store.url}, a folder of this machine: a service is better"
    return passed("the remote holds everything", Evidence(words, dvc.CONFIG, store.line))


def _holds(home: Path, digest: str) -> bool:
    """Whether a folder of DVC's layout holds an object, and for a listing all that it lists."""
    file = home / "files" / "md5" / digest[:2] / digest[2:]
    if not re.fullmatch(r"[0-9a-f]{32}(\.dir)?", digest) or not file.is_file():
        return False
    if not digest.endswith(".dir"):
        return True
    try:
        return all(_holds(home, str(item["md5"])) for item in json.loads(file.read_bytes()))
    except (ValueError, KeyError, TypeError):
        return False


def _by_receipt(product: Product, store: dvc.Remote, kept: Mapping[str, str]) -> Verdict:
    found = receipts.find(product, "TR-07", about=(LOCK, dvc.CONFIG), days=90)
    if found.receipt is None:
        return unproved("TR-07", "goldenpath push", found, f"nothing proves that {store.url} holds the data")
    facts = found.receipt.facts
    if facts.get("remote") != store.name:
        fact = Evidence(f"the receipt is of {facts.get('remote')}, the remote is {store.name}", dvc.CONFIG, store.line)
        return failed("the receipt is of another remote", fact)
    outs = facts.get("outs") if isinstance(facts.get("outs"), dict) else {}
    missing = [Evidence(f"{path} is not in the receipt", LOCK) for path in kept if (outs or {}).get(path) != kept[path]]
    if missing:
        return failed("the remote was not seen to hold everything", *missing)
    words = f"all {len(kept)} seen in {store.url} on {found.receipt.when[:10]}"
    return passed("the remote holds everything", Evidence(words, dvc.CONFIG, store.line))
