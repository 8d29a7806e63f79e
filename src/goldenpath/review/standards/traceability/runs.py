"""Runs and the models they made: written down, registered with their papers, started by a rule and not by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

import goldenpath
from goldenpath.review.evidence import receipts
from goldenpath.review.product import dvc, library, lineage
from goldenpath.review.product.deployments import REGISTERED
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.git import Git
from goldenpath.review.product.lineage import Lineage
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import LARGEST
from goldenpath.review.product.workflows import NEVER, Workflow, days_between
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import elsewhere, numbers_of, unproved
from goldenpath.review.standards.traceability import recipes
from goldenpath.review.standards.traceability.training import ENGINES
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, passed, unknown

TRACKERS = ("mlflow", "wandb", "neptune", "comet_ml", "clearml", "aim")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")
MAGIC = (b"\x89HDF", b"PK\x03\x04", b"\x1f\x8b", *(bytes((0x80, version)) for version in range(2, 6)))
"""How HDF5, zip, gzip and pickle files begin, whatever they are called."""
READ = (".py", ".md", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".ipynb", ".css", ".js", ".sh")
"""What others read as text, and cannot be a model."""
OFFICE = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
"""Documents that are archives by their form."""
ORDINARY = (
    *(".py", ".md", ".txt", ".yaml", ".yml", ".toml", ".json", ".lock", ".cfg", ".ini", ".ipynb", ".html", ".css"),
    *(".js", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".woff", ".woff2", ".pdf", ".csv", ".parquet", ".sh"),
)
CARRIED_DAYS = 180
LONGEST_PERIOD = 92
"""Days between two trainings by schedule: a model that is looked at less than once a quarter is not retrained."""
ANSWERS = ".cruft.json"


class TR08(Criterion):
    """A team that cannot look up what was tried tries it again.

    Every run belongs where all can see it, with the commit, the data and the parameters that it came from and the
    figures that it reached. A run in somebody's local folder is gone when it is needed to explain a decision.
    """

    id = "TR-08"
    title = "Runs are recorded for all"
    level = 2
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "the pipeline writes models/lineage.json and metrics that git keeps: the commit is in this history, the "
        "parameters are those of params.yaml, every file of git that it names has the digest it says, data are among "
        "them. Or a tracking server that is not local holds the run: a receipt of at most 30 days with the facts "
        "`uri`, `run`, `commit`, `data` (a digest of dvc.lock) and `params`"
    )
    fix = "make run, then commit models/lineage.json and reports/metrics.json"
    effort = Effort.HOURS
    sources = ("Microsoft MLOps maturity model, level 2", "SLSA v1.0 Provenance", "ML Test Score Infra 1")
    requires = ("TR-05",)
    gaming = "A lineage written by hand: every digest, parameter and commit in it is looked up."

    @staticmethod
    def check(product: Product) -> Verdict:
        if product.git is None or product.commit is None:
            return failed("without commits no run is recorded", Evidence("no commit", command="git log"))
        faults = list(_record_faults(product, product.git, product.commit))
        if not faults:
            found = lineage.read(product) or Lineage()
            words = f"made on {found.finished[:10]} by {found.builder} from {found.commit[:9]}"
            return passed("the run is recorded in git", Evidence(words, lineage.PATH))
        if product.git.is_shallow and any("history" in fact.text for fact in faults):
            return unknown("the clone is shallow: git fetch --unshallow shows whether the commit is there", *faults)
        client = recipes.imports_any(product, product.python.modules, TRACKERS)
        return _on_server(product, faults, client) if client else failed("the last run is not fully recorded", *faults)


def _record_faults(product: Product, git: Git, commit: str) -> Iterator[Evidence]:
    papers = lineage.read(product)
    if papers is None:
        yield Evidence("is missing: no run wrote down commit, data and parameters", lineage.PATH)
        return
    if not any(lineage.PATH in stage.outs for stage in product.pipeline):
        yield Evidence("no stage of the pipeline writes it", lineage.PATH)
    yield from _paper_faults(product.pipeline, papers, lambda path: _in_git(product, path))
    if not (papers.commit and git.resolve(papers.commit) and git.is_before(papers.commit, commit)):
        yield Evidence(f"the commit {papers.commit[:9] or '(none)'} is not in this history", lineage.PATH)
    given = product.mapping(dvc.PARAMS)
    for name in sorted(_shaping(product.pipeline, given) | (papers.parameters.keys() & given.keys())):
        if not _agrees(given.get(name), papers.parameters.get(name)):
            yield Evidence(f"parameter {name} is not the one in {dvc.PARAMS}", lineage.PATH)
    metrics = [path for stage in product.pipeline for path in stage.metrics]
    if not any(path in product.paths and numbers_of(product, path) for path in metrics):
        yield Evidence("git keeps no metrics of the run", dvc.FILE)


def _shaping(pipeline: dvc.Pipeline, given: Mapping[str, object]) -> set[str]:
    """The sections of ``params.yaml`` that the stages up to the lineage's read: they shape what it tells of."""
    writers = {stage.name for stage in pipeline if lineage.PATH in stage.outs}
    before = {name for writer in writers for name in pipeline.ancestors(writer)} | writers
    read = [stage.params[dvc.PARAMS] for stage in pipeline if stage.name in before and dvc.PARAMS in stage.params]
    # A stage that names the file and nothing in it reads all of it.
    return {name.partition(".")[0] for names in read for name in names or given}


