"""What the model learns from, how it is made, what it can and cannot do, and whether it is worth having."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from goldenpath.review.evidence.receipts import digest
from goldenpath.review.product import contract, evaluation, markdown, model_card
from goldenpath.review.product.dvc import FILE as PIPELINE
from goldenpath.review.product.dvc import Stage
from goldenpath.review.product.evaluation import Estimate, Evaluation
from goldenpath.review.product.model_card import ModelCard
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

LEAST_MEANING = 2
LEAST_REASON = 6
LEAST_SECTION = 12
LINEAGE, VALIDATION, SPLIT = "models/lineage.json", "reports/validation.json", "reports/split.json"
SECTIONS: Mapping[str, re.Pattern[str]] = {
    "intended use": re.compile(r"\bintended\b|\buses?\b", re.IGNORECASE),
    "limitations": re.compile(r"limitation|out.of.scope", re.IGNORECASE),
    "training data": re.compile(r"\bdata\b", re.IGNORECASE),
    "evaluation": re.compile(r"evaluation|result|metric|performance", re.IGNORECASE),
    "risks": re.compile(r"risk|bias|ethic|fairness|harm", re.IGNORECASE),
}
"""What every card must speak of: the sections of Mitchell et al. (2019) that a reader decides by."""
TRIVIAL = frozenset({"constant", "majority", "mean", "median", "random", "zero", "dummy"})
"""Baselines that learn nothing."""
ROUNDING = 1e-4
"""The largest difference between a number and its derivation, relative to the larger of 1 and the number."""


class DOC06(Criterion):
    """A column that changes its meaning breaks a model silently: every test still passes.

    So each column's meaning, type, role and sensitivity stand in one contract, and what the trained model takes is
    exactly what that contract calls features. Whoever changes either sees the other.
    """

    id = "DOC-06"
    title = "Data definition"
    level = 2
    part = Part.DOCUMENTATION
    verify = (
        "contract.yaml (ODCS v3) gives every column a type, a role, a classification and a meaning of its own, and "
        "says what the data is about; its features are exactly the inputs of models/signature.json, in name and type; "
        "the signature was made under this very contract; reports/validation.json found no column that it does not name"
    )
    fix = "edit contract.yaml, then `make run` and commit models/"
    sources = (
        "ML Test Score Data 1",
        "Open Data Contract Standard v3",
        "EU AI Act Annex IV, 2(d)",
        "Datasheets for Datasets",
    )
    gaming = (
        "The column's name, or one sentence for all of them, as description: both are refused. A contract written "
        "beside the model: the signature holds the digest of the contract that it was trained under."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        agreed = contract.read(product)
        if not agreed:
            return failed("no contract says what the columns mean", Evidence("is missing or names none", contract.FILE))
        faults = list(_column_faults(agreed))
        if len(agreed.purpose.split()) < LEAST_MEANING:
            faults.append(Evidence("description.purpose does not say what the data is about", contract.FILE))
        if faults:
            return failed(f"the contract leaves open what the data is: {faults[0].text}", *faults)
        made = contract.signature(product)
        if not made:
            return _missing(product, contract.SIGNATURE, "no model was made under the contract")
        faults = list(_signature_faults(product, agreed, made))
        if faults:
            return failed(f"the model does not take what the contract defines: {faults[0].text}", *faults)
        facts = (
            Evidence(f"{len(agreed.columns)} columns, {len(made.inputs)} of them features", contract.FILE),
            Evidence("takes exactly those features, under this contract", contract.SIGNATURE),
        )
        return passed("every column is defined, and the model takes what is defined", *facts)


class DOC07(Criterion):
    """Preparation is where most decisions about a model are made, and where the fewest are written down.

    Someone who inherits a pipeline can read what a step does from its code, but not why it is there. One sentence for
    each step, kept beside its command, saves them from undoing what they do not understand.
    """

    id = "DOC-07"
    title = "Every step has its reason"
    level = 2
    part = Part.DOCUMENTATION
    verify = (
        f"every stage of dvc.yaml has a desc of its own of at least {LEAST_REASON} words, and the Python module that "
        "it runs begins with a docstring; what the pinned library runs has one"
    )
    fix = "fill desc in dvc.yaml"
    effort = Effort.MINUTES
    sources = ("EU AI Act Annex IV, 2(b)", "CRISP-DM, Data Preparation", "Datasheets for Datasets, preprocessing")
    gaming = "The same sentence, the stage's name or its command as desc: words that the command holds do not count."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        stages = tuple(product.pipeline)
        if not stages:
            return failed("there is no pipeline whose steps could be told", Evidence("is missing", PIPELINE))
        faults: list[Evidence] = []
        seen: dict[tuple[str, ...], str] = {}
        for stage in stages:
            line = product.line_of(PIPELINE, rf"^\s+['\"]?{re.escape(stage.name)}['\"]?:")
            own = _own_words(stage)
            if not stage.desc:
                faults.append(Evidence(f"{stage.name} has no desc", PIPELINE, line))
            elif len(own) < LEAST_REASON or markdown.PLACEHOLDER.search(stage.desc):
                faults.append(Evidence(f"the desc of {stage.name} says nothing", PIPELINE, line))
            elif own in seen:
                faults.append(Evidence(f"{stage.name} says what {seen[own]} says", PIPELINE, line))
            seen.setdefault(own, stage.name)
            if module := _undocumented(product, stage):
                faults.append(Evidence(f"what {stage.name} runs has no docstring", module, 1))
        if faults:
            return failed(f"not every step says why it is there: {faults[0].text}", *faults)
        return passed(
            f"{len(stages)} steps say why they are there", Evidence(", ".join(s.name for s in stages), PIPELINE)
        )


class DOC08(Criterion):
    """A model card is read by people who cannot read the code, and believed. One that is a version behind misleads.

    So its numbers and digests are those of the model that lies here, which only a card that is generated can promise,
    and the sections that no machine can write are filled in.
    """

    id = "DOC-08"
    title = "Model card fits the model"
    level = 2
    part = Part.DOCUMENTATION
    verify = (
        "docs/model-card.md (a Hugging Face card): every metric of the evaluation stands in model-index with the same "
        "number, and no other; it holds the SHA-256 of the model and of the data, as models/lineage.json tells them; "
        f"the sections {', '.join(SECTIONS)} have at least {LEAST_SECTION} words each, and nothing is left blank"
    )
    fix = "make run, which writes docs/model-card.md, and commit it"
    sources = (
        "Model Cards for Model Reporting (Mitchell et al., 2019)",
        "Hugging Face model cards",
        "EU AI Act Article 11",
    )
    requires = ("DOC-06",)
    gaming = (
        "A card written once, or edited to look better: every number and digest is held against the pipeline's reports."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        card = model_card.read(product)
        if not card.path:
            return failed("there is no model card", Evidence("is missing", model_card.PLACES[0]))
        found = evaluation.read(product)
        if not found.path:
            return _missing(product, "reports/metrics.json", "there is no evaluation to hold the card against")
        faults = [*_number_faults(product, card, found), *_digest_faults(product, card), *_section_faults(card)]
        if faults:
            return failed(f"the card is not that of this model: {faults[0].text}", *faults)
        facts = (
            Evidence(f"{len(card.metrics)} metrics as in {found.path}", card.path),
            Evidence("digests as in the card", LINEAGE),
        )
        return passed("the card's numbers and digests are the model's", *facts)


class DOC09(Criterion):
    """A model costs upkeep for years. If a simple rule does as well, the rule is the better product.

    Whether it does is only known when both are judged on the same rows, by what counts for the business, and when the
    difference is larger than chance.
    """

    id = "DOC-09"
    title = "Beats a simple baseline"
    level = 2
    part = Part.DOCUMENTATION
    verify = (
        "the evaluation, written by a stage of the pipeline and unchanged since by dvc.lock, tells the KPI (or the "
        "task's headline metric) of the model and of its baselines on the same rows; at least one baseline learns "
        "something; the model beats each by an interval that excludes zero, and the gain is the difference of the two"
    )
    fix = "make run; if a baseline does as well, ship the baseline"
    effort = Effort.DAYS
    sources = ("ML Test Score Model 5", "Rules of Machine Learning (Google), rules 1 and 4", "CRISP-DM, Evaluation")
    gaming = (
        "Numbers typed into the report: its digest must be the one that dvc.lock recorded, gains are derived again. A "
        "straw man: a baseline that learns nothing does not count alone, and every baseline must be beaten."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        found = evaluation.read(product)
        if not found.path:
            return _missing(product, "reports/metrics.json", "no evaluation tells how the model compares")
        if not found.stage or not product.pipeline.ancestors(found.stage):
            fact = Evidence("is no metric of a stage that follows others", found.path)
            return failed("the comparison is not made by the pipeline", fact)
        if not found.as_written:
            fact = Evidence(f"is not what {found.stage} wrote, by dvc.lock", found.path, command="make run")
            return failed("the comparison was changed after the pipeline wrote it", fact)
        if not set(found.baselines) - TRIVIAL:
            fact = Evidence(f"baselines: {', '.join(found.baselines) or 'none'}", found.path)
            return failed("the model is compared with nothing that learns", fact)
        rows = _at(product.json(SPLIT), "test", "rows")
        if rows is not None and rows != found.rows:
            words = f"{found.rows} rows, the test part has {rows}"
            return failed("the comparison is not on the test part", Evidence(words, found.path))
        metric = _metric(product, found)
        if metric not in found.model:
            return failed(f"the evaluation does not tell {metric or 'a metric'}", Evidence("of the model", found.path))
        return _compared(product, found, metric)


def _missing(product: Product, path: str, words: str) -> Verdict:
    """The verdict where what the pipeline writes is not here: lost to this checkout, or never made."""
    if any(isinstance(stage, dict) and path in str(stage.get("outs")) for stage in product.pipeline.lock.values()):
        return unknown(
            f"{path} was made and is not here", Evidence("is not in this checkout", path, command="dvc pull")
        )
    return failed(words, Evidence("is missing", path, command="make run"))


def _at(content: object, *keys: str) -> object:
    """What stands under keys, one inside the other; None where nothing does."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _column_faults(agreed: contract.Contract) -> Iterator[Evidence]:
    seen: dict[str, str] = {}
    for column in agreed:
        lacks = [
            words
            for words, given in (
                ("a name", column.name),
                ("a type", column.type),
                ("a role", column.roles),
                ("a classification", column.classification),
            )
            if not given
        ]
        meaning = " ".join(re.findall(r"\w+", column.description.lower()))
        if lacks:
            yield Evidence(f"{column.name or 'a column'} lacks {' and '.join(lacks)}", contract.FILE, column.line)
        elif len(set(meaning.split()) - set(column.name.lower().split("_"))) < LEAST_MEANING or (
            markdown.PLACEHOLDER.search(column.description)
        ):
            yield Evidence(f"{column.name} does not say what it means", contract.FILE, column.line)
        elif meaning in seen:
            yield Evidence(f"{column.name} means what {seen[meaning]} means", contract.FILE, column.line)
        seen.setdefault(meaning, column.name)


