"""Delivery: what runs was put there by a machine, leads back to what made it, and can be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.product import deployments, makefile, pull_request, serving
from goldenpath.review.product.deployments import NOTHING, OVERLAYS, Deployment
from goldenpath.review.product.git import FIELD, RECORD
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.product.pull_request import Command
from goldenpath.review.product.verbs import Does
from goldenpath.review.product.workflows import Workflow
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_number, elsewhere, rejected, to_record, unproved, with_signature
from goldenpath.review.standards.traceability import recipes
from goldenpath.review.standards.traceability.runs import version_faults
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, not_applicable, passed, unknown

LOOK_BACK_DAYS = 180
MACHINE = re.compile(r"(?<!dependabot)(?<!renovate)\[bot\]@users\.noreply\.github\.com$")
"""A machine of the forge; those that update dependencies deliver nothing."""
FORGE = "noreply@github.com"
"""The committer of what is merged on the forge's page."""
SIDE_DOOR = re.compile(
    r"\bkubectl\b[^\n]*\s(?:apply|create|patch|replace|edit|scale|set\s+image|rollout\s+(?:undo|restart))\b"
    r"|\bhelm\s+(?:install|upgrade|rollback)\b|\bargocd\s+app\s+(?:set|rollback)\b"
)
PROMOTE = "promote"
"""The make target of a product's own that delivers."""
WRITES = re.compile(
    rf"kustomize\s+edit\s+set\s+image\b|(?:sed|yq|cp|mv|tee)\s(?:[^#]*\s)?\S*{re.escape(OVERLAYS)}/"
    rf"|\S*python[\d.]*\s+(?:[^#]*\s)?\S*{re.escape(OVERLAYS)}/"
)
"""Commands that may change an overlay; one that only names it, as a comment or a listing does, is none."""
COMMITS = re.compile(r"git\s(?:[^#]*\s)?(?:commit|push)\b")
FASTEST = 2
"""Seconds below which no rollback can have been tried on anything that runs."""


class TR13(Criterion):
    """A change to production that no machine made is a change that nobody can list.

    Where every deployment is a commit of the delivery pipeline, the history of production is `git log`, and a rollback
    is a revert. One side door, and the history is a story.
    """

    id = "TR-13"
    title = "Deployed by the pipeline only"
    level = 3
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        "a job of a workflow, not one for pull requests, runs `goldenpath promote` or a make target of that name, or "
        "changes deploy/overlays and commits it; every change of an overlay in 180 days is authored by its identity "
        "(a bot that does not update dependencies, or an address in deploy.identities of golden-path.yaml) and "
        "committed by it or by the forge, with at least one such change; no workflow or make target reaches past git "
        "into the cluster. At criticality high somebody also attests that people have no write access to production"
    )
    fix = "goldenpath promote VERSION ENV in .github/workflows/cd.yml; nobody edits deploy/overlays by hand"
    effort = Effort.DAYS
    sources = ("OpenGitOps principles v1.0.0", "Microsoft MLOps maturity model, level 3", "SLSA v1.0 Build L2")
    gaming = (
        "A person who commits under the machine's name: author and committer must both be machines. A workflow that "
        "only names the overlays: it must promote, or change and commit them."
    )
    is_anchor = True
    attestable = 180

    @staticmethod
    def check(product: Product) -> Verdict:
        if product.git is None or product.commit is None or not deployments.read(product):
            return failed("nothing is deployed from git", Evidence("no overlay of an environment", OVERLAYS))
        writers = [item for item in product.workflows if _delivers(product, item)]
        if not writers:
            words = f"none makes {PROMOTE}, or changes {OVERLAYS} and commits it"
            return elsewhere(product, "deployments may be") or failed(
                "no workflow deploys", Evidence(words, ".github/workflows")
            )
        if doors := list(_side_doors(product)):
            return failed("there is a way past git into production", *doors)
        changes = list(_changes(product, product.commit))
        others = [
            Evidence(f"{sha[:9]} by {author}, committed by {committer}: {subject}", OVERLAYS, command=f"git show {sha}")
            for sha, author, committer, subject in changes
            if not (_is_machine(product, author) and (committer == FORGE or _is_machine(product, committer)))
        ]
        if others:
            return failed("not only the pipeline changed what is deployed", *others[:20])
        if not changes:
            if product.git.is_shallow:
                return unknown("the clone is shallow: git fetch --unshallow shows who deployed")
            words = f"the pipeline has deployed nothing in {LOOK_BACK_DAYS} days"
            return failed(words, Evidence("no change of an overlay", OVERLAYS, command=f"git log -- {OVERLAYS}"))
        fact = Evidence(f"{len(changes)} changes, all by the pipeline", OVERLAYS, command=f"git log -- {OVERLAYS}")
        found = passed("only the pipeline deploys", fact, Evidence("deploys", writers[0].path))
        if product.manifest.criticality == "high":
            what = "that people cannot write to production"
            signed_off = with_signature(product, "TR-13", TR13.attestable, what, found)
            # History proves the anchor; the signature is asked for beside it, and does not stand in for it.
            return replace(signed_off, status=Status.PASS) if signed_off.status.counts else signed_off
        return found