def _in_git(product: Product, path: str) -> bytes | None:
    """A file's content where git keeps it; None where it is DVC's, or nowhere."""
    return product.tree.read(path) if path in product.paths and (product.tree.size(path) or 0) <= LARGEST else None


def _paper_faults(
    pipeline: dvc.Pipeline, papers: Lineage, content: Callable[[str], bytes | None]
) -> Iterator[Evidence]:
    """What a lineage says that is not so, as far as git's files and the lock can tell."""
    for path, digest in {**papers.materials, **papers.subjects}.items():
        found = content(path)
        if found is not None and receipts.digest(found) != digest:
            yield Evidence(f"{path} is not the file that it names", lineage.PATH)
    records = pipeline.lock.values()
    locked = {path for record in records for kind in ("outs", "deps") for path in dvc.outs_of(record, kind)}
    data = [path for path in papers.materials if _is_locked(path, locked) and content(path) is None]
    if not data:
        yield Evidence("names no data that dvc.lock knows", lineage.PATH)
    if not any(re.search(r"requirements|\.lock$|pylock|conda-lock", path) for path in papers.materials):
        yield Evidence("names no lock of the environment", lineage.PATH)
    if not any(dvc.is_model(path) and _is_locked(path, locked) for path in papers.subjects):
        yield Evidence("names no model that the pipeline wrote", lineage.PATH)
    if not (papers.builder and papers.finished):
        yield Evidence("does not say who made it and when", lineage.PATH)


def _is_locked(path: str, locked: set[str]) -> bool:
    return path in locked or any(path.startswith(f"{folder.rstrip('/')}/") for folder in locked)


def _agrees(wanted: object, recorded: object) -> bool:
    """Whether what the parameters say is what was recorded; the record may say more, such as defaults."""
    if isinstance(wanted, dict):
        return isinstance(recorded, dict) and all(_agrees(value, recorded.get(key)) for key, value in wanted.items())
    return dvc.is_same(wanted, recorded)


def _on_server(product: Product, faults: list[Evidence], client: Evidence) -> Verdict:
    """Judge a product that tracks its runs on a server."""
    found = receipts.find(product, "TR-08", about=(dvc.FILE, dvc.LOCK), days=30)
    if found.receipt is None:
        words = "runs go to a tracking client, and nothing proves that they arrive where all can see them"
        return unproved("TR-08", "make run", found, words).but(Status.FAIL, words, client, *faults)
    facts = found.receipt.facts
    uri = str(facts.get("uri") or "")
    if not uri.startswith(("https://", "http://", "databricks")) or re.search(
        r"//(?:localhost|127\.|0\.0\.0\.0|\[::1\])", uri
    ):
        return failed("the tracking server is a local one", Evidence(f"the receipt says {uri or 'no address'}"), client)
    if missing := [name for name in ("run", "commit", "data", "params") if not facts.get(name)]:
        return failed("the run is not fully recorded", Evidence(f"the receipt lacks {', '.join(missing)}"), client)
    lock = product.tree.read(dvc.LOCK) or b""
    if facts["data"] != receipts.digest(lock):
        return failed("the run on the server is another one", Evidence("its data are not those of dvc.lock", dvc.LOCK))
    return passed("the run is recorded on a server", Evidence(f"run {facts['run']} at {uri}"), client)