def _signature_faults(product: Product, agreed: contract.Contract, made: contract.Signature) -> Iterator[Evidence]:
    takes = dict(made.inputs)
    features = {column.name: column for column in agreed.having("feature")}
    for name, column in features.items():
        if name not in takes:
            yield Evidence(f"the model does not take the feature {name}", contract.FILE, column.line)
        elif takes[name] != column.type:
            yield Evidence(f"{name} is {column.type} here and {takes[name]} for the model", contract.FILE, column.line)
    for name in sorted(set(takes) - set(features)):
        line = product.line_of(contract.SIGNATURE, rf"\"{re.escape(name)}\"")
        yield Evidence(f"the model takes {name}, which is no feature of the contract", contract.SIGNATURE, line)
    if made.target not in {column.name for column in agreed.having("target")}:
        yield Evidence(
            f"the model predicts {made.target or 'nothing named'}, not the contract's target", contract.SIGNATURE
        )
    if made.contract_sha256 != digest(product.tree.read(contract.FILE) or b""):
        yield Evidence("was made under another contract", contract.SIGNATURE)
    unknown_columns = _at(product.json(VALIDATION), "unknown_columns")
    if isinstance(unknown_columns, list) and unknown_columns:
        yield Evidence(f"the data holds {unknown_columns[0]}, which the contract does not name", VALIDATION)


