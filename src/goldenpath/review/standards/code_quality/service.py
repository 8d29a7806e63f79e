"""The service: fast enough under load, deployed by manifests that are valid."""

from __future__ import annotations

import math

from goldenpath.review.evidence import receipts
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import compose, contract, delivery, dvc, serving
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Part, Proof
from goldenpath.review.standards.proofs import as_number, elsewhere, of_receipt, unproved
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, not_applicable, passed, unknown

LOAD_DAYS = 90
LEAST_REQUESTS = 1000
MOST_REFUSED = 0.01


class CQ14(Criterion):
    """A right answer that comes too late is a wrong one for whoever waits.

    How many requests a service takes, and how slow the slowest are, cannot be read from its code. It is measured under
    load, on the model that is deployed, before customers measure it.
    """

    id = "CQ-14"
    title = "Load test"
    level = 3
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "online products only: golden-path.yaml sets slo.latency_p95_ms; a receipt of a load test of at most "
        f"{LOAD_DAYS} days that names the model's digest: requests (≥ {LEAST_REQUESTS}), failures (≤ "
        f"{MOST_REFUSED:.0%}), p95_ms within the objective"
    )
    fix = "`goldenpath record CQ-14 --artifact models/model.onnx -- goldenpath load-test`"
    sources = ("Google SRE Book: service level objectives", "ML Test Score Monitoring 6")
    gaming = "A handful of requests to a stub: the receipt names the model's digest and enough requests."

    @staticmethod
    def check(product: Product) -> Verdict:
        web = serving.web_framework(product)
        if product.manifest.present and not product.manifest.is_online:
            if web is None:
                return not_applicable("nobody waits for an answer: the product is not served online")
            return failed(
                "the code serves requests, the manifest says it does not", Evidence(web.what, web.path, web.line)
            )
        if not product.manifest.present and web is None:
            return unknown("there is no manifest, and no code that serves", Evidence("is missing", MANIFEST))
        slo = product.mapping(MANIFEST).get("slo")
        most = slo.get("latency_p95_ms") if isinstance(slo, dict) else None
        if not isinstance(most, int | float) or not 0 < most < math.inf:
            return failed(
                "no objective says how long an answer may take",
                Evidence("lacks slo.latency_p95_ms", MANIFEST),
            )
        found = receipts.find(product, CQ14.id, ("src", "models", "requirements"), LOAD_DAYS)
        if found.receipt is None:
            return unproved("CQ-14", "goldenpath load-test", found, "no receipt proves it for this code")
        facts, ran = found.receipt.facts, of_receipt(found.receipt)
        requests, refused, p95 = (as_number(facts.get(key)) for key in ("requests", "failures", "p95_ms"))
        if requests is None or refused is None or p95 is None or refused < 0 or p95 <= 0:
            return failed("the receipt lacks requests, failures or p95_ms", ran)
        if not _names_model(product, found.receipt):
            return failed("the receipt does not say which model was under load", ran)
        if requests < LEAST_REQUESTS or refused > requests * MOST_REFUSED or p95 > most:
            words = (
                f"{requests:g} requests, {refused:g} failed, p95 {p95:g} ms; want {LEAST_REQUESTS}, 1 % and {most} ms"
            )
            return failed(words, ran)
        return passed(f"p95 {p95:g} ms of {most} ms over {requests:g} requests", ran)


def _names_model(product: Product, receipt: Receipt) -> bool:
    """Whether a receipt names the model that is here by its digest."""
    signed = contract.signature(product).model_sha256
    if signed:
        return signed in receipt.artifacts.values()
    # Without a signature, a file that is here was compared when the receipt was looked for.
    return any(dvc.is_model(path) and product.tree.size(path) is not None for path in receipt.artifacts)


class CQ15(Criterion):
    """A typing error in a manifest is found by the cluster, at the moment when it hurts most.

    Schemas of what is deployed are public, so a machine can hold every manifest against them before it is merged.
    """

    id = "CQ-15"
    title = "Deployment validated"
    level = 3
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "every manifest under deploy/ parses and has apiVersion, kind and a name, every file that a kustomization "
        "names is there, and every service of Compose has an image; there is an overlay for each environment of "
        "golden-path.yaml; a pull request runs a validator of what is there, manifests or files of Compose; a receipt "
        "of it with `objects`, no fewer than the manifests and services that lie here"
    )
    fix = (
        "`goldenpath record CQ-15 -- goldenpath gate deploy`, and the same target on pull requests; of another "
        "validator the number is a fact: --fact objects=N"
    )
    sources = (
        "Kubernetes documentation: configuration best practices",
        "Compose Specification",
        "OpenGitOps principles",
        "Google MLOps levels: level 2",
    )
    gaming = (
        "A validator run over nothing: the receipt must count at least what lies here. A validator of manifests where "
        "there are none: files of Compose need one that reads them."
    )
    rendered = ("deploy/", "compose.yaml")

    @staticmethod
    def check(product: Product) -> Verdict:
        environments = product.manifest.environments
        paths = product.matching(*delivery.FILES)
        if not paths:
            if product.manifest.present and not environments and not serving.web_framework(product):
                return not_applicable("the product is deployed nowhere, by its manifest and its code")
            return failed("there is no configuration of a deployment", Evidence("is missing", "deploy/"))
        objects, broken = delivery.manifests(product)
        services, lacking = delivery.services(product)
        faults = [Evidence(fault.text, fault.path) for fault in (*broken, *lacking)]
        faults += [
            Evidence(f"no overlay for {name}", f"deploy/overlays/{name}")
            for name in environments
            if any("/overlays/" in path for path in paths) and not any(f"/overlays/{name}/" in path for path in paths)
        ]
        if faults:
            return failed(f"{len(faults)} manifests cannot be applied", *faults[:5])
        is_code = any(path.endswith(".tf") for path in paths)
        if not objects and not services and not is_code:
            return failed("the files under deploy/ hold no object", Evidence(f"{len(paths)} files", paths[0]))
        asked = {"the manifests": delivery.validation(product)} if objects or is_code else {}
        if services:
            asked["the files of Compose"] = delivery.validation_of_services(product)
        if left := [name for name, command in asked.items() if command is None]:
            return elsewhere(product, f"{left[0]} may be validated") or failed(
                f"no pull request validates {left[0]}", Evidence("want a validator", ".github/workflows")
            )
        found = receipts.find(product, CQ15.id, ("deploy", "charts", "terraform", *compose.NAMES))
        if found.receipt is None:
            return unproved("CQ-15", "goldenpath gate deploy", found, "no receipt proves it for this code")
        counted = found.receipt.facts.get("objects")
        if not isinstance(counted, int) or counted < max(1, objects + services):
            return failed(f"{counted} objects were validated, {objects + services} are here", of_receipt(found.receipt))
        facts = [Evidence(f"runs `{item.text}`", item.path, item.line) for item in asked.values() if item]
        return passed(f"{counted} objects are valid", of_receipt(found.receipt), *facts)
