"""Between the code and production: dependencies, workflows, and what proves where an image came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import audit, deployments, library, workflows
from goldenpath.review.product.deployments import NOTHING, OVERLAYS
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_mapping, as_mappings, elsewhere, of_receipt, rejected, unproved
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

SIGNATURE = "models/signature.json"
LOCK = "requirements/serve.txt"
"""What the image installs."""
MODEL_COMPONENT = "machine-learning-model"
"""How CycloneDX calls a model."""
WORKFLOWS = (".github/workflows/*.yml", ".github/workflows/*.yaml")
ACTIONS = (".github/actions/*/action.yml", ".github/actions/*/action.yaml", "action.yml", "action.yaml")
PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?P<rest>.*)")
FULL_SHA = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
IMAGE_DIGEST = re.compile(r"docker://\S+@sha256:[0-9a-f]{64}")
STRANGERS_CODE = re.compile(r"pull_request\.head|github\.head_ref|refs/pull/|workflow_run\.head|\bgh\s+pr\s+checkout\b")
STRANGERS_TEXT = re.compile(
    r"\$\{\{[^}]*\bgithub\.(?:head_ref|event\.(?:(?:issue|pull_request|discussion|review|comment|review_comment)\.)+"
    r"(?:title|body|head\.ref|head\.label)|event\.head_commit\.(?:message|author\.\w+)|event\.pages)\b[^}]*\}\}"
)
"""What anybody who opens a pull request or an issue can write, put into a shell's text."""
STRANGERS_EVENTS = frozenset({"pull_request_target", "workflow_run", "issue_comment"})
"""Events whose jobs have the repository's rights although strangers can start them."""


class SEC02(Criterion):
    """Most holes in a service are in what it was built from, and are known before anybody uses them.

    New ones are published every day about packages that have not changed, so the audit must come round by itself, look
    at every lock, and stop somebody when it finds one.
    """

    id = "SEC-02"
    title = "Dependencies scanned"
    level = 1
    part = Part.SECURITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a workflow on a schedule runs `goldenpath gate deps` or `pip-audit --strict` (or osv-scanner, trivy, grype "
        "or safety, told to fail), directly or through make, at least monthly, on every file that locks packages with "
        "hashes (requirements or a tool's own), and its failure counts. Where a receipt of the last 7 days is there, "
        "it decides: no finding that is critical, or of a severity that is not told"
    )
    fix = "a workflow on a schedule that calls `goldenpath gate deps`, as in the template"
    effort = Effort.MINUTES
    sources = ("OpenSSF Scorecard Vulnerabilities", "OWASP Top 10 A06", "NIST SSDF PW.4")
    gaming = "An audit that may fail, of one lock of several, or that never comes round: each is looked for."

    @staticmethod
    def check(product: Product) -> Verdict:
        locks = audit.locks(product)
        if not locks:
            return failed(
                "no package is locked with hashes, so nothing can be audited", Evidence("want --hash=sha256:")
            )
        found = _newest_audit(product)
        ran = found.receipt or found.failed
        if ran is not None and (verdict := _critical(ran)):
            return verdict
        audits = list(audit.scheduled(product))
        faults = [Evidence(f"`{item.command.text}` {item.fault}", *_place(item)) for item in audits if item.fault]
        covered = frozenset[str]().union(*(item.locks for item in audits if not item.fault))
        if left_out := [path for path in locks if path not in covered]:
            words = "no workflow on a schedule audits the dependencies" if not audits else "not every lock is audited"
            facts = [Evidence("is audited by nothing that counts", path) for path in left_out]
            if not audits and (verdict := elsewhere(product, "the dependencies may be audited")):
                return verdict
            how = Evidence("wants a schedule", ".github/workflows", command=f"pip-audit --strict -r {left_out[0]}")
            return failed(words, *faults, *facts, how, *rejected(found))
        shown = [Evidence(f"`{item.command.text}`", *_place(item)) for item in audits if not item.fault]
        return passed(f"{len(locks)} locks are audited on a schedule", *shown[:3], *([of_receipt(ran)] if ran else []))


