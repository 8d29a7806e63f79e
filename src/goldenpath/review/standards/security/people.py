"""What concerns people: their data, who may ask the model, and whom it treats worse."""

from __future__ import annotations

import re
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.product import contract, dvc, serving
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_mapping, as_mappings, as_number, of_receipt, unproved, with_signature
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, not_applicable, passed, unknown

CONTRACT = "contract.yaml"
SIGNATURE = "models/signature.json"
CLASSES = ("public", "internal", "confidential", "restricted")
PERSONAL = re.compile(
    r"(?:^|_)(?:e_?mail|phone|mobile|surname|(?:first|last|full|family|given|maiden)_?name|ssn|passport|iban|"
    r"date_of_birth|birth_?da(?:te|y)|dob|(?:home|street|postal)_address|ip_address|credit_card)(?:$|_)"
)
ANNEX_IV = (
    "general description",
    "development",
    "control",
    "performance metrics",
    "risk management",
    "changes",
    "standards",
    "declaration of conformity",
    "post-market monitoring",
)
"""The nine points of Annex IV of the EU AI Act, each the words that a heading must hold."""
FEWEST_WORDS = 20


class SEC04(Criterion):
    """Data about people may be used for what it was given for, and for no longer than needed.

    Whoever trains on it must be able to say which columns are personal, why each is needed, how long it is kept and who
    may see it. That is asked by law, and by the first customer who wants an answer.
    """

    id = "SEC-04"
    title = "Data rights and privacy"
    level = 2
    part = Part.SECURITY
    verify = (
        "every column of contract.yaml has a classification; no column with the name of personal data is below "
        "confidential; where a column is confidential or restricted, the contract has description: purpose, "
        "slaProperties: retention and roles with their access, and no such column is a model input without a reason "
        "(customProperties: purpose); every input of models/signature.json is in the contract. At criticality high, an "
        "attestation of the data protection officer for at most 365 days"
    )
    fix = "edit contract.yaml: classification, slaProperties: retention, roles"
    effort = Effort.MINUTES
    sources = ("ML Test Score Data 5", "EU AI Act Article 10", "GDPR Articles 5 and 30")
    gaming = "Personal columns declared public: their names give them away."
    attestable = 365

    @staticmethod
    def check(product: Product) -> Verdict:
        agreed = product.mapping(CONTRACT)
        columns = [item for table in as_mappings(agreed.get("schema")) for item in as_mappings(table.get("properties"))]
        if not columns:
            return failed("no contract says what the data is", Evidence("no columns", CONTRACT))
        by_name = {str(item.get("name")): item for item in columns}
        inputs = [str(item.get("name")) for item in as_mappings(as_mapping(product.json(SIGNATURE)).get("inputs"))]
        if strangers := [name for name in inputs if name not in by_name]:
            return failed(
                f"the model takes {', '.join(strangers)}, which no contract names", Evidence("inputs", SIGNATURE)
            )
        for name, item in by_name.items():
            if lack := _classification_fault(name, item.get("classification")):
                line = product.line_of(CONTRACT, rf"name:\s*['\"]?{re.escape(name)}\b")
                return failed(lack, Evidence(f"want one of {', '.join(CLASSES)}", CONTRACT, line))
        sensitive = [name for name, item in by_name.items() if item["classification"] in ("confidential", "restricted")]
        if sensitive and (fault := _privacy_fault(agreed, by_name, [name for name in inputs if name in sensitive])):
            return failed(fault, Evidence(f"holds {', '.join(sensitive)}", CONTRACT))
        fact = Evidence(f"{len(columns)} columns classified, {len(sensitive)} of them sensitive", CONTRACT)
        if product.manifest.criticality == "high":
            what = "that the data protection officer agrees"
            return with_signature(product, "SEC-04", 365, what, passed(fact.text, fact))
        return passed(fact.text, fact)


