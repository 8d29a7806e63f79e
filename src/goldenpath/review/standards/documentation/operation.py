"""What those who call the product, and those who are called because of it, can rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from goldenpath.review.evidence import receipts
from goldenpath.review.product import contract, library, makefile, markdown, openapi, prometheus, runbooks, serving
from goldenpath.review.product.openapi import Api
from goldenpath.review.product.product import Product
from goldenpath.review.product.prometheus import Alert
from goldenpath.review.standards.criterion import Criterion, Part, Proof
from goldenpath.review.standards.proofs import with_signature
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, not_applicable, passed, unknown

API_ABOUT = ("src", "contract.yaml", "requirements/serve.txt", "docs/openapi.json")
API_MODES = frozenset({"rest"})
LEAST_STEPS = 2
LEAST_STEP_WORDS = 3
GAME_DAY_DAYS = 180


class DOC11(Criterion):
    """People build on an interface, and find out that it has changed when their own product stops.

    The interface that the code really offers is committed, so a change to it shows up in review, and one that would
    break callers is only made under a new major version.
    """

    id = "DOC-11"
    title = "API contract"
    level = 3
    part = Part.DOCUMENTATION
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "where serving names rest: docs/openapi.json offers exactly the routes of the code and takes every input of "
        "the model; nothing in it breaks callers of the last release (tag v*) unless its major version is higher; a "
        "receipt, with fact `sha256`, that the document exported from the running code is the committed one, and no "
        "change since to src, contract.yaml, the serving lock or the document. Routes of the pinned library are the "
        "code's"
    )
    fix = "commit what the code exports as docs/openapi.json; goldenpath record DOC-11 -- goldenpath openapi"
    sources = ("OpenAPI 3.1", "SemVer 2.0.0", "Microsoft MLOps maturity model, level 3")
    requires = ("DOC-01",)
    gaming = (
        "A document written by hand: routes and inputs are held against code and model, its digest against the export."
    )
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        served = serving.web_framework(product)
        if not product.manifest.serving & API_MODES:
            if served:
                fact = Evidence(f"imports {served.what}", served.path, served.line)
                return failed("the code serves requests, the manifest does not name rest", fact)
            return not_applicable("nothing is served over HTTP, by the manifest and by the code")
        api = openapi.read(product)
        if not api.path:
            return failed("the interface is not written down", Evidence("is missing", openapi.PLACES[0]))
        faults = list(_api_faults(product, api))
        if faults:
            return failed(f"the document is not that of the service: {faults[0].text}", *faults)
        found = receipts.find(product, "DOC-11", about=(*API_ABOUT, api.path))
        exported = receipts.digest(product.tree.read(api.path) or b"")
        if found.receipt is None or found.receipt.facts.get("sha256") != exported:
            words = "; ".join(found.rejected) or "no receipt tells that it is what the code exports"
            if found.receipt:
                words = "the code exports another document, by the receipt's sha256"
            return failed(
                "nobody knows whether the service offers this",
                Evidence(words, api.path, command="goldenpath record DOC-11 -- goldenpath openapi"),
            )
        return _unbroken(product, api)


class DOC12(Criterion):
    """An alert wakes somebody who may never have seen the product, and who needs to know what to do next, not why.

    Every alert leads to a page with steps that name it. Whether they can be followed at three in the morning is only
    known once somebody has followed them by day.
    """

    id = "DOC-12"
    title = "Runbook for every alert"
    level = 3
    part = Part.DOCUMENTATION
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        "the runbook_url of every alert under monitoring/prometheus resolves to a heading of a file in the "
        f"repository, or of the pinned library; under it the alert is named, and at least {LEAST_STEPS} numbered steps "
        "follow, not all of them those of another alert; make targets and verbs that they name exist; a game day is "
        f"signed for at most {GAME_DAY_DAYS} days"
    )
    fix = "write monitoring/runbooks/, hold a game day, then `goldenpath attest DOC-12`"
    sources = ("Site Reliability Engineering (Google), chapter 11", "ML Test Score Monitor 1", "NIST AI RMF Manage 4.1")
    gaming = (
        "One page for all alerts, or headings with nothing under them: each alert is named under its own heading, with "
        "steps of its own."
    )
    attestable = GAME_DAY_DAYS
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        alerts = prometheus.read(product).alerts
        if not alerts:
            return failed("there are no alerts that a runbook could be for", Evidence("no rules", prometheus.FOLDER))
        targets = makefile.read(product).needs
        faults: list[Evidence] = []
        facts: list[Evidence] = []
        seen: dict[tuple[str, ...], str] = {}
        for alert in alerts:
            section = _runbook(product, alert)
            if isinstance(section, Evidence):
                faults.append(section)
                continue
            document, heading = section
            text = document.whole(heading)
            steps = tuple(step for step in markdown.steps(text) if len(step.split()) >= LEAST_STEP_WORDS)
            if alert.name not in f"{heading.title}\n{text}":
                faults.append(Evidence(f"does not name {alert.name}, which leads there", document.path, heading.line))
            elif len(steps) < LEAST_STEPS or markdown.PLACEHOLDER.search(text):
                words = f"{len(steps)} steps for {alert.name}, want {LEAST_STEPS}"
                faults.append(Evidence(words, document.path, heading.line))
            elif steps in seen:
                faults.append(Evidence(f"{alert.name} has the steps of {seen[steps]}", document.path, heading.line))
            elif lost := _lost_targets(text, targets):
                faults.append(Evidence(f"there is no `make {lost}`", document.path, heading.line))
            elif lost := _lost_verb(product, text):
                faults.append(Evidence(f"there is no `goldenpath {lost}`", document.path, heading.line))
            else:
                facts.append(Evidence(f"{len(steps)} steps for {alert.name}", document.path, heading.line))
            seen.setdefault(steps, alert.name)
        if faults:
            return failed(f"not every alert tells what to do: {faults[0].text}", *faults)
        found = passed(f"{len(alerts)} alerts, each with its steps", *facts)
        return with_signature(product, "DOC-12", GAME_DAY_DAYS, "a game day on which the steps were followed", found)


def _api_faults(product: Product, api: Api) -> Iterator[Evidence]:
    routes = serving.routes(product)
    offered = api.paths - serving.OPERATIONS
    for route in routes:
        if not any(path.endswith(route.what) for path in offered):
            yield Evidence(f"{route.what} is not in {api.path}", route.path, route.line)
    for path in sorted(offered):
        if not any(path.endswith(route.what) for route in routes):
            yield Evidence(f"{path} is no route of the code", api.path, product.line_with(api.path, path))
    taken = {name.rpartition(".")[2] for operation in api.operations.values() for name in operation.takes}
    made = contract.signature(product)
    if not made:
        yield Evidence("is missing, so what the service must take is not known", contract.SIGNATURE)
    for name, _ in made.inputs:
        if name not in taken:
            yield Evidence(f"does not take the model's input {name}", api.path)


def _unbroken(product: Product, api: Api) -> Verdict:
    """Held against the last release: what breaks callers needs a higher major version."""
    git = product.git
    words = ("describe", "--tags", "--abbrev=0", f"--match={product.prefix}v[0-9]*", str(product.commit))
    tag = (git.run(*words) or "").strip() if git else ""
    if git is None or not tag:
        if git is not None and git.is_shallow:
            fact = Evidence("the clone is shallow", api.path, command="git fetch --unshallow --tags")
            return unknown("whether callers of the last release still work cannot be told here", fact)
        return passed("the committed interface is the exported one", Evidence("nothing was released before", api.path))
    before = git.objects.read(f"{tag}:{product.prefix}{api.path}")
    if before is not None:
        then = openapi.parse(api.path, before.decode("utf-8", "replace"))
        broken = [Evidence(f"{fault} (since {tag})", api.path) for fault in openapi.breaks(then, api)]
        if broken and api.major == then.major:
            return failed(f"callers of {tag} break under the same major version: {broken[0].text}", *broken)
    return passed("the committed interface is the exported one", Evidence(f"nothing breaks callers of {tag}", api.path))


def _runbook(product: Product, alert: Alert) -> tuple[markdown.Document, markdown.Section] | Evidence:
    """The section that an alert leads to, or what is wrong with the way there."""
    url = alert.annotations.get("runbook_url", "")
    if not url:
        return Evidence(f"{alert.name} has no runbook_url", alert.path, alert.line)
    path, text = runbooks.page(product, url)
    if not path:
        return Evidence(f"{alert.name} leads to {url}, and no such file is here", alert.path, alert.line)
    document = markdown.parse(path, text)
    anchor = unquote(urlsplit(url).fragment)
    for section in document:
        if section.depth and (section.anchor == anchor or not anchor):
            return document, section
    return Evidence(f"{alert.name} leads to {path}#{anchor}, and there is no such heading", alert.path, alert.line)


def _lost_targets(text: str, targets: Mapping[str, object]) -> str:
    named = re.findall(r"`make ([a-z][\w-]*)|^\s*(?:\$ )?make ([a-z][\w-]*)", text, flags=re.MULTILINE)
    return next((name for pair in named for name in pair if name and name not in targets), "")


def _lost_verb(product: Product, text: str) -> str:
    """The first verb in a runbook that the pinned library does not have; empty where it has all, or is not here."""
    pinned = library.read(product)
    if not pinned.wheel:
        return ""
    named = re.findall(r"`goldenpath ([a-z][\w-]*)|^\s*(?:\$ )?goldenpath ([a-z][\w-]*)", text, flags=re.MULTILINE)
    return next((verb for pair in named for verb in pair if verb and not pinned.has_verb(verb)), "")