class SEC09(Criterion):
    """That an audit is set up does not say that it is clean, nor that it looked at what is installed.

    A known hole is the first thing that an attacker tries, because the way in is published with it. What the newest
    audit found, of exactly the versions that are pinned, is the answer to the only question that counts.
    """

    id = "SEC-09"
    title = "No known vulnerability"
    level = 3
    part = Part.SECURITY
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt of the last 7 days holds the report of `pip-audit --strict --format json` (facts: its "
        "dependencies, each with name, version and vulns); every package that the requirements files pin without a "
        "condition is in it under that version, none was skipped, and none has a known vulnerability; the library's "
        "wheel in vendor/ is held by its digest, and not asked for"
    )
    fix = "goldenpath record SEC-09 -- goldenpath gate deps; update what it names with `goldenpath lock --upgrade NAME`"
    effort = Effort.MINUTES
    sources = ("OpenSSF Scorecard Vulnerabilities", "NIST SSDF RV.1", "CISA Known Exploited Vulnerabilities")
    gaming = "An audit of nothing, or of other versions: the report is compared with every pin."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        # Registries know the library only where a company serves it; in vendor/ it is held by its digest.
        vendored = library.NAME if library.read(product).wheel else ""
        pins = {pin: place for pin, place in _pins(product).items() if pin[0] != vendored}
        if not pins and (other := audit.locks(product)):
            return unknown("the audit is compared with requirements files only", Evidence("export it", other[0]))
        if not pins:
            return failed(
                "no package is pinned, so nothing can be audited", Evidence("want name==version", "requirements/")
            )
        found = _newest_audit(product)
        ran = found.receipt or found.failed
        report = as_mappings(ran.facts.get("dependencies")) if ran else []
        holes = [(str(item.get("name")), hole) for item in report for hole in as_mappings(item.get("vulns"))]
        if holes and ran is not None:
            return failed(f"{len(holes)} known vulnerabilities", *_told(holes), of_receipt(ran))
        if found.receipt is None:
            return unproved("SEC-09", "goldenpath gate deps", found)
        audited = {
            (_normal(str(item.get("name"))), str(item.get("version"))) for item in report if "skip_reason" not in item
        }
        left_out = sorted(pin for pin in pins if pin not in audited)
        if left_out:
            (name, version), (path, line) = left_out[0], pins[left_out[0]]
            words = f"{len(left_out)} of {len(pins)} pinned packages were not audited"
            return failed(words, Evidence(f"{name} {version} was not", path, line), of_receipt(found.receipt))
        return passed(f"{len(pins)} pinned packages audited, no known vulnerability", of_receipt(found.receipt))


class SEC03(Criterion):
    """The workflows hold the keys to production, and run code that others wrote.

    A tag of an action can be moved to other code over night; a full commit id cannot. A token that may only read is
    worth little when it leaks, and code from a stranger's fork must never run with the repository's rights.
    """

    id = "SEC-03"
    title = "CI hardened"
    level = 1
    part = Part.SECURITY
    verify = (
        "every action is pinned by a full commit id, every image of a job or service by its digest; every workflow "
        "grants its jobs nothing more than reading by default; no job has write-all; no job of pull_request_target, "
        "workflow_run or issue_comment checks out the change's code; no shell step holds text that a stranger can "
        "write; composite actions included"
    )
    fix = "goldenpath fix SEC-03; where it names an action, write the commit's id behind its @"
    effort = Effort.MINUTES
    sources = ("OpenSSF Scorecard Pinned-Dependencies, Token-Permissions, Dangerous-Workflow", "SLSA v1.0 Build L2")
    gaming = "A short or tag-like id, reading by default with write-all in one job: ids are full, jobs are read too."

    @staticmethod
    def check(product: Product) -> Verdict:
        paths = product.matching(*WORKFLOWS)
        if not paths:
            return elsewhere(product, "the workflows may be") or failed(
                "there is no workflow", Evidence("nothing checks a change", ".github/workflows/")
            )
        faults = [fault for path in paths for fault in _workflow_faults(product, path)]
        for path in product.matching(*ACTIONS):
            faults += _step_faults(
                product, path, as_mappings(as_mapping(product.mapping(path).get("runs")).get("steps")), set()
            )
        if faults:
            return failed(f"{len(faults)} weak spots in the workflows", *faults[:10])
        return passed(
            f"{len(paths)} workflows pinned and with least rights", *(Evidence("checked", path) for path in paths)
        )