def _delivers(product: Product, workflow: Workflow) -> bool:
    """Whether a job of a workflow promotes: by the verb or make target, or by changing and committing an overlay."""
    events = [event for event in workflow.triggers if not event.startswith("pull_request")]
    commands: dict[str, list[Command]] = {}
    for job, step in workflow.runs(events) if events else ():
        if not (job.may_fail or step.may_fail or job.waits_for_failure or step.waits_for_failure):
            found = pull_request.commands_of(product, step.run, workflow.path, None)
            commands.setdefault(job.name, []).extend(found)
    made = makefile.read(product)
    for found in commands.values():
        if any(Does.PROMOTES in item.does for item in found):
            return True
        targets = {target for item in found for target in pull_request.targets_of(product, item)}
        if PROMOTE in targets and PROMOTE in made.needs and not made.does_nothing(PROMOTE):
            return True
        if any(WRITES.match(item.text) for item in found) and any(COMMITS.match(item.text) for item in found):
            return True
    return False


def _is_machine(product: Product, address: str) -> bool:
    deploy = product.mapping(MANIFEST).get("deploy")
    named = deploy.get("identities") if isinstance(deploy, dict) else None
    return MACHINE.search(address) is not None or address in (named if isinstance(named, list) else ())


def _changes(product: Product, commit: str) -> Iterator[tuple[str, str, str, str]]:
    """Commits that changed overlays: id, author, committer, subject. Files that are new are the template's."""
    since = (product.now - timedelta(days=LOOK_BACK_DAYS)).isoformat()
    layout = f"--format={RECORD}{FIELD.join(('%H', '%ae', '%ce', '%s'))}"
    # Of a merge, only those files are named that it changed by itself.
    words = ("log", "--cc", "--name-only", "--diff-filter=MDRT", f"--since={since}", layout, commit, "--")
    found = product.git.run(*words, f"{product.prefix}{OVERLAYS}") if product.git else ""
    for record in (found or "").split(RECORD)[1:]:
        head, _, names = record.partition("\n")
        if names.strip():
            sha, author, committer, subject = head.split(FIELD, 3)
            yield sha, author, committer, subject


def _side_doors(product: Product) -> Iterator[Evidence]:
    for path in ("Makefile", *(workflow.path for workflow in product.workflows)):
        for number, line in enumerate((product.text(path) or "").splitlines(), start=1):
            if SIDE_DOOR.search(line) and not line.lstrip().startswith("#") and "--dry-run" not in line:
                yield Evidence(f"runs `{line.strip().lstrip('@-')}`", path, number)


def _production(product: Product) -> Deployment | Verdict:
    """What production is told to run, by digest; a verdict where it is told nothing."""
    found = deployments.last(product)
    if found is None or not found.images:
        return failed(
            "production is not described in git", Evidence("names no image of the last environment", OVERLAYS)
        )
    if all(image.digest == NOTHING for image in found.images):
        return failed("nothing has been promoted to production", Evidence("its digest is all zeros", found.path))
    loose = [Evidence(f"{item.name}:{item.tag or 'latest'} has no digest", item.path) for item in found.images]
    loose = [fact for fact, image in zip(loose, found.images, strict=True) if not image.digest]
    return failed("production runs an image that is not pinned by digest", *loose) if loose else found


