"""What the service and the batch show of themselves: metrics, delivery, and a log of predictions."""

from __future__ import annotations

import re

from goldenpath.review.evidence import receipts
from goldenpath.review.product import prometheus, serving
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Part, Proof
from goldenpath.review.standards.monitoring.facts import (
    LINEAGE,
    RULES,
    SIGNATURE,
    is_model,
    model_digest,
    model_inputs,
    service_paths,
)
from goldenpath.review.standards.proofs import as_mapping, as_number, as_texts, of_receipt, unproved
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, not_applicable, passed


class MON03(Criterion):
    """When numbers turn bad after a release, the first question is which model made them.

    A metric that carries the version answers it at once; one that does not mixes old and new for as long as both run.
    The running service must say so itself: what a code review believes to be exported often is not.
    """

    id = "MON-03"
    title = "Online metrics by model version"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt of a run that started the service, asked for predictions and scraped it (facts: predictions, "
        "metrics: the names scraped, versions: values of the label model_version); the label is the digest of the "
        "model in models/lineage.json, and every metric that an alert reads is among the names"
    )
    fix = "goldenpath record MON-03 -- goldenpath service-check"
    sources = ("ML Test Score Monitor 6", "ML Test Score Monitor 7", "OpenMetrics 1.0")
    gaming = "A list of names typed by hand: it must hold what the alerts read, under the digest of this very model."

    @staticmethod
    def check(product: Product) -> Verdict:
        if reason := serving.nobody_waits(product):
            return not_applicable(reason, _declared(product))
        found = receipts.find(product, "MON-03", about=service_paths(product))
        if found.receipt is None:
            return unproved("MON-03", "goldenpath service-check", found)
        facts, model = found.receipt.facts, model_digest(product)
        names, versions = set(as_texts(facts.get("metrics"))), as_texts(facts.get("versions"))
        if not (as_number(facts.get("predictions")) or 0) > 0 or not names:
            return failed("the run asked for no prediction or scraped nothing", of_receipt(found.receipt))
        if not is_model(model, versions):
            scraped = ", ".join(versions) or "missing"
            words = f"the scraped model_version is {scraped}, the model is {model[:12] or 'unknown'}"
            return failed(words, of_receipt(found.receipt), Evidence("the model's digest", LINEAGE))
        missing = sorted(prometheus.read(product).metrics - names - _batch_only(product))
        if missing:
            return failed(f"alerts read {', '.join(missing)}, which is not exported", Evidence("reads it", RULES))
        return passed(f"{len(names)} metrics scraped, labelled with the model that answers", of_receipt(found.receipt))


class MON04(Criterion):
    """A batch that does not run makes no error: nothing happens, and nobody hears about it.

    So its absence has to raise the alarm, and its presence has to be counted: as many answers out as rows in, less
    those that were refused and told.
    """

    id = "MON-04"
    title = "Batch delivery watched"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "an alert on a batch metric fires on absence or age (`absent(…)` or `time() - …`) in a rule test; a receipt of "
        "a batch tells rows_in, rows_out and rows_refused, which add up"
    )
    fix = "keep the dead-man rule of monitoring/prometheus/, then goldenpath record MON-04 -- goldenpath batch IN OUT"
    sources = ("ML Test Score Monitor 6", "Google SRE Book, Monitoring Distributed Systems")
    gaming = "A dead-man rule that cannot fire: a rule test must make it fire."
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        declared = product.manifest.serving
        code = next((path for path in product.python.modules if path.endswith("/batch.py")), None)
        if declared and "batch" not in declared and code is None:
            return not_applicable(
                f"it is served as {', '.join(sorted(declared))}, never in batches", _declared(product)
            )
        rules = prometheus.read(product)
        deadman = [
            alert
            for alert in rules.alerts
            if re.search(r"\babsent(?:_over_time)?\s*\(|\btime\(\)\s*-", alert.expression)
            and any("batch" in name for name in prometheus.metrics_of(alert.expression))
        ]
        if not deadman:
            return failed("no alert tells that a batch did not run", Evidence("want absent(…) or time() - …", RULES))
        alert = next((alert for alert in deadman if alert.name in rules.fires), None)
        if alert is None:
            fact = Evidence(f"no test makes {deadman[0].name} fire", deadman[0].path, deadman[0].line)
            return failed("the alert on a missing batch was never seen firing", fact)
        found = receipts.find(product, "MON-04", about=service_paths(product))
        if found.receipt is None:
            return unproved("MON-04", "goldenpath batch IN OUT", found)
        came, left, refused = (
            as_number(found.receipt.facts.get(key)) for key in ("rows_in", "rows_out", "rows_refused")
        )
        if not came or left is None or refused is None or came != left + refused:
            words = f"{came} rows came in, {left} left and {refused} were refused"
            return failed(words, of_receipt(found.receipt))
        fact = Evidence(f"{alert.name} fires when none runs", alert.path, alert.line)
        return passed(f"{left:g} of {came:g} rows delivered, the rest told", fact, of_receipt(found.receipt))


class MON05(Criterion):
    """Without the inputs, the answer and the model of each prediction, no complaint can be looked into.

    The log is also what labels are joined to when they arrive: every measure of how good the model is in production
    starts from it. A log that lacks one input cannot be replayed.
    """

    id = "MON-05"
    title = "Prediction log"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt holds one record that a prediction left in the log (facts: record with id, time, model, inputs and "
        "decision); its inputs are exactly those of models/signature.json, its model is the digest in "
        "models/lineage.json"
    )
    fix = "goldenpath record MON-05 -- goldenpath service-check"
    sources = ("ML Test Score Monitor 3", "EU AI Act Article 12", "Google MLOps levels")
    gaming = "A record made up: it must name this model's digest and every one of its inputs."

    @staticmethod
    def check(product: Product) -> Verdict:
        found = receipts.find(product, "MON-05", about=service_paths(product))
        if found.receipt is None:
            return unproved("MON-05", "goldenpath service-check", found)
        record = as_mapping(found.receipt.facts.get("record"))
        lacking = [key for key in ("id", "time", "model", "inputs", "decision") if record.get(key) in (None, "", {})]
        if lacking:
            return failed(f"the record lacks {', '.join(lacking)}", of_receipt(found.receipt))
        model, wanted = model_digest(product), model_inputs(product)
        if not is_model(model, [str(record["model"])]):
            words = f"the record is of model {str(record['model'])[:12]}, the model is {model[:12] or 'unknown'}"
            return failed(words, of_receipt(found.receipt), Evidence("the model's digest", LINEAGE))
        different = sorted(wanted ^ set(as_mapping(record["inputs"])))
        if different:
            words = f"the record and the model's inputs differ in {', '.join(different)}"
            return failed(words, of_receipt(found.receipt), Evidence("the inputs", SIGNATURE))
        return passed(f"a prediction leaves a record of all {len(wanted)} inputs", of_receipt(found.receipt))


def _declared(product: Product) -> Evidence:
    return Evidence("serving modes", MANIFEST, product.line_of(MANIFEST, r"^serving\b"))


def _batch_only(product: Product) -> set[str]:
    """Metrics that a service does not export itself: of batches, events, drift and labels, and of other exporters."""
    pushed = re.compile(r"batch|drift|^event|^realized|^(?:node|process|container|kube|go|prometheus|alertmanager)_")
    return {name for name in prometheus.read(product).metrics if pushed.search(name)}