def _own_words(stage: Stage) -> tuple[str, ...]:
    """The words of a stage's desc that neither its name nor its command already says."""
    said = set(re.findall(r"[a-z]+", f"{stage.name} {stage.command}".lower()))
    return tuple(word for word in re.findall(r"[a-z]+", stage.desc.lower()) if word not in said)


def _undocumented(product: Product, stage: Stage) -> str:
    """The Python file that a stage runs, where it has no docstring; empty where it has one, or runs something else."""
    module = re.search(r"\bpython[\d.]*\s+(?:-m\s+([\w.]+)|([\w./-]+\.py))", stage.command)
    if module is None:
        return ""
    stem = module[1].replace(".", "/") if module[1] else ""
    places = [f"{home}{stem}{end}" for home in ("src/", "") for end in (".py", "/__main__.py")] if stem else [module[2]]
    path = next((place for place in places if place in product.paths), "")
    # The file's first words tell, without parsing it.
    head = re.sub(r"\A(?:\s*#.*\n|\s*\n)*", "", product.text(path) or "") if path else ""
    return "" if re.match(r"[rRuU]?[\"']+\s*[^\s\"']", head) else path


def _number_faults(product: Product, card: ModelCard, found: Evaluation) -> Iterator[Evidence]:
    if not card.metrics:
        yield Evidence("its header has no model-index with metrics", card.path, 1)
        return
    told = {name: item.value for name, item in found.model.items() if item.value is not None}
    for name, number in card.metrics.items():
        fault = ""
        if name not in told:
            fault = f"{name} stands in no evaluation"
        elif not _is_close(number, told[name]):
            fault = f"{name} is {number:g} in the card and {told[name]:g} in {found.path}"
        if fault:
            line = product.line_of(card.path, rf"\btype:\s*['\"]?{re.escape(name)}\b")
            yield Evidence(fault, card.path, line)
    for name in told:
        if name not in card.metrics:
            yield Evidence(f"{name} is missing from the card", card.path)