class TR09(Criterion):
    """When a decision is questioned, the model behind it must lead back to code, data and environment within minutes.

    A registry without lineage is a list of file names. Each version here is a tag on the commit that holds the papers
    of its model, so the way back cannot be lost and cannot be rewritten without leaving a trace.
    """

    id = "TR-09"
    title = "Registered with its lineage"
    level = 2
    part = Part.TRACEABILITY
    verify = (
        "a tag name@vX.Y.Z on this history; at the newest of each name models/lineage.json is the one that dvc.lock "
        "there records, its commit precedes the tag, the files of git that it names have the digests it says, and it "
        "names data, environment lock, model, builder and time"
    )
    fix = "goldenpath register, which tags the commit of the model as NAME@vX.Y.Z"
    effort = Effort.HOURS
    sources = ("SLSA v1.0 Provenance", "Google MLOps: model registry", "EU AI Act Article 12")
    requires = ("TR-05",)
    gaming = "A tag on a commit with borrowed papers: every digest is looked up in git at the tag itself."

    @staticmethod
    def check(product: Product) -> Verdict:
        if product.git is None or product.commit is None:
            return failed("without commits there is no registry", Evidence("no commit", command="git log"))
        newest = _newest(product.git.tags_before(product.commit))
        if not newest:
            if product.git.is_shallow:
                return unknown("the clone is shallow: its tags may be missing; git fetch --unshallow --tags")
            fact = Evidence("no tag name@vX.Y.Z on this history", command="git tag --list '*@v*'")
            return failed("no model is registered", fact)
        if faults := [fact for tag in newest for fact in version_faults(product, tag)]:
            return failed("a registered model does not lead back to what made it", *faults)
        facts = [Evidence(f"{tag}: papers complete", lineage.PATH, command=f"git show {tag}") for tag in newest]
        return passed(f"{', '.join(newest)} leads back to code, data and environment", *facts)


def _newest(tags: Iterable[str]) -> list[str]:
    """The newest version of each registered model."""
    best: dict[str, tuple[tuple[int, ...], str]] = {}
    for tag in tags:
        if found := REGISTERED.match(tag):
            number = tuple(map(int, re.findall(r"\d+", found[2])[:3]))
            best[found[1]] = max(best.get(found[1], ((), "")), (number, tag))
    return [tag for _, tag in best.values()]


def version_faults(product: Product, tag: str) -> list[Evidence]:
    """What is missing between a registered model version and the code, data and run that made it."""
    git = product.git
    commit = git.resolve(f"refs/tags/{tag}") if git else None
    if git is None or commit is None:
        return [Evidence(f"{tag} is not a tag of this repository", command=f"git show {tag}")]
    text, locked = _at(product, git, commit, (lineage.PATH, dvc.LOCK)).values()
    if text is None or locked is None:
        lacking = lineage.PATH if text is None else dvc.LOCK
        return [Evidence(f"{tag} stands on a commit without it", lacking)]
    try:
        papers = lineage.parse(text.decode("utf-8", "replace"))
        then = dvc.parse_lock(locked.decode("utf-8", "replace"))
    except BrokenFileError as error:
        return [Evidence(f"at {tag}: {error.reason}", error.path)]
    files = _at(product, git, commit, tuple({**papers.materials, **papers.subjects}))
    faults = [Evidence(f"at {tag}: {fact.text}", fact.path) for fact in _paper_faults(then, papers, files.get)]
    recorded = {path: out["digest"] for record in then.lock.values() for path, out in dvc.outs_of(record).items()}
    if recorded.get(lineage.PATH) != dvc.md5(text):
        faults.append(Evidence(f"at {tag}: it is not the one that the pipeline wrote", lineage.PATH))
    if not (papers.commit and git.resolve(papers.commit) and git.is_before(papers.commit, commit)):
        faults.append(Evidence(f"at {tag}: the commit {papers.commit[:9] or '(none)'} is not before it", lineage.PATH))
    return faults


def _at(product: Product, git: Git, commit: str, paths: tuple[str, ...]) -> dict[str, bytes | None]:
    """Files of a commit; None for each that is not in it."""
    return {path: git.objects.read(f"{commit}:{product.prefix}{path}") for path in paths}


