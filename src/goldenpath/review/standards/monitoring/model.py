"""How good the model was and is: its history, its age, drift and skew."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from goldenpath.review.evidence import receipts
from goldenpath.review.product import dvc, prometheus, pull_request
from goldenpath.review.product.product import Product
from goldenpath.review.product.verbs import Does
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.monitoring.facts import (
    LINEAGE,
    RULES,
    VERSION,
    is_model,
    model_digest,
    model_inputs,
    read_mapping,
    service_paths,
)
from goldenpath.review.standards.proofs import (
    as_mapping,
    as_mappings,
    as_number,
    as_texts,
    elsewhere,
    numbers_of,
    of_receipt,
    unproved,
)
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed

DAY = 86_400
MOST_VERSIONS = 20
TOP_FEATURES = 10
FEWEST_ROWS = 100
FEWEST_AGES = 3


class MON01(Criterion):
    """A number without the number before it says nothing about progress.

    When every registered version keeps its metrics beside it in git, anybody can compare any two of them years later.
    When a pull request shows how the metrics move, the reviewer judges the model, and not only the code.
    """

    id = "MON-01"
    title = "Offline metric history"
    level = 2
    part = Part.MONITORING
    verify = (
        "every metrics file of dvc.yaml that is committed, at least one, holds numbers and is what dvc.lock recorded; "
        "every registered version's commit (tags name@v1.2.3, the newest 20) holds one; a pull-request workflow "
        "runs `dvc metrics diff`, itself or through make"
    )
    fix = "make run, commit dvc.lock and reports/, and call `goldenpath pr-report` in .github/workflows/ci.yml"
    effort = Effort.MINUTES
    sources = ("ML Test Score Monitor 7", "Microsoft MLOps maturity model", "Google MLOps levels")
    gaming = "A metrics file written by hand: it must have the digest that dvc.lock recorded when the stage ran."

    @staticmethod
    def check(product: Product) -> Verdict:
        metrics = [path for stage in product.pipeline for path in stage.metrics if path in product.paths]
        if not metrics:
            fact = Evidence("metrics: with cache: false keeps them in git", "dvc.yaml")
            return failed("no metrics of dvc.yaml are committed", fact)
        for path in metrics:
            if not numbers_of(product, path):
                return failed(f"{path} holds no number", Evidence("is a metrics file of dvc.yaml", path))
            if dvc.not_as_written(product, product.pipeline, path):
                return failed(f"{path} is not what the pipeline wrote", Evidence("differs from dvc.lock", path))
        versions = _versions(product)
        without = _without_file(product, versions, metrics)
        if without:
            fact = Evidence(f"none of {', '.join(metrics)} in it", command=f"git ls-tree -r {without[0]}")
            return failed(f"{', '.join(without)} keeps no metrics", fact)
        compared = _compares_metrics(product)
        if compared is None:
            if verdict := elsewhere(product, "metrics may be compared"):
                return verdict
            fact = Evidence("no step that counts runs `dvc metrics diff`", ".github/workflows/")
            return failed("a pull request does not show how the metrics move", fact)
        shown = f"{len(versions)} registered versions keep theirs" if versions else "no version is registered yet"
        return passed(f"metrics are committed and compared; {shown}", Evidence("numbers", metrics[0]), compared)


class MON06(Criterion):
    """A model gets worse by standing still, and nobody notices a day on which nothing was released.

    How fast it gets worse can be measured on past data: train once, judge on later and later months. That measurement,
    not a guess, sets the age at which somebody is called.
    """

    id = "MON-06"
    title = "Staleness limit"
    level = 3
    part = Part.MONITORING
    verify = (
        "reports/staleness.json, written by a stage of dvc.yaml and as dvc.lock recorded it, holds the loss at three "
        "or more ages (ages: days, loss) and the tolerated one; an alert on the model's age (`time() - …model… > N`) "
        "stands at or below the last age that is tolerated, and a rule test makes it fire"
    )
    fix = (
        "add a stage that writes reports/staleness.json, then set the limit of the age alert in monitoring/prometheus/"
    )
    sources = ("ML Test Score Model 4", "ML Test Score Monitor 4")
    gaming = "A study typed by hand: it must be the output of a stage, with the digest in dvc.lock."
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        path = "reports/staleness.json"
        study = read_mapping(product, path)
        ages = sorted(
            (days, loss)
            for item in as_mappings(study.get("ages"))
            if (days := as_number(item.get("days"))) is not None and (loss := as_number(item.get("loss"))) is not None
        )
        tolerated = as_number(study.get("tolerated"))
        if tolerated is None or len({days for days, _ in ages}) < FEWEST_AGES:
            return failed("no study says how fast the model gets worse", Evidence("want three or more ages", path))
        if not any(path in stage.outs for stage in product.pipeline) or dvc.not_as_written(
            product, product.pipeline, path
        ):
            return failed("the staleness study is not what the pipeline wrote", Evidence("differs from dvc.lock", path))
        limit = 0.0
        for days, loss in ages:
            if loss > tolerated:
                break
            limit = days
        rules = prometheus.read(product)
        limits = [(alert, age) for alert in rules.alerts if (age := _age_limit(alert.expression)) is not None]
        if not limits:
            return failed("no alert tells that the model is too old", Evidence("want time() - …model… > N", RULES))
        alert, seconds = min(limits, key=lambda item: item[1])
        fact = Evidence(f"{alert.name} stands at {seconds / DAY:g} days", alert.path, alert.line)
        if seconds > limit * DAY:
            return failed(f"the model is tolerable for {limit:g} days only", fact, Evidence("the study", path))
        if alert.name not in rules.fires:
            return failed("the alert on the model's age was never seen firing", fact)
        return passed(f"called at {seconds / DAY:g} days, tolerable for {limit:g}", fact, Evidence("the study", path))


class MON07(Criterion):
    """The world that a model learned from moves away from it, mostly without an error anywhere.

    Watching the inputs gives warning before the labels come. A watch that never alarms and one that always does are
    equally useless, so it has to be seen doing both: alarm on a shift put in on purpose, and rest on none.
    """

    id = "MON-07"
    title = "Drift watched, both ways"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "models/reference.json describes the ten inputs that matter most (reports/plots/importance.json), and its data "
        "digest is that of the training data in models/lineage.json; an alert reads a drift metric; a receipt tells "
        "rows and alarms of a sample without a shift (facts: null) and with one (facts: shift, which names the columns "
        "injected)"
    )
    fix = "goldenpath record MON-07 -- goldenpath drift --self-test"
    effort = Effort.DAYS
    sources = ("ML Test Score Monitor 2", "Microsoft MLOps maturity model", "NIST AI RMF Measure 2.4")
    gaming = (
        "A detector that always or never alarms: it must rest on the sample without a shift and alarm on the other."
    )
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        path, ranking = "models/reference.json", "reports/plots/importance.json"
        reference = read_mapping(product, path)
        columns = {name for name, about in as_mapping(reference.get("columns")).items() if about}
        ranked = sorted(
            as_mappings(product.json(ranking)), key=lambda item: -(as_number(item.get("importance")) or 0.0)
        )
        top = [str(item.get("column")) for item in ranked[:TOP_FEATURES]]
        if not columns or not top:
            lacking = path if not columns else ranking
            return failed(f"nothing to watch: {lacking} is missing or empty", Evidence("is missing or empty", lacking))
        if unwatched := [name for name in top if name not in columns]:
            fact = Evidence("describes other columns", path)
            return failed(f"{', '.join(unwatched)} matters and is not watched", fact, Evidence("the ranking", ranking))
        digest = str(as_mapping(reference.get("data")).get("sha256") or "")
        if digest not in _training_data(product):
            return failed(
                "the reference is not the data that the model learned from", Evidence(f"data {digest[:12]}", path)
            )
        rules = prometheus.read(product)
        if not any("drift" in name for alert in rules.alerts for name in prometheus.metrics_of(alert.expression)):
            return failed("no alert reads a drift metric", Evidence("no drift metric in any alert", RULES))
        found = receipts.find(product, "MON-07", about=service_paths(product))
        if found.receipt is None:
            return unproved("MON-07", "goldenpath drift --self-test", found)
        if fault := _drift_fault(found.receipt.facts):
            return failed(fault, of_receipt(found.receipt))
        return passed(
            "alarms on an injected shift, rests on none", Evidence("the reference", path), of_receipt(found.receipt)
        )


class MON08(Criterion):
    """A feature that is computed one way in training and another way in serving spoils predictions silently.

    Replaying logged requests through the offline pipeline shows every difference, and the same replay counts the
    values that were missing: the two commonest reasons why a good model is bad in production.
    """

    id = "MON-08"
    title = "No skew, missing values watched"
    level = 3
    part = Part.MONITORING
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "an alert reads a metric of missing or invalid values; a receipt of a replay of the prediction log tells 100 "
        "rows or more without a difference (facts: rows, mismatches, model, inputs), for this model and all its inputs"
    )
    fix = "replay the prediction log through the pipeline: goldenpath record MON-08 -- goldenpath replay"
    sources = ("ML Test Score Monitor 3", "ML Test Score Monitor 5")
    gaming = "A replay of nothing, or of a few columns: rows are counted, and the inputs are the model's own."
    rendered = ("monitoring/",)

    @staticmethod
    def check(product: Product) -> Verdict:
        rules = prometheus.read(product)
        words = re.compile(r"missing|nan|null|invalid")
        if not any(words.search(name) for alert in rules.alerts for name in prometheus.metrics_of(alert.expression)):
            return failed("no alert reads a metric of missing values", Evidence("none in any alert", RULES))
        found = receipts.find(product, "MON-08", about=service_paths(product))
        if found.receipt is None:
            return unproved("MON-08", "goldenpath replay", found)
        facts, wanted = found.receipt.facts, model_inputs(product)
        rows, mismatches = as_number(facts.get("rows")) or 0.0, as_number(facts.get("mismatches"))
        if rows < FEWEST_ROWS:
            return failed(f"{rows:g} rows were replayed, want {FEWEST_ROWS} or more", of_receipt(found.receipt))
        if mismatches != 0:
            return failed(
                f"{mismatches} of {rows:g} rows differ between serving and training", of_receipt(found.receipt)
            )
        if not is_model(model_digest(product), [str(facts.get("model"))]):
            return failed(
                "the replay is of another model", of_receipt(found.receipt), Evidence("the model's digest", LINEAGE)
            )
        if not wanted or (left_out := wanted - set(as_texts(facts.get("inputs")))):
            return failed(
                f"the replay leaves out {', '.join(sorted(left_out)) if wanted else 'all inputs'}",
                of_receipt(found.receipt),
            )
        return passed(f"{rows:g} rows replayed without a difference", of_receipt(found.receipt))


def _training_data(product: Product) -> set[str]:
    """The digests of the data that the model was made from, by its lineage."""
    definition = as_mapping(as_mapping(read_mapping(product, LINEAGE).get("predicate")).get("buildDefinition"))
    found = as_mappings(definition.get("resolvedDependencies"))
    return {
        str(as_mapping(item.get("digest")).get("sha256")) for item in found if str(item.get("name")).startswith("data/")
    }


def _versions(product: Product) -> list[str]:
    """The tags of registered versions that lead to the commit judged, the newest first."""
    if product.git is None or product.commit is None:
        return []
    return [tag for tag in product.git.tags_before(product.commit) if VERSION.fullmatch(tag)][:MOST_VERSIONS]


def _without_file(product: Product, versions: list[str], paths: list[str]) -> list[str]:
    """The versions whose commit holds none of the files."""
    if not versions or product.git is None:
        return []
    known = product.git.objects.id_of
    return [
        tag
        for tag in versions
        if not any(known(f"refs/tags/{tag}^{{commit}}:{product.prefix}{path}") for path in paths)
    ]


def _compares_metrics(product: Product) -> Evidence | None:
    """The command of a pull request that shows how metrics move."""
    for command in pull_request.read(product).commands:
        is_diff = command.runs("dvc") and re.search(r"\bmetrics\s+diff\b", command.text)
        if is_diff or Does.COMPARES_METRICS in command.does:
            return Evidence(f"runs `{command.text}`", command.path, command.line)
    return None


def _age_limit(expression: str) -> float | None:
    """Seconds at which an alert on a model's age fires; None where the expression is no such alert."""
    match = re.fullmatch(r"(?P<age>.*\btime\(\)\s*-.*?)>=?\s*(?P<limit>\d[\d\s.*]*)", expression)
    if match is None or not any("model" in name for name in prometheus.metrics_of(match["age"])):
        return None
    factors = [part.strip() for part in match["limit"].split("*")]
    return math.prod(map(float, factors)) if all(re.fullmatch(r"\d+(?:\.\d+)?", part) for part in factors) else None


def _drift_fault(facts: Mapping[str, Any]) -> str:
    """Why a drift drill proves nothing; empty where it does."""
    rest, shift = as_mapping(facts.get("null")), as_mapping(facts.get("shift"))
    for name, sample in (("without a shift", rest), ("with a shift", shift)):
        if (as_number(sample.get("rows")) or 0.0) < FEWEST_ROWS:
            return f"the sample {name} has {sample.get('rows')} rows, want {FEWEST_ROWS} or more"
    if not isinstance(rest.get("alarms"), list) or rest["alarms"]:
        return f"it alarms without a shift: {', '.join(as_texts(rest.get('alarms'))) or 'alarms are not told'}"
    injected = set(as_texts(shift.get("injected")))
    if missed := injected - set(as_texts(shift.get("alarms"))):
        return f"it rests although {', '.join(sorted(missed))} shifted"
    return "" if injected else "no shift was injected"