def _digest_faults(product: Product, card: ModelCard) -> Iterator[Evidence]:
    lineage = product.json(LINEAGE)
    subjects, sources = _digests(lineage, "subject"), _digests(lineage, "resolvedDependencies")
    made = contract.signature(product)
    model = next((name for name, value in subjects.items() if value == made.model_sha256), "")
    data = next((name for name in sources if name.startswith("data/")), "")
    if not model or not data:
        yield Evidence(f"does not name the {'data' if model else 'model of the signature'}", LINEAGE)
        return
    for name, value in ((model, subjects[model]), (data, sources[data])):
        if value not in card.text:
            yield Evidence(f"does not hold the digest of {name}, {value[:12]}…", card.path)


def _digests(lineage: object, kind: str) -> dict[str, str]:
    """SHA-256 by name, of the subjects of an in-toto statement, or of what SLSA says that they were made from."""
    try:
        content: Any = lineage
        items = content[kind] if kind == "subject" else content["predicate"]["buildDefinition"][kind]
        return {
            str(item["name"]): str(item["digest"]["sha256"]) for item in items if "sha256" in item.get("digest", {})
        }
    except (KeyError, TypeError, AttributeError):
        return {}


def _section_faults(card: ModelCard) -> Iterator[Evidence]:
    if blank := markdown.PLACEHOLDER.search(card.text):
        line = card.text.count("\n", 0, blank.start()) + 1
        yield Evidence(f"{blank[0].strip()!r} was never filled in", card.path, line)
    for name, title in SECTIONS.items():
        sections = [section for section in card.document if title.search(section.title)]
        if not sections:
            yield Evidence(f"has no section on {name}", card.path)
        elif all(len(card.document.whole(section).split()) < LEAST_SECTION for section in sections):
            yield Evidence(f"says nothing on {name}", card.path, sections[0].line)


def _metric(product: Product, found: Evaluation) -> str:
    kpi = dict(product.manifest.kpi).get("name", "")
    return kpi if kpi in found.model else evaluation.HEADLINE.get(found.task, kpi)


def _compared(product: Product, found: Evaluation, metric: str) -> Verdict:
    model = found.model[metric]
    line = product.line_of(found.path, rf"\"{re.escape(metric)}\"")
    facts = []
    for name, measured in found.baselines.items():
        other, gain = measured.get(metric), found.gains.get(name, {}).get(metric)
        if other is None or other.value is None or model.value is None or gain is None or gain.value is None:
            fact = Evidence(f"no {metric} beside the baseline {name}, or no gain over it", found.path, line)
            return failed("not every baseline was compared", fact)
        words = f"{metric} {model.value:g}, {name} {other.value:g}, gain {_interval(gain)}"
        if not _is_close(gain.value, model.value - other.value):
            return failed("a gain is not the difference of its parts", Evidence(words, found.path, line))
        facts.append(Evidence(words, found.path, line))
        if not _is_better(gain, evaluation.is_lower_better(metric)):
            return failed(f"the model does not beat {name} beyond chance", *reversed(facts))
    return passed(f"the model beats {', '.join(found.baselines)} in {metric}", *facts)


def _is_better(gain: Estimate, lower_is_better: bool) -> bool:
    edge = gain.high if lower_is_better else gain.low
    return edge is not None and (edge < 0 if lower_is_better else edge > 0)


def _interval(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return f"{found.value:g} without an interval"
    return f"{found.value:g} [{found.low:g}, {found.high:g}]"


def _is_close(one: float, other: float) -> bool:
    return abs(one - other) <= ROUNDING * max(1.0, abs(other))