class TR10(Criterion):
    """A model that somebody carried over by hand has no history.

    Files thrown over the fence between those who train and those who run are where versions get mixed up: nobody can
    say which code made them, or that they were not changed on the way. Models go through the registry, by digest.
    """

    id = "TR-10"
    title = "No models carried by hand"
    level = 2
    part = Part.TRACEABILITY
    verify = (
        "git tracks no model file and no archive, under any name, as Git LFS pointers neither, and none was added in "
        "the last 180 days on any branch; no workflow, Makefile or Dockerfile fetches a model from elsewhere, or "
        "copies one that the pipeline does not write. The library's wheel in vendor/ is none, while every lock names "
        "it by its digest"
    )
    fix = "git rm --cached FILE, name it as an output in dvc.yaml, dvc push, goldenpath register"
    effort = Effort.HOURS
    sources = ("Microsoft MLOps maturity model, level 1", "OpenSSF Scorecard Binary-Artifacts", "SLSA v1.0 Build L1")
    gaming = (
        "A model under another name, in LFS, or removed again: content, pointers and history are read. A wheel of the "
        "library's name that is another file: its digest stands in no lock."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        faults = [*_carried(product), *_added(product), *_fetched(product)]
        if faults:
            return failed("models are carried by hand", *faults[:20])
        command = "git log --all --diff-filter=A --name-only"
        return passed("git holds no model", Evidence(f"none in {len(product.paths)} files", command=command))


def _is_binary_name(path: str) -> bool:
    return path.lower().endswith(dvc.MODELS + ARCHIVES)


def _carried(product: Product) -> Iterator[Evidence]:
    pinned = library.read(product)
    for path in sorted(product.paths):
        if path == pinned.wheel and pinned.fault is None:
            continue  # every lock names it by its digest
        if _is_binary_name(path):
            yield Evidence("is a model or an archive, and is in git", path)
        elif not path.lower().endswith(READ) and (size := product.tree.size(path)):
            if size > LARGEST:
                if not path.lower().endswith(ORDINARY):
                    yield Evidence(f"is in git with {size / 2**20:.0f} MiB: data or a model", path)
            elif (
                size > 1000 and not path.lower().endswith(OFFICE) and _looks_like_model(product.tree.read(path) or b"")
            ):
                yield Evidence("holds a model or an archive under another name, and is in git", path)


def _looks_like_model(content: bytes) -> bool:
    return content.startswith(MAGIC) or (content[:1] == b"\x08" and b"onnx" in content[:200])


def _added(product: Product) -> Iterator[Evidence]:
    """Models that any branch added lately, although they may be gone by now."""
    if product.git is None or product.commit is None:
        return
    since = (product.now - timedelta(days=CARRIED_DAYS)).isoformat()
    words = ("--exclude=refs/notes/*", "--exclude=refs/stash", "--all", f"--since={since}", "--max-count=2000")
    found = product.git.run("log", *words, "--diff-filter=A", "--name-only", "--format=", "-z", "--no-renames") or ""
    for path in sorted(set(found.replace("\n", "").split("\0"))):
        inside = path.removeprefix(product.prefix)
        if path.startswith(product.prefix) and _is_binary_name(inside) and inside not in product.paths:
            command = f"git log --all --diff-filter=A -- {path}"
            yield Evidence(f"was added in the last {CARRIED_DAYS} days, and lies in history", inside, command=command)


def _fetched(product: Product) -> Iterator[Evidence]:
    endings = "|".join(re.escape(end) for end in dvc.MODELS)
    fetch = re.compile(rf"\b(?:scp|rsync|curl|wget|sftp|gsutil|azcopy|aws s3)\b[^\n]*(?:{endings})\b")
    texts = [(path, product.text(path) or "") for path in ("Makefile", "Dockerfile")]
    texts += [(workflow.path, product.text(workflow.path) or "") for workflow in product.workflows]
    for path, text in texts:
        for number, line in enumerate(text.splitlines(), start=1):
            if fetch.search(line):
                yield Evidence("fetches a model past the registry", path, number)
    outs = {out for stage in product.pipeline for out in stage.outs}
    for number, line in enumerate((product.text("Dockerfile") or "").splitlines(), start=1):
        if re.match(r"\s*(?:COPY|ADD)\s", line):
            for word in line.split()[1:-1]:
                if word.lower().endswith(dvc.MODELS) and word.removeprefix("./") not in outs and "--from" not in line:
                    yield Evidence(f"copies {word}, which no stage of the pipeline writes", "Dockerfile", number)


class TR11(Criterion):
    """A model grows old while nobody looks: the world moves on, and its figures of last year are not those of today.

    Retraining must start by a schedule or by an event, not because somebody remembers. And the start must be seen to
    work: forges switch off the schedules of quiet repositories without a word.
    """

    id = "TR-11"
    title = "Retraining starts by itself"
    level = 2
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a workflow with a schedule that comes round at least each quarter, or with a repository_dispatch event, "
        "runs the pipeline and does not ignore its failure; a receipt of a green run of what it runs, no older than "
        "two periods and at least 35 days"
    )
    fix = "add .github/workflows/retrain.yml, then goldenpath record TR-11 -- goldenpath retrain run in it"
    effort = Effort.HOURS
    sources = ("Google MLOps level 1: continuous training", "Microsoft MLOps maturity model, level 3")
    requires = ("TR-04",)
    gaming = "A schedule that never comes round, or that runs something else than the pipeline."

    @staticmethod
    def check(product: Product) -> Verdict:
        events = {"schedule", "repository_dispatch"}
        timed = [item for item in product.workflows if events & {*item.triggers}]
        training = [item for item in timed if any(map(recipes.trains, recipes.steps(product, item, events)))]
        if not training:
            facts = [Evidence("starts by itself, and does not train", workflow.path) for workflow in timed]
            fact = Evidence("no workflow starts training by schedule or event", ".github/workflows")
            if verdict := elsewhere(product, "training may start"):
                return verdict
            if engine := recipes.imports_any(product, product.python.files, ENGINES):
                return unknown("training may start by another engine, which this review does not read", engine)
            return failed("nothing retrains the model by itself", *(facts or [fact]))
        workflow = min(training, key=_period)
        period = _period(workflow)
        if period > LONGEST_PERIOD:
            line = product.line_of(workflow.path, r"\bcron\b")
            fact = Evidence("comes round less than once a quarter, or never", workflow.path, line)
            return failed("the schedule is too rare", fact)
        days = max(35, 2 * period)
        found = receipts.find(product, "TR-11", about=(workflow.path, dvc.FILE), days=days)
        if found.receipt is None:
            words = f"no retraining was seen in the last {days} days"
            return unproved("TR-11", "goldenpath retrain run", found, words)
        if not recipes.retrains(product, found.receipt.command):
            fact = Evidence("the receipt's command does not run the pipeline", command=found.receipt.command)
            return failed("the retraining that was seen is none", fact)
        words = f"ran green on {found.receipt.when[:10]} {found.receipt.run}".rstrip()
        return passed("training starts by itself, and was seen to", Evidence(words, workflow.path))