class TR14(Criterion):
    """When production misbehaves, the first question is what exactly runs there.

    From the digest of the running image to the model version, its lineage, the commit, the data and the run: if one
    link is missing, the search for the cause begins with guessing.
    """

    id = "TR-14"
    title = "What runs leads back"
    level = 3
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.EXECUTED, Proof.RECEIPT)
    verify = (
        "production's overlay pins its images by digest and names one registered model (name@vX.Y.Z); that tag's "
        "papers lead to commit, data and run; a receipt of the build on the tagged commit, with the facts `image` "
        "(digest) and `model`, says that this image holds this model"
    )
    fix = (
        "goldenpath promote VERSION prod, which writes digest and model version; goldenpath record TR-14 -- goldenpath "
        "image build --push at the tag"
    )
    effort = Effort.DAYS
    sources = ("SLSA v1.0 Provenance", "EU AI Act Article 12", "Microsoft MLOps maturity model, level 3")
    requires = ("TR-09",)
    gaming = "A model version written beside an image that holds another: the receipt of the build names both."
    is_anchor = True

    @staticmethod
    def check(product: Product) -> Verdict:
        found = _production(product)
        if isinstance(found, Verdict):
            return found
        if len(found.models) != 1:
            words = f"names {', '.join(found.models) or 'no model version'}, want one name@vX.Y.Z"
            return failed("production does not say which model it runs", Evidence(words, found.path))
        model = found.models[0]
        if faults := version_faults(product, model):
            return failed(f"{model} does not lead back to what made it", *faults)
        digests = {image.digest for image in found.images}
        built = _built(product, model)
        if not built:
            command = "goldenpath record TR-14 -- goldenpath image build --push"
            return failed(
                "nothing proves which model the image holds", Evidence("no receipt of a build", command=command)
            )
        if not digests & built:
            fact = Evidence(f"builds of {model} made {', '.join(sorted(built))}", found.path)
            return failed("the image that runs was not built from this model", fact)
        return passed(f"{min(digests & built)[:19]} leads to {model} and its papers", Evidence(model, found.path))


def _built(product: Product, model: str) -> set[str]:
    """The digests of images that were built from a registered model, on the commit that its tag names."""
    git = product.git
    commit = git.resolve(f"refs/tags/{model}") if git else None
    return {
        str(item.facts.get("image"))
        for item in receipts.all_of(product)[0]
        if item.id == "TR-14" and item.exit_code == 0 and item.facts.get("model") == model and item.commit == commit
        if git and item.product == product.prefix.rstrip("/") and git.tree_of(item.commit) == item.tree
    }


class TR15(Criterion):
    """What was tried must be what is released, to the byte.

    An image that is built again for production is another image: another base layer, another library, another day.
    Only the digest that ran in staging has been tried in staging.
    """

    id = "TR-15"
    title = "The same artifact moves up"
    level = 3
    part = Part.TRACEABILITY
    verify = (
        "the commit that brought each digest of production to its overlay comes after a commit that brought the same "
        "digest to the overlay of the environment before it"
    )
    fix = "goldenpath promote VERSION staging, and after it has been tried there, ENV=prod"
    effort = Effort.HOURS
    sources = ("The Twelve-Factor App: dev/prod parity", "DORA: deployment automation", "Google MLOps level 2")
    gaming = "Both environments changed in one commit: nothing was tried in between."

    @staticmethod
    def check(product: Product) -> Verdict:
        found = _production(product)
        if isinstance(found, Verdict):
            return found
        names = product.manifest.environments
        if len(names) < 2:
            return failed("there is no environment before production", Evidence("want two or more", MANIFEST))
        facts = []
        for image in found.images:
            arrived = _arrivals(product, f"{OVERLAYS}/{names[-1]}", image.digest)
            tried = _arrivals(product, f"{OVERLAYS}/{names[-2]}", image.digest)
            if not arrived:
                return unknown("the history does not show when production got its image: fetch more, or commit it")
            if not (tried and _is_after(product, arrived[0], tried[-1])):
                words = f"{image.digest[:19]} was not in {names[-2]} before"
                return failed("production runs what was not tried", Evidence(words, image.path))
            words = f"{image.digest[:19]} in {names[-2]} with {tried[-1][:9]}, here with {arrived[0][:9]}"
            facts.append(Evidence(words, image.path))
        return passed(f"production runs what {names[-2]} ran", *facts)