class SEC06(Criterion):
    """What runs in production should be what the pipeline built from reviewed code, and nothing else.

    A signature that names the building workflow proves that; a bill of materials tells within minutes whether the next
    famous hole concerns this product.
    """

    id = "SEC-06"
    title = "Provenance and bill of materials"
    level = 3
    part = Part.SECURITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a CycloneDX file (*.cdx.json) names every package that requirements/serve.txt pins without a condition, in "
        "that version, no package that it does not pin, and the model by the digest in models/signature.json and no "
        "other; a receipt of the verification of the image's signature (facts: subject, the image's digest; builder, "
        "the workflow's identity) names a workflow of this repository, and the overlay of the last environment, by "
        "Kustomize or Compose, pins that image by its digest"
    )
    fix = (
        "attest the image in .github/workflows/cd.yml, and there goldenpath record SEC-06 -- gh attestation verify "
        "oci://IMAGE --owner OWNER, with subject and builder as facts"
    )
    effort = Effort.DAYS
    sources = ("SLSA v1.0 Build L2", "OpenSSF Scorecard Signed-Releases", "CycloneDX 1.6", "NIST SSDF PS.3")
    gaming = (
        "A signature of another builder, or a bill of something else or of an earlier version: workflow, pins and "
        "model digest are compared."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        bills = product.matching("*.cdx.json")
        if not bills:
            return failed("there is no bill of materials", Evidence("want a CycloneDX file, *.cdx.json"))
        if fault := _bill_fault(product, bills):
            return failed(fault, *(Evidence("CycloneDX", path) for path in bills))
        found = receipts.find(product, "SEC-06", about=("deploy", ".github/workflows/cd.yml", LOCK))
        if found.receipt is None:
            return unproved("SEC-06", "gh attestation verify oci://IMAGE --owner OWNER", found)
        subject, builder = (str(found.receipt.facts.get(key) or "") for key in ("subject", "builder"))
        workflow = re.search(r"\.github/workflows/[\w.-]+\.ya?ml", builder)
        if workflow is None or workflow[0] not in product.paths:
            return failed(
                f"the image was built by {builder or 'nobody known'}, no workflow of ours", of_receipt(found.receipt)
            )
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", subject):
            return failed("the receipt names no image by its digest", of_receipt(found.receipt))
        production = deployments.last(product)
        deployed = [image for image in (production.images if production else ()) if image.digest not in ("", NOTHING)]
        if not deployed:
            return failed("production pins no image by its digest", Evidence("want an image's digest", OVERLAYS))
        if all(image.digest != subject for image in deployed):
            words = "what is deployed is not what was verified"
            return failed(words, Evidence(f"pins {deployed[0].digest}", deployed[0].path), of_receipt(found.receipt))
        return passed(f"built by {workflow[0]}, billed", Evidence("the bill", bills[0]), of_receipt(found.receipt))


def _newest_audit(product: Product) -> receipts.Found:
    """The newest receipt of an audit of what is pinned now, under either id; one that failed decides too."""
    homes = tuple(sorted({*audit.locks(product), *(path for path, _ in _pins(product).values())}))
    found = [receipts.find(product, name, about=homes, days=7) for name in ("SEC-09", "SEC-02")]
    return max(found, key=lambda item: ran.when if (ran := item.receipt or item.failed) else "")


def _critical(ran: Receipt) -> Verdict | None:
    """The verdict where an audit failed, unless all that it found is known to be less than critical."""
    report = as_mappings(ran.facts.get("dependencies"))
    holes = [(str(item.get("name")), hole) for item in report for hole in as_mappings(item.get("vulns"))]
    critical = [(name, hole) for name, hole in holes if str(hole.get("severity") or "critical").lower() == "critical"]
    if critical:
        return failed(
            f"{len(critical)} known vulnerabilities are or may be critical", *_told(critical), of_receipt(ran)
        )
    if ran.exit_code and not holes:
        return failed(f"the newest audit ended with exit code {ran.exit_code}", of_receipt(ran))
    return None


def _told(holes: list[tuple[str, dict[str, Any]]]) -> list[Evidence]:
    return [Evidence(f"{name}: {hole.get('id')}, mended in {hole.get('fix_versions')}") for name, hole in holes[:5]]


def _place(item: audit.Audit) -> tuple[str, int | None]:
    return item.command.path, item.command.line


@lru_cache(maxsize=16)
def _pins(product: Product) -> dict[tuple[str, str], tuple[str, int]]:
    """Where each package is pinned without a condition, by name and version."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for path in product.matching("requirements/*.txt", "requirements*.txt"):
        for number, line in enumerate((product.text(path) or "").splitlines(), start=1):
            match = PIN.match(line)
            if match and ";" not in match["rest"]:
                found.setdefault((_normal(match["name"]), match["version"]), (path, number))
    return found


def _normal(name: str) -> str:
    """A package's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _workflow_faults(product: Product, path: str) -> Iterator[Evidence]:
    raw: dict[Any, Any] = product.mapping(path)
    triggers = raw.get("on", raw.get(True)) or ()  # YAML 1.1 reads the bare word `on` as true
    events = set(map(str, triggers)) if isinstance(triggers, dict | list) else {str(triggers)}
    jobs = {str(name): as_mapping(job) for name, job in as_mapping(raw.get("jobs")).items()}
    line = product.line_of(path, r"^permissions\b")
    if "permissions" not in raw:
        open_jobs = [name for name, job in jobs.items() if "permissions" not in job]
        if open_jobs:
            yield Evidence(f"says nothing of the rights of {', '.join(open_jobs)}", path)
    elif _writes(raw["permissions"]):
        yield Evidence("grants every job the right to write", path, line)
    for name, job in jobs.items():
        if job.get("permissions") == "write-all":
            yield Evidence(
                f"grants job {name} every right", path, product.line_of(path, r"^\s+permissions:\s*write-all")
            )
        if job.get("uses"):
            yield from _pin_fault(product, path, str(job["uses"]))
        for image in workflows.images_of(job):
            if "@sha256:" not in image and "${{" not in image:
                yield Evidence(f"image {image} is not pinned by its digest", path, product.line_with(path, image))
        asks_who = "author_association" in str(job)  # a comment counts only from those whom the job names
        yield from _step_faults(
            product, path, as_mappings(job.get("steps")), events - {"issue_comment"} if asks_who else events
        )


def _step_faults(product: Product, path: str, steps: list[dict[str, Any]], events: set[str]) -> Iterator[Evidence]:
    for step in steps:
        uses, run = str(step.get("uses") or ""), str(step.get("run") or "")
        if uses:
            yield from _pin_fault(product, path, uses)
        written = str(as_mapping(step.get("with")).get("script") or "") if "github-script" in uses else run
        if match := STRANGERS_TEXT.search(written):
            line = product.line_with(path, match[0])
            yield Evidence(f"puts {match[0]} into a script: pass it through env", path, line)
        taken = run or (str(as_mapping(step.get("with"))) if "checkout" in uses else "")
        if events & STRANGERS_EVENTS and (match := STRANGERS_CODE.search(taken)):
            line = product.line_with(path, match[0])
            yield Evidence("checks out a stranger's code with the repository's rights", path, line)


def _pin_fault(product: Product, path: str, uses: str) -> Iterator[Evidence]:
    is_local = uses.startswith("./") and ".." not in uses
    if not (is_local or FULL_SHA.fullmatch(uses) or IMAGE_DIGEST.fullmatch(uses)):
        yield Evidence(f"{uses} is not pinned by a full commit id", path, product.line_with(path, uses))


def _writes(permissions: object) -> bool:
    if isinstance(permissions, dict):
        return any(value == "write" for value in permissions.values())
    return permissions not in (None, "read-all", "none")


def _bill_fault(product: Product, bills: Sequence[str]) -> str:
    """What is wrong with the bills of materials together; empty where nothing is."""
    components: list[dict[str, Any]] = []
    for path in bills:
        raw = as_mapping(product.json(path))
        if raw.get("bomFormat") != "CycloneDX":
            return f"{path} is no CycloneDX file"
        components += as_mappings(raw.get("components"))
    billed = {(_normal(str(item.get("name"))), str(item.get("version"))) for item in components if _is_package(item)}
    locked = [match for match in map(PIN.match, (product.text(LOCK) or "").splitlines()) if match]
    pins = {(_normal(match["name"]), match["version"]) for match in locked if ";" not in match["rest"]}
    lacking = sorted(f"{name} {version}" for name, version in pins - billed)
    if not pins or lacking:
        return f"the bill lacks {', '.join(lacking[:3])}" if lacking else f"{LOCK} pins nothing"
    known = {(_normal(match["name"]), match["version"]) for match in locked}
    if stale := sorted(f"{name} {version}" for name, version in billed - known):
        return f"the bill is stale: it names {', '.join(stale[:3])}, which {LOCK} does not pin"
    model = str(as_mapping(product.json(SIGNATURE)).get("model_sha256") or "")
    if not model or not any(model in _digests(item) for item in components if not _is_package(item)):
        return "the bill does not name the model by its digest"
    is_other = any(_digests(item) - {model} for item in components if item.get("type") == MODEL_COMPONENT)
    return f"the bill is stale: it names a model that {SIGNATURE} does not" if is_other else ""


def _digests(component: dict[str, Any]) -> set[str]:
    """The SHA-256 of a component of a bill."""
    entries = as_mappings(component.get("hashes"))
    return {str(entry.get("content")) for entry in entries if str(entry.get("alg") or "SHA-256") == "SHA-256"}


def _is_package(component: dict[str, Any]) -> bool:
    """Whether a component of a bill is a Python package; those of the system below are others' to pin."""
    purl = component.get("purl")
    return str(purl).startswith("pkg:pypi/") if purl else component.get("type") == "library"