def _period(workflow: Workflow) -> int:
    """Days between two starts; 0 for an event, a large number for a schedule that never comes round."""
    if "repository_dispatch" in workflow.triggers:
        return 0
    entries = workflow.triggers.get("schedule")
    crons = [str(item.get("cron") or "") for item in entries or [] if isinstance(item, dict)]
    return min(map(days_between, crons), default=NEVER)


class TR12(Criterion):
    """Every improvement of the platform is worth nothing to a project that stays where it was generated.

    A project that falls far behind the template pays twice: it lacks the fixes, and the day it must catch up is a
    migration. Small updates, often, keep all the products of a company on one road.
    """

    id = "TR-12"
    title = "Template current"
    level = 2
    part = Part.TRACEABILITY
    verify = (
        "template.version in golden-path.yaml is at most one minor version behind the newest that this tool knows "
        "(its own), and .cruft.json, where there is one, names the same version"
    )
    fix = "take the template's newer version over (cruft update), review the changes, make run"
    effort = Effort.HOURS
    sources = ("CNCF Platforms White Paper", "Team Topologies: platform as a product")
    gaming = "A version raised by hand: the answers of the generator must say the same."

    @staticmethod
    def check(product: Product) -> Verdict:
        version = product.manifest.template_version
        line = product.line_of(MANIFEST, r"^\s+version\s*:")
        if not version:
            fact = Evidence("names no template version", MANIFEST)
            return failed("the project does not come from the template", fact)
        have, newest = _parts(version), _parts(goldenpath.__version__)
        if have is None or newest is None:
            return failed("the template's version is none", Evidence(f"{version}, want X.Y.Z", MANIFEST, line))
        answers = product.json(ANSWERS) if ANSWERS in product.paths else None
        if isinstance(answers, dict):
            context = (answers.get("context") or {}).get("cookiecutter") or {}
            generated = str(context.get("_template_version") or version)
            if generated != version:
                fact = Evidence(f"says {generated}, {MANIFEST} says {version}", ANSWERS)
                return failed("the version was changed without an update", fact)
        if have > newest:
            fact = Evidence(f"is of template {version}", MANIFEST, line)
            return unknown(f"this tool is of {goldenpath.__version__} and knows no newer template", fact)
        behind = newest[1] - have[1] if newest[0] == have[0] else 99
        fact = Evidence(f"template {version}, newest known is {goldenpath.__version__}", MANIFEST, line)
        return passed("the template is current", fact) if behind <= 1 else failed("the template is out of date", fact)


def _parts(version: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