def _arrivals(product: Product, folder: str, digest: str) -> list[str]:
    """The commits that brought a digest to a folder or took it away, the newest first."""
    words = ("log", "--format=%H", f"-S{digest}", product.commit or "HEAD", "--", f"{product.prefix}{folder}")
    return (product.git.run(*words) or "").split() if product.git else []


def _is_after(product: Product, later: str, earlier: str) -> bool:
    git = product.git
    return git is not None and later != earlier and git.is_before(earlier, later)


class TR16(Criterion):
    """A rollback that was never tried does not exist.

    The day it is needed is the worst day to learn that the old image is gone, that the old model cannot read the new
    requests, or that nobody knows the command.
    """

    id = "TR-16"
    title = "Rollback rehearsed"
    level = 3
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a receipt of at most 90 days with the facts `from` and `to` (registered versions, the second older), "
        "`pulled` (digest of the old image) and `seconds`; both versions are tags here, the digest was once in an "
        "overlay"
    )
    fix = "goldenpath record TR-16 -- goldenpath deploy --rehearse-rollback"
    effort = Effort.HOURS
    sources = ("ML Test Score Infra 7", "Google SRE Book: release engineering", "DORA: time to restore service")
    gaming = "A drill between versions that never were, or that took no time."

    @staticmethod
    def check(product: Product) -> Verdict:
        found = receipts.find(product, "TR-16", about=("deploy/base", "compose.yaml"), days=90)
        if found.receipt is None:
            return unproved(
                "TR-16", "goldenpath deploy --rehearse-rollback", found, "no rollback was rehearsed in 90 days"
            )
        facts = found.receipt.facts
        newer, older, pulled = (str(facts.get(name) or "") for name in ("from", "to", "pulled"))
        tags = product.git.tags if product.git else ()
        if faults := [Evidence(f"{name or '(none)'} is not a tag here") for name in (newer, older) if name not in tags]:
            return failed("the drill was between versions that do not exist", *faults)
        if not _is_after(product, f"refs/tags/{newer}", f"refs/tags/{older}") or _commit(product, newer) == _commit(
            product, older
        ):
            return failed("the drill did not go back", Evidence(f"{older} is not older than {newer}"))
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", pulled) or not _arrivals(product, OVERLAYS, pulled):
            return failed(
                "the old image was not one of this product", Evidence(f"{pulled or '(none)'} was in no overlay")
            )
        seconds = as_number(facts.get("seconds"))
        if seconds is None or seconds < FASTEST:
            return failed("the drill took no time", Evidence(f"seconds: {facts.get('seconds')}"))
        words = f"{newer} to {older} in {seconds:.0f} s on {found.receipt.when[:10]}"
        return passed("a rollback was rehearsed", Evidence(words, command=found.receipt.command))


def _commit(product: Product, tag: str) -> str | None:
    return product.git.resolve(f"refs/tags/{tag}") if product.git else None