class SEC07(Criterion):
    """A model that anybody may ask can be copied by asking often enough, and gives away what it learned from.

    It also costs money with every answer. Only the service's own refusal of a call without credentials proves that the
    door is shut, and only its answer to one with credentials proves that there is a door.
    """

    id = "SEC-07"
    title = "Endpoints ask who is there"
    level = 3
    part = Part.SECURITY
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt of calls to the running service (facts: calls, each with path, credentials: none or valid, status) "
        "tells 401 or 403 without credentials for every route that the code or the pinned library declares, health and "
        "metrics left out, and 2xx with credentials for at least one; no change since to the packages or requirements/"
    )
    fix = "goldenpath record SEC-07 -- goldenpath service-check"
    sources = ("OWASP API Security Top 10 API2", "OWASP Machine Learning Security Top 10 ML05", "NIST AI 100-2")
    gaming = (
        "A service that refuses everybody, or one open route beside a shut one: every route is called, one must "
        "answer. A call to the service of an earlier library: the receipt dies with a change of the locks."
    )
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        if reason := serving.nobody_waits(product):
            line = product.line_of(MANIFEST, r"^serving\b")
            return not_applicable(reason, Evidence("serving modes", MANIFEST, line))
        routes = serving.routes(product)
        if not routes:
            return failed("no route is found in the code", Evidence("want routes with literal paths", MANIFEST))
        found = receipts.find(product, "SEC-07", about=(*product.python.packages, "requirements"))
        if found.receipt is None:
            return unproved("SEC-07", "goldenpath service-check", found)
        calls = as_mappings(found.receipt.facts.get("calls"))
        answers = [(call.get("path"), call.get("credentials"), as_number(call.get("status"))) for call in calls]
        for route in routes:
            statuses = {status for path, given, status in answers if path == route.what and given == "none"}
            if not statuses or not statuses <= {401, 403}:
                told = ", ".join(f"{status:g}" for status in statuses if status is not None) or "nothing"
                words = f"{route.what} answers {told} to a call without credentials"
                return failed(words, Evidence(route.what, route.path, route.line), of_receipt(found.receipt))
        if not any(given == "valid" and status is not None and 200 <= status < 300 for _, given, status in answers):
            return failed("no call with credentials is answered", of_receipt(found.receipt))
        return passed(f"{len(routes)} routes refuse a call without credentials", of_receipt(found.receipt))


class SEC08(Criterion):
    """A model that decides about people can be right on average and wrong for one group of them.

    Where a mistake weighs much, no group may fare worse than another by more than was agreed on, and the technical file
    must let an outsider follow how the model came about, what it can do and what watches it.
    """

    id = "SEC-08"
    title = "Fairness and technical file"
    level = 3
    part = Part.SECURITY
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        "asked at criticality high, or where contract.yaml has a column of role protected: params.yaml has gates: "
        "fairness: a metric and the largest gap, and no two groups of a protected column in reports/segments.json, as "
        "dvc.yaml's stages wrote it, lie further apart; at criticality high also docs/technical-file.md has the nine "
        "points of Annex IV, none below 20 words of its own, and a reviewer attests it for at most 365 days"
    )
    fix = "set gates: fairness: in params.yaml, write docs/technical-file.md, then goldenpath attest SEC-08"
    effort = Effort.DAYS
    sources = ("EU AI Act Annex IV", "ML Test Score Model 7", "NIST AI RMF Measure 2.11")
    gaming = (
        "Criticality set low, sections of blanks or of one sentence repeated: protected columns and words are counted."
    )
    attestable = 365

    @staticmethod
    def check(product: Product) -> Verdict:
        is_high = product.manifest.criticality == "high"
        protected = _protected(product)
        if not is_high and not protected:
            if not product.manifest.present or CONTRACT not in product.paths:
                lacking = CONTRACT if product.manifest.present else MANIFEST
                return unknown(
                    f"without {lacking} nobody can say whom a mistake concerns", Evidence("is missing", lacking)
                )
            line = product.line_of(MANIFEST, r"\bcriticality\b")
            words = f"criticality is {product.manifest.criticality}, and no column is protected"
            return not_applicable(words, Evidence(words, MANIFEST, line), Evidence("roles", CONTRACT))
        if fault := _fairness_fault(product, protected):
            return failed(fault.text, fault)
        fact = Evidence(
            f"the groups of {', '.join(protected) or 'no column'} are treated alike", "reports/segments.json"
        )
        if not is_high:
            return passed(fact.text, fact)
        if fault := _technical_fault(product):
            return failed(fault.text, fault)
        return with_signature(product, "SEC-08", 365, "that the technical file was reviewed", passed(fact.text, fact))


