"""Alerts: that they fire when they should, and that somebody hears them."""

from __future__ import annotations

import math
import re

from goldenpath.review.evidence import receipts
from goldenpath.review.product import prometheus, runbooks
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Part, Proof
from goldenpath.review.standards.monitoring.facts import PLACEHOLDER, RULES
from goldenpath.review.standards.proofs import as_mapping, as_moment, as_number, attestation, of_receipt, unproved
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed


class MON02(Criterion):
    """Users should not be the ones who tell the team that the service is down.

    Alerts that were never seen firing do not fire when it counts, and an alert that names no owner and no runbook only
    wakes somebody up. The service-level objectives say how much failure is agreed on, so that alerts mean something.
    """

    id = "MON-02"
    title = "Health alerts and objectives, tested"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "every alert in monitoring/prometheus/ has a severity, an owner whom CODEOWNERS names, and a runbook that "
        "exists; every objective of golden-path.yaml (slo: name and number) has an alert labelled `slo` whose "
        "expression holds the number or what it leaves to 1; every alert fires in a rule test, of the product or, for "
        "rules that the pinned library rendered, of the library; a receipt of `promtool check rules` and `promtool "
        "test rules` tells tests and failures (facts: tests, failures)"
    )
    fix = "edit monitoring/settings.yaml, then goldenpath record MON-02 -- goldenpath alerts check"
    sources = ("ML Test Score Monitor 6", "Google SRE Workbook, Alerting on SLOs", "Microsoft MLOps maturity model")
    gaming = (
        "Tests that only expect silence: every alert must be expected to fire once. A rendered rule edited by hand: "
        "its digest is another."
    )
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        rules = prometheus.read(product)
        if not rules.alerts:
            return failed("there is no alert", Evidence("no rule files with alerts", RULES))
        for alert in rules.alerts:
            if fault := _alert_fault(product, alert):
                return failed(f"{alert.name} {fault}", Evidence(fault, alert.path, alert.line))
        if fault := _objective_fault(product, rules):
            return failed(fault, Evidence("slo: objectives by name", MANIFEST, product.line_of(MANIFEST, r"^slo\b")))
        silent = [alert for alert in rules.alerts if alert.name not in rules.fires]
        if silent:
            facts = [Evidence(f"no test makes {alert.name} fire", alert.path, alert.line) for alert in silent]
            return failed(f"{len(silent)} of {len(rules.alerts)} alerts were never seen firing", *facts)
        found = receipts.find(product, "MON-02", about=(RULES,))
        if found.receipt is None:
            return unproved("MON-02", "goldenpath alerts check", found)
        facts_of = found.receipt.facts
        tests, failures = as_number(facts_of.get("tests")), as_number(facts_of.get("failures"))
        if failures != 0 or tests is None or tests < max(1, len(rules.tests)):
            told = ", ".join(f"{key} {facts_of.get(key)}" for key in ("tests", "failures"))
            words = f"the receipt tells {told}, want at least {len(rules.tests)} and none"
            return failed(words, of_receipt(found.receipt))
        return passed(
            f"{len(rules.alerts)} alerts, each seen firing",
            Evidence("rules", rules.files[0]),
            of_receipt(found.receipt),
        )


class MON09(Criterion):
    """An alert that reaches nobody is worse than none, because everybody relies on it.

    Addresses change, tokens expire, people leave. Only a page that somebody answered proves the way from the rule to a
    person, and only for a while.
    """

    id = "MON-09"
    title = "An alert reaches a person"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "every receiver that monitoring/alertmanager/ routes to has a channel that is filled in; a receipt of the last "
        "90 days tells a test page and who acknowledged it (facts: receiver, sent, acknowledged, by), or the lead of "
        "those on call attests it for at most 90 days"
    )
    fix = "send a test page; goldenpath record MON-09 -- COMMAND tells who answered, or goldenpath attest MON-09"
    sources = ("Google SRE Book, Being On-Call", "NIST AI RMF Manage 4.1")
    gaming = "A receiver without a channel, or one that was never filled in: both are refused."
    attestable = 90

    @staticmethod
    def check(product: Product) -> Verdict:
        receivers = prometheus.receivers(product)
        path = next(iter(product.matching(*prometheus.ALERTMANAGER)), "monitoring/alertmanager/")
        if not receivers:
            return failed("alerts lead nowhere", Evidence("no route with a receiver", path))
        if dead := [name for name, channels in receivers.items() if not channels]:
            line = product.line_of(path, rf"name:\s*['\"]?{re.escape(dead[0])}\b")
            return failed(f"receiver {dead[0]} has no channel", Evidence("drops what it gets", path, line))
        line = product.line_of(path, PLACEHOLDER.pattern)
        if line is not None:
            return failed("the channel was never filled in", Evidence("still the template's words", path, line))
        found = receipts.find(product, "MON-09", about=("monitoring/alertmanager",), days=90)
        if found.receipt is None:
            return attestation(product, "MON-09", 90) or unproved("MON-09", "", found)
        facts = found.receipt.facts
        sent, seen = as_moment(facts.get("sent")), as_moment(facts.get("acknowledged"))
        if (
            str(facts.get("receiver")) not in receivers
            or not facts.get("by")
            or sent is None
            or seen is None
            or seen < sent
        ):
            words = f"the page to {facts.get('receiver')} was not acknowledged by anybody after it was sent"
            return failed(words, of_receipt(found.receipt))
        return passed(
            f"{facts['by']} acknowledged a test page", Evidence("the way there", path), of_receipt(found.receipt)
        )


def _alert_fault(product: Product, alert: prometheus.Alert) -> str:
    """What an alert lacks for the person whom it calls; empty where it lacks nothing."""
    if not alert.labels.get("severity"):
        return "has no severity"
    owner = alert.labels.get("owner") or alert.labels.get("team") or ""
    if not owner or not {owner, f"@{owner}"} & product.owners.everyone:
        return f"is owned by {owner or 'nobody'}, whom CODEOWNERS does not name" if owner else "has no owner"
    url = alert.annotations.get("runbook_url") or ""
    if not url or not runbooks.page(product, url)[1].strip():
        return f"has no runbook: {url or 'no runbook_url'} leads to no page of the product or its library"
    return ""


def _objective_fault(product: Product, rules: prometheus.Rules) -> str:
    """What is wrong with the service-level objectives; empty where each has its alert."""
    objectives = as_mapping(product.mapping(MANIFEST).get("slo"))
    if not objectives:
        return "no service-level objective is declared"
    for name, value in objectives.items():
        target = as_number(value)
        if target is None:
            return f"the objective {name} is no number"
        expressions = [alert.expression for alert in rules.alerts if alert.labels.get("slo") == str(name)]
        expressions += [
            rules.records[read] for text in expressions for read in prometheus.metrics_of(text) if read in rules.records
        ]
        numbers = [
            float(text)
            for expression in expressions
            for text in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", expression)
        ]
        if not any(math.isclose(number, wanted, abs_tol=1e-9) for number in numbers for wanted in (target, 1 - target)):
            return f"no alert guards the objective {name}: {target:g}"
    return ""