class TR17(Criterion):
    """Infrastructure that differs from its description is found out during an outage.

    What somebody changed by hand in the cluster or the cloud is lost with the next rebuild, or survives it and cannot
    be explained. A comparison that runs each week finds it while it is small.
    """

    id = "TR-17"
    title = "Infrastructure as described"
    level = 3
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "Argo CD applications heal and prune by themselves; a receipt of at most 7 days of a comparison (`terraform "
        "plan -detailed-exitcode`, `kubectl diff`, `argocd app diff`, containers held against their files of Compose) "
        "with the facts `tool` and `changes`, which is 0, and where it names its `environments`, the last one among "
        "them. Without infrastructure code and for devices only: does not apply"
    )
    fix = (
        "goldenpath record TR-17 -- goldenpath infra-diff, from where the cluster or the host can be reached; it "
        "fails on any change"
    )
    effort = Effort.DAYS
    sources = ("OpenGitOps principles v1.0.0", "NIST SP 800-53 CM-2", "Microsoft MLOps maturity model, level 3")
    gaming = (
        "A comparison that reports changes and ends well all the same, or one of the first environment only: the "
        "number must be 0, and production among what was compared."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        described = product.matching("*.tf", "Pulumi.yaml", "deploy/*.yaml", "deploy/*.yml")
        if not described:
            if product.manifest.serving and product.manifest.serving <= {"device"}:
                return not_applicable("it runs on devices, and nothing here describes infrastructure")
            return failed("no infrastructure is described", Evidence("no deploy/, no *.tf", "deploy"))
        if faults := list(_unhealed(product)):
            return failed("what differs in the cluster stays", *faults)
        found = receipts.find(product, "TR-17", about=("deploy", "infra", "terraform", "compose.yaml"), days=7)
        if found.receipt is None:
            words = "only the running infrastructure can tell; a comparison from where it can be reached makes it known"
            return unknown(words, to_record("TR-17", "goldenpath infra-diff"), *rejected(found))
        changes, tool = found.receipt.facts.get("changes"), found.receipt.facts.get("tool")
        if changes != 0 or isinstance(changes, bool) or not tool:
            return failed("the infrastructure differs", Evidence(f"{tool or 'the receipt'} counts {changes} changes"))
        compared, names = found.receipt.facts.get("environments"), product.manifest.environments
        if isinstance(compared, list) and names and names[-1] not in compared:
            return failed("production was not compared", Evidence(f"compared were {', '.join(map(str, compared))}"))
        words = f"{tool} found no difference on {found.receipt.when[:10]}"
        return passed("the infrastructure is as described", Evidence(words, described[0]))


def _unhealed(product: Product) -> Iterator[Evidence]:
    for path, content in deployments.documents(product, "deploy"):
        if content.get("kind") == "Application":
            policy = _inside(content, "spec", "syncPolicy", "automated")
            missing = [name for name in ("selfHeal", "prune") if policy.get(name) is not True]
            if missing:
                yield Evidence(f"syncPolicy.automated lacks {', '.join(missing)}", path)


def _inside(content: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """What lies under nested keys, where that holds keys and values; else nothing."""
    for key in keys:
        found = content.get(key)
        content = found if isinstance(found, dict) else {}
    return content


def _mappings(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The entries of a list that hold keys and values; none where there is no list."""
    found = content.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


class TR18(Criterion):
    """A bad model should meet one request in twenty before it meets all of them.

    No test in advance knows tomorrow's traffic. A release that starts small, watches its own figures and withdraws by
    itself turns an incident into a note in the log.
    """

    id = "TR-18"
    title = "Progressive release"
    level = 4
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a Rollout with canary steps and an analysis that exists and can fail (Argo Rollouts), or a Canary with "
        "metrics (Flagger); a receipt of at most 180 days with the facts `fault` (what was injected) and `aborted`: "
        "true. Does not apply where nobody waits for answers"
    )
    fix = "add a Rollout with its analysis to deploy/base; goldenpath record TR-18 -- COMMAND, which injects a fault"
    effort = Effort.DAYS
    sources = ("ML Test Score Infra 6", "Google SRE Workbook: canarying releases")
    gaming = "A canary without an analysis that can stop it."

    @staticmethod
    def check(product: Product) -> Verdict:
        if reason := serving.nobody_waits(product):
            return not_applicable(reason)
        documents = list(deployments.documents(product, "deploy"))
        rollouts = [item for item in documents if item[1].get("kind") in ("Rollout", "Canary")]
        if not rollouts:
            return failed("a release reaches everybody at once", Evidence("no Rollout, no Canary", "deploy"))
        stoppable = [path for path, content in rollouts if _can_stop(content, documents)]
        if not stoppable:
            return failed("nothing can stop a release", Evidence("has no analysis that can fail", rollouts[0][0]))
        found = receipts.find(product, "TR-18", about=("deploy/base",), days=180)
        if found.receipt is None:
            return unproved("TR-18", "", found, "no injected fault has stopped a release yet")
        fault, aborted = found.receipt.facts.get("fault"), found.receipt.facts.get("aborted")
        if not fault or aborted is not True:
            return failed("the injected fault did not stop the release", Evidence(f"fault {fault}, aborted {aborted}"))
        words = f"{fault} stopped the release on {found.receipt.when[:10]}"
        return passed("a release stops itself", Evidence(words, stoppable[0]))


def _can_stop(rollout: Mapping[str, Any], documents: list[tuple[str, dict[str, Any]]]) -> bool:
    if rollout.get("kind") == "Canary":
        return bool(_inside(rollout, "spec", "analysis").get("metrics"))
    canary = _inside(rollout, "spec", "strategy", "canary")
    steps = _mappings(canary, "steps")
    analyses = [_inside(step, "analysis") for step in steps] + [_inside(canary, "analysis")]
    named = {str(item.get("templateName")) for analysis in analyses for item in _mappings(analysis, "templates")}
    for _, content in documents:
        if content.get("kind") == "AnalysisTemplate" and _inside(content, "metadata").get("name") in named:
            metrics = _mappings(_inside(content, "spec"), "metrics")
            if any(metric.get("failureCondition") or metric.get("successCondition") for metric in metrics):
                return any("setWeight" in step for step in steps)
    return False


class TR19(Criterion):
    """A product that watches itself should also mend itself, within the rules that people have set.

    Drift that only writes a message waits for somebody to have time. Where it starts training, the gate judges the
    new model as it judges every other, and the release comes as a pull request, people decide and nobody toils.
    """

    id = "TR-19"
    title = "The loop closes by rule"
    level = 4
    part = Part.TRACEABILITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a workflow starts on an event (repository_dispatch) and runs the pipeline; a receipt of at most 180 days "
        "with the facts `event` (one of the workflow's types), `gate` (its verdict), `commit` (in this history, made "
        "by the run) and `pull_request` (a link)"
    )
    fix = (
        "route the drift alert to repository_dispatch in retrain.yml, and there goldenpath record TR-19 -- goldenpath "
        "retrain run"
    )
    effort = Effort.DAYS
    sources = ("Google MLOps level 2", "Microsoft MLOps maturity model, level 4")
    requires = ("TR-11",)
    gaming = "An event that no workflow listens to, or a run that left no commit."

    @staticmethod
    def check(product: Product) -> Verdict:
        listening: dict[str, str] = {}
        for workflow in product.workflows:
            event = workflow.triggers.get("repository_dispatch")
            runs = recipes.steps(product, workflow, ("repository_dispatch",))
            if isinstance(event, dict) and any(map(recipes.trains, runs)):
                types = event.get("types") or []
                listening |= dict.fromkeys([types] if isinstance(types, str) else map(str, types), workflow.path)
        if not listening:
            return elsewhere(product, "training may start") or failed(
                "no event starts training", Evidence("no repository_dispatch with types", ".github/workflows")
            )
        found = receipts.find(product, "TR-19", about=tuple(sorted({*listening.values()})), days=180)
        if found.receipt is None:
            return unproved("TR-19", "goldenpath retrain run", found, "the loop was not seen to close")
        facts = found.receipt.facts
        event = str(facts.get("event") or "")
        if event not in listening:
            fact = Evidence(f"{event or '(none)'}, listened to are {', '.join(sorted(listening))}")
            return failed("no workflow listens to the event of the receipt", fact)
        if not facts.get("gate") or not str(facts.get("pull_request") or "").startswith("https://"):
            return failed("the loop did not end in a judged pull request", Evidence("want `gate` and `pull_request`"))
        commit = str(facts.get("commit") or "")
        known = product.git.resolve(commit) if product.git and commit else None
        if known is None:
            return failed("the run left no commit", Evidence(f"{commit or '(none)'} is not in this repository"))
        words = f"{event} led to {facts['pull_request']}, gate {facts['gate']}"
        return passed("drift leads to a pull request", Evidence(words, listening[event]))
