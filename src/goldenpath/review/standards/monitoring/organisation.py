"""What a platform adds for all products alike: one catalogue, live figures, experiments, reviews, learning."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.monitoring.facts import LINEAGE, VERSION, is_model, model_digest, read_mapping
from goldenpath.review.standards.proofs import (
    as_day,
    as_mapping,
    as_moment,
    as_number,
    of_receipt,
    rejected,
    unproved,
    with_signature,
)
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

FEWEST_UNITS = 20
BUCKETS = 10_000


class MON12(Criterion):
    """At the highest level nobody has to know where a product's dashboards are: one place shows them all.

    Only that place can say whether it hears from the product, and only its last sample says whether it still does.
    """

    id = "MON-12"
    title = "Centrally monitored"
    level = 4
    part = Part.MONITORING
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt of the last 24 hours, written by the central catalogue's job, names the catalogue, the product and "
        "its last sample (facts: catalogue, product, last_sample), which is at most 24 hours old"
    )
    fix = "let the central catalogue's job run goldenpath record MON-12 with what it heard"
    effort = Effort.DAYS
    sources = ("Microsoft MLOps maturity model", "NIST AI RMF Govern 1.6")
    gaming = "An old sample, or another product's: name and time are compared."
    is_anchor = True

    @staticmethod
    def check(product: Product) -> Verdict:
        found = receipts.find(product, "MON-12", about=(MANIFEST, "monitoring"), days=1)
        if found.receipt is None:
            hint = Evidence("the catalogue's job records it", command="goldenpath record MON-12 -- COMMAND")
            return unknown(
                "only the central catalogue can say whether it hears from the product", hint, *rejected(found)
            )
        facts, fact = found.receipt.facts, of_receipt(found.receipt)
        sample = as_moment(facts.get("last_sample"))
        if not facts.get("catalogue") or facts.get("product") != product.manifest.name or not product.manifest.name:
            return failed(f"the catalogue speaks of {facts.get('product')}, not of {product.manifest.name}", fact)
        if sample is None or not timedelta(minutes=-5) <= product.now - sample <= timedelta(days=1):
            return failed(f"the last sample is of {facts.get('last_sample')}", fact)
        return passed(f"{facts['catalogue']} heard from it at {facts['last_sample']}", fact)


class MON13(Criterion):
    """A better score offline is a hope; the figure that the business steers by is the fact.

    Joining the labels that arrived to the predictions that were logged gives that figure for what is really served, and
    it must be as fresh as the labels allow, or decisions rest on last quarter.
    """

    id = "MON-13"
    title = "Live business figure"
    level = 4
    part = Part.MONITORING
    proofs = (Proof.RECEIPT,)
    verify = (
        "a receipt names the kpi of golden-path.yaml, its value, the labels it rests on, the day it reaches to and "
        "where that was (facts: kpi, value, labels, through, environment); that day is at most kpi: label_lag_days "
        "before today, and the environment is prod"
    )
    fix = (
        "set kpi: label_lag_days in golden-path.yaml, then, where production's log is, with ENVIRONMENT=prod, "
        "goldenpath record MON-13 -- goldenpath labels FILE"
    )
    effort = Effort.DAYS
    sources = ("ML Test Score Model 2", "ML Test Score Monitor 7", "Google MLOps levels")
    gaming = (
        "Another figure, an old one, or one of a simulation: name, day and environment are compared with the manifest "
        "and the calendar."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        kpi = dict(product.manifest.kpi)
        line = product.line_of(MANIFEST, r"^kpi\b")
        lag = as_number(as_mapping(product.mapping(MANIFEST).get("kpi")).get("label_lag_days"))
        if not kpi.get("name") or lag is None:
            lacking = "name" if not kpi.get("name") else "label_lag_days"
            return failed(f"kpi lacks {lacking}", Evidence("how long labels take", MANIFEST, line))
        found = receipts.find(product, "MON-13", about=(MANIFEST,))
        if found.receipt is None:
            return unproved("MON-13", "goldenpath labels FILE", found)
        facts, fact = found.receipt.facts, of_receipt(found.receipt)
        if facts.get("kpi") != kpi["name"] or as_number(facts.get("value")) is None:
            return failed(f"the receipt holds {facts.get('kpi')}, the figure is {kpi['name']}", fact)
        if not (as_number(facts.get("labels")) or 0) > 0:
            return failed("the figure rests on no label", fact)
        if facts.get("environment") != "prod":
            return failed(f"the figure is of {facts.get('environment') or 'nowhere'}, not of prod", fact)
        through = as_day(facts.get("through"))
        if through is None or not 0 <= (product.now.date() - through).days <= lag:
            return failed(f"the figure reaches to {facts.get('through')}, labels take {lag:g} days", fact)
        return passed(f"{kpi['name']} is {facts['value']} through {through}", fact)


class MON14(Criterion):
    """An experiment that is stopped when it looks good, or whose users change sides, decides by chance.

    A standard way of doing it fixes the metric, the smallest effect of interest and the stop in advance, keeps every
    unit in its variant, and decides before it promotes. Then the results of different products can be believed alike.
    """

    id = "MON-14"
    title = "Standard A/B tests"
    level = 4
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.EXECUTED, Proof.RECEIPT)
    verify = (
        "experiments/*.yaml has name, metric, minimum_effect, stop, salt, candidate (name@v1.2.3) and variants with "
        "shares that add up to 100; a receipt tells the decision, when, and assignments of 20 or more units; each is "
        "computed again from the salt (SHA-256 of `salt:unit`, its first 32 bits modulo 10,000, against the shares); "
        "no prod tag stands on the candidate's commit before the decision, nor at all when it was rejected"
    )
    fix = "write experiments/NAME.yaml, then goldenpath record MON-14 -- goldenpath experiment report PLAN"
    effort = Effort.DAYS
    sources = ("Microsoft MLOps maturity model", "Kohavi et al., Trustworthy Online Controlled Experiments")
    gaming = (
        "A report written after the promotion, or units that change sides: tags and assignments are computed again."
    )
    is_anchor = True

    @staticmethod
    def check(product: Product) -> Verdict:
        specs = product.matching("experiments/*.yaml", "experiments/*.yml")
        if not specs:
            return failed(
                "there is no experiment", Evidence("what is decided, and how, before it starts", "experiments/")
            )
        by_name = {str(spec.get("name")): (path, spec) for path in specs for spec in [product.mapping(path)]}
        for path, spec in by_name.values():
            if fault := _experiment_fault(spec):
                return failed(fault, Evidence(fault, path))
        found = receipts.find(product, "MON-14", about=("experiments",))
        if found.receipt is None:
            return unproved("MON-14", "goldenpath experiment report PLAN", found)
        facts, fact = found.receipt.facts, of_receipt(found.receipt)
        if str(facts.get("experiment")) not in by_name:
            return failed(f"no file describes the experiment {facts.get('experiment')}", fact)
        path, spec = by_name[str(facts["experiment"])]
        decided = as_moment(facts.get("decided"))
        if facts.get("decision") not in ("promote", "reject") or decided is None:
            return failed("the experiment ended without a decision", fact)
        units = as_mapping(facts.get("assignments"))
        moved = [unit for unit, variant in units.items() if variant != _variant(spec, unit)]
        if len(units) < FEWEST_UNITS or moved:
            words = (
                f"{len(moved)} of {len(units)} units are not in their variant" if moved else f"{len(units)} units told"
            )
            return failed(
                f"{words}, want {FEWEST_UNITS} or more, each in its own", fact, Evidence("salt, variants", path)
            )
        if early := _promoted_early(product, str(spec["candidate"]), str(facts["decision"]), decided):
            return failed(f"{early} came before the decision or against it", fact, Evidence(early, command="git tag"))
        return passed(
            f"{facts['experiment']}: {facts['decision']}, decided before promotion", Evidence("the plan", path), fact
        )


class MON15(Criterion):
    """Metrics find the faults that somebody thought of; looking at the oddest cases finds the others.

    A queue collects the predictions that the model was least sure of or has never seen the like of, and a person goes
    through them. What they find becomes a test, a rule or a new feature.
    """

    id = "MON-15"
    title = "Outliers reviewed"
    level = 4
    part = Part.MONITORING
    proofs = (Proof.RECEIPT, Proof.ATTESTED)
    verify = (
        "a receipt of the last 90 days tells how many predictions of this model were queued and how many reviewed "
        "(facts: model, queued, reviewed), at least one and never more than queued; the reviewer attests it for at "
        "most 90 days"
    )
    fix = "review the queue of outliers, goldenpath record MON-15 -- COMMAND, then goldenpath attest MON-15"
    effort = Effort.DAYS
    sources = ("NIST AI RMF Measure 3.1", "EU AI Act Article 72")
    gaming = "An empty queue that is reviewed: at least one case must have been queued and looked at."
    attestable = 90

    @staticmethod
    def check(product: Product) -> Verdict:
        found = receipts.find(product, "MON-15", about=("models",), days=90)
        if found.receipt is None:
            return unproved("MON-15", "", found)
        facts, fact = found.receipt.facts, of_receipt(found.receipt)
        queued, reviewed = (as_number(facts.get(key)) or 0.0 for key in ("queued", "reviewed"))
        if not is_model(model_digest(product), [str(facts.get("model"))]):
            return failed("the queue is of another model", fact, Evidence("the model's digest", LINEAGE))
        if not 1 <= reviewed <= queued:
            return failed(f"{reviewed:g} of {queued:g} queued predictions were reviewed", fact)
        found_out = passed(f"{reviewed:g} of {queued:g} queued predictions were reviewed", fact)
        return with_signature(product, "MON-15", 90, "that the outliers were reviewed", found_out)


class MON16(Criterion):
    """A team gets faster and steadier only where it sees how fast and steady it is.

    The four DORA figures say that for delivery, and they come from what is recorded anyway: commits that deploy, and
    incidents. A postmortem that changes nothing will be written again, so each must lead to a pull request.
    """

    id = "MON-16"
    title = "Learning loop"
    level = 4
    part = Part.MONITORING
    verify = (
        "reports/dora.json holds from, to, deployments, lead_time_hours, change_failure_rate and "
        "time_to_restore_hours, and reaches to within 35 days; deployments equal the commits to deploy/overlays/prod "
        "in that time, and the failure rate equals the incidents (docs/incidents/YYYY-MM-DD-….md) among them; each "
        "incident has impact, cause and actions with a link to a pull request"
    )
    fix = "write reports/dora.json from git and docs/incidents/, with one file there for each incident"
    sources = ("DORA metrics", "NIST AI RMF Manage 4.3", "Google SRE Book, Postmortem Culture")
    gaming = "Figures typed by hand: deployments and incidents are counted again."

    @staticmethod
    def check(product: Product) -> Verdict:
        path = "reports/dora.json"
        figures = read_mapping(product, path)
        keys = ("deployments", "lead_time_hours", "change_failure_rate", "time_to_restore_hours")
        values = {key: as_number(figures.get(key)) for key in keys}
        start, end = as_day(figures.get("from")), as_day(figures.get("to"))
        lacking = [key for key, value in values.items() if value is None or value < 0]
        if lacking or start is None or end is None:
            return failed(
                "the four figures of delivery are not measured",
                Evidence(f"lacks {', '.join(lacking) or 'from, to'}", path),
            )
        if not 0 <= (product.now.date() - end).days <= 35:
            return failed(f"the figures reach to {end}", Evidence("older than 35 days", path))
        deployed = _deployments(product, start, end)
        if deployed is None:
            return unknown("deployments are counted in git, and its history is not here", Evidence("clone all of it"))
        if deployed == 0 or values["deployments"] != deployed:
            words = f"{values['deployments']:g} deployments are told, git holds {deployed}"
            return failed(
                words, Evidence("deployments", path), Evidence("counted", command="git log -- deploy/overlays/prod")
            )
        incidents = {
            item: as_day(item.rpartition("/")[2][:10]) for item in product.matching("docs/incidents/*-*-*-*.md")
        }
        within = [item for item, day in incidents.items() if day is not None and start <= day <= end]
        if not math.isclose(values["change_failure_rate"] or 0.0, len(within) / deployed, abs_tol=0.005):
            words = (
                f"{len(within)} incidents in {deployed} deployments are no rate of {values['change_failure_rate']:g}"
            )
            return failed(words, Evidence("change_failure_rate", path))
        for item in incidents:
            if fault := _postmortem_fault(product.text(item) or ""):
                return failed(f"a postmortem {fault}", Evidence(fault, item))
        return passed(
            f"{deployed} deployments, {len(within)} incidents, each with its change", Evidence("the figures", path)
        )


def _experiment_fault(spec: Mapping[str, Any]) -> str:
    """What a plan of an experiment lacks; empty where it lacks nothing."""
    lacking = [
        key
        for key in ("name", "metric", "minimum_effect", "stop", "salt", "candidate", "variants")
        if not spec.get(key)
    ]
    if lacking:
        return f"the experiment lacks {', '.join(lacking)}"
    shares = [as_number(share) or 0.0 for share in as_mapping(spec["variants"]).values()]
    if len(shares) < 2 or min(shares) <= 0 or not math.isclose(sum(shares), 100):
        return "the variants' shares do not add up to 100"
    if VERSION.fullmatch(str(spec["candidate"])) is None:
        return f"candidate is {spec['candidate']}, want a registered version such as churn@v1.2.3"
    return ""


def _variant(spec: Mapping[str, Any], unit: str) -> str:
    """The variant of a unit: by hash, so that it is the same on every call and on every machine."""
    digest = hashlib.sha256(f"{spec['salt']}:{unit}".encode()).hexdigest()
    bucket, edge = int(digest[:8], 16) % BUCKETS, 0.0
    for name, share in as_mapping(spec["variants"]).items():
        edge += float(share) * BUCKETS / 100
        if bucket < edge:
            return str(name)
    return ""


def _promoted_early(product: Product, candidate: str, decision: str, decided: datetime) -> str:
    """A tag that put the candidate into production before the decision, or although it was rejected."""
    if product.git is None:
        return ""
    layout = "%(refname:short) %(objectname) %(*objectname) %(creatordate:iso-strict)"
    rows = [
        line.split() for line in (product.git.run("for-each-ref", f"--format={layout}", "refs/tags") or "").splitlines()
    ]
    # A tag without a message has no object of its own, and so one word less.
    tags = {row[0]: (row[-2], as_moment(row[-1])) for row in rows}
    commit, _ = tags.get(candidate, ("", None))
    for name, (target, when) in tags.items():
        is_promotion = target == commit and fnmatchcase(name, "*#prod#*")
        if is_promotion and (decision == "reject" or (when is not None and when < decided)):
            return name
    return ""


def _deployments(product: Product, start: date, end: date) -> int | None:
    """Commits to production's overlay on the first-parent line between two days, both included."""
    if product.git is None or product.commit is None or product.git.is_shallow:
        return None
    folder = f"{product.prefix}deploy/overlays/prod"
    listed = product.git.run("log", "--first-parent", "--format=%cI", product.commit, "--", folder)
    days = [as_moment(line) for line in (listed or "").splitlines()]
    return sum(start <= moment.astimezone(UTC).date() <= end for moment in days if moment is not None)


def _postmortem_fault(text: str) -> str:
    """What a postmortem lacks; empty where it lacks nothing."""
    sections = dict(re.findall(r"^##\s+([^\n]+)\n(.*?)(?=^##\s|\Z)", text, flags=re.MULTILINE | re.DOTALL))
    filled = {title.strip().lower(): body.strip() for title, body in sections.items()}
    lacking = [name for name in ("impact", "cause", "actions") if not filled.get(name)]
    if lacking:
        return f"lacks {', '.join(lacking)}"
    return "" if re.search(r"/pull/\d+|/merge_requests/\d+", filled["actions"]) else "leads to no pull request"