def _classification_fault(name: str, level: object) -> str:
    """What is wrong with a column's classification; empty where nothing is."""
    if level not in CLASSES:
        return f"{name} is not classified"
    is_open = level in ("public", "internal") and PERSONAL.search(name.lower())
    return f"{name} looks personal and is {level}: want confidential" if is_open else ""


def _privacy_fault(agreed: dict[str, Any], columns: dict[str, dict[str, Any]], learned: list[str]) -> str:
    """What a contract with sensitive columns lacks; empty where it lacks nothing."""
    if not as_mapping(agreed.get("description")).get("purpose"):
        return "nothing says what the personal data may be used for: description: purpose"
    if not any(
        item.get("property") == "retention" and item.get("value") for item in as_mappings(agreed.get("slaProperties"))
    ):
        return "nothing says how long the personal data is kept: slaProperties: retention"
    if not any(item.get("role") and item.get("access") for item in as_mappings(agreed.get("roles"))):
        return "nothing says who may see the personal data: roles with access"
    for name in learned:
        custom = as_mappings(columns[name].get("customProperties"))
        if not any(item.get("property") == "purpose" and item.get("value") for item in custom):
            return f"the model learns from {name}, and nothing says why: customProperties: purpose"
    return ""


def _protected(product: Product) -> list[str]:
    """Columns of the role protected."""
    return [column.name for column in contract.read(product).having("protected")]


def _fairness_fault(product: Product, protected: list[str]) -> Evidence | None:
    """The groups that lie too far apart, or what is missing to tell."""
    path = "reports/segments.json"
    gaps = as_mapping(as_mapping(product.mapping("params.yaml").get("gates")).get("fairness"))
    limits = {str(metric): limit for metric, raw in gaps.items() if (limit := as_number(raw)) is not None}
    if not limits:
        return Evidence("params.yaml has no gates: fairness: metric and largest gap", "params.yaml")
    if not any(path in stage.outs for stage in product.pipeline):
        return Evidence("no stage of dvc.yaml writes reports/segments.json", path)
    if fault := dvc.not_as_written(product, product.pipeline, path):
        return Evidence(fault, path, command="make run")
    if not protected:
        return Evidence("no column is protected: nobody has said which groups may be treated worse", CONTRACT)
    groups = as_mappings(product.json(path))
    for column in protected:
        for metric, limit in limits.items():
            found = {
                str(item.get("group")): as_number(as_mapping(item.get("metrics")).get(metric))
                for item in groups
                if item.get("column") == column
            }
            values = {group: value for group, value in found.items() if value is not None}
            if not values or len(values) < len(found):
                unjudged = ", ".join(sorted(found.keys() - values.keys())) or "no group"
                return Evidence(f"{column}: {unjudged} has no {metric}", path)
            low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
            if values[high] - values[low] > limit:
                words = f"{metric} is {values[low]:g} for {low} and {values[high]:g} for {high}"
                return Evidence(f"{column}: {words}, want a gap of {limit:g} or less", path)
    return None


def _technical_fault(product: Product) -> Evidence | None:
    """The point of Annex IV that the technical file lacks."""
    path = "docs/technical-file.md"
    text = product.text(path)
    if text is None:
        return Evidence("there is no technical file", path)
    sections = [
        (title.strip().lower(), frozenset(re.findall(r"[^\W\d_]{3,}", body.lower())))
        for title, body in re.findall(r"^##\s+([^\n]+)\n(.*?)(?=^##\s|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    ]
    seen: set[frozenset[str]] = set()
    for point in ANNEX_IV:
        words = next((found for title, found in sections if point in title), frozenset())
        if len(words) < FEWEST_WORDS or words in seen:
            return Evidence(f"the point '{point}' of Annex IV is empty or says what another says", path)
        seen.add(words)
    return None
