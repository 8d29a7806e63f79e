"""What the product is for: its manifest, the figure that it moves, and what could go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from goldenpath.review import standards
from goldenpath.review.product import contract, library, markdown, serving
from goldenpath.review.product.manifest import CRITICALITIES
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import with_signature
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

WANTED = ("name", "purpose", "owner", "contact", "serving", "environments")
LEAST_PURPOSE_WORDS = 4
KPI_WANTED = ("name", "unit", "source", "target")
MODEL_METRICS = frozenset(
    {"accuracy", "balanced_accuracy", "precision", "recall", "f1", "f1_score", "roc_auc", "auc", "average_precision"}
    | {"log_loss", "brier", "calibration_error", "mae", "mse", "rmse", "r2", "mape", "loss"}
    | {"mean_absolute_error", "mean_squared_error"}
)
"""Figures of how well a model fits, which no business is run by."""
TARGET = re.compile(r"(<=|>=|<|>)\s*([\w.+-]+)")
RISK_FILES = ("docs/risk.md", "docs/risks.md", "docs/risk-assessment.md", "RISK.md")
LEAST_RISKS = 3
CONFORMANCE = re.compile(r"\bgoldenpath\.conformance\b")
"""How a file of tests brings the library's tests to the product."""
CONFORMANCE_FOLDER = "goldenpath/conformance/"
CRITERION_ID = re.compile(r"\b(?:DOC|CQ|TR|MON|SEC)-\d\d\b")
TEST_PATH = re.compile(r"[\w./-]*\btest[\w./-]*\.py(?:::\w+)*")


class DOC01(Criterion):
    """A level belongs to a product, not to a repository.

    The manifest says what the product is, who answers for it, what a mistake costs and how it is served. Everything
    else in a review depends on it: which criteria apply, whom to ask, how strict to be.
    """

    id = "DOC-01"
    title = "Product manifest"
    level = 0
    part = Part.DOCUMENTATION
    verify = (
        "golden-path.yaml names the product, its purpose, owner, contact, criticality, serving modes and environments; "
        "CODEOWNERS gives files to the same owner; a web framework in the code needs an online mode in the manifest"
    )
    fix = "edit golden-path.yaml and .github/CODEOWNERS"
    effort = Effort.MINUTES
    sources = ("NIST AI RMF Govern 1.6", "NIST AI RMF Govern 2.1", "EU AI Act Annex IV, 1")
    gaming = (
        "An owner that nobody is: the same handle must own files in CODEOWNERS, where reviews are asked of it. An "
        "online service declared as batch, to be asked for less: the code's imports contradict it."
    )

    @staticmethod
    def check(product: Product) -> Verdict:
        manifest = product.manifest
        if not manifest.present:
            return failed(f"there is no {MANIFEST}", Evidence("it declares what the product is", MANIFEST))
        missing = [name for name in WANTED if not getattr(manifest, name)]
        if not (product.mapping(MANIFEST).get("product") or {}).get("criticality"):
            missing.append("criticality")
        if missing:
            return failed(f"{MANIFEST} lacks {', '.join(missing)}", Evidence(f"lacks {', '.join(missing)}", MANIFEST))
        if len(manifest.purpose.split()) < LEAST_PURPOSE_WORDS or markdown.PLACEHOLDER.search(manifest.purpose):
            line = product.line_of(MANIFEST, r"\bpurpose\b")
            return failed("the purpose says nothing", Evidence(f"purpose: {manifest.purpose}", MANIFEST, line))
        owned = _owned_by(product, manifest.owner)
        if owned is None:
            owners = product.owners.path or ".github/CODEOWNERS"
            fact = Evidence(f"{manifest.owner} is given no file that exists", owners)
            return failed(f"the owner, {manifest.owner}, owns no file", fact)
        if not manifest.is_online and (served := serving.web_framework(product)):
            fact = Evidence(f"imports {served.what}", served.path, served.line)
            return failed("the code serves requests, the manifest says it does not", fact)
        line = product.line_of(MANIFEST, r"\bowner\b")
        return passed(f"owned by {manifest.owner}", Evidence(f"owner {manifest.owner}", MANIFEST, line), owned)


class DOC03(Criterion):
    """A model can get better while the business does not: what is optimised is seldom what pays.

    So the product names one business figure, its unit, where it is read and what it should reach. Evaluation, reports
    and later the live loop all speak of that same figure, and a discussion about "good enough" has something to hold.
    """

    id = "DOC-03"
    title = "Business KPI with a target"
    level = 1
    part = Part.DOCUMENTATION
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        f"{MANIFEST} has kpi.name, unit, source and target; the source is a JSON or YAML file in which the name stands "
        "with a number; the target compares with a number or with another figure of the source, such as "
        "`< baseline.simple.cost_per_row`; a metric of the model's fit is no KPI. At criticality high, or where the "
        "figure is kept outside the repository, the business owner signs it"
    )
    fix = "edit kpi in golden-path.yaml; `goldenpath attest DOC-03` where a signature is asked for"
    effort = Effort.MINUTES
    sources = (
        "Google MLOps: practitioners guide, ML development",
        "NIST AI RMF Map 1.4",
        "CRISP-DM, Business Understanding",
    )
    requires = ("DOC-01",)
    gaming = (
        "A metric of the model under the name of a KPI: known metrics are refused. A figure that nobody measures: its "
        "number must stand in the source."
    )
    attestable = 180

    @staticmethod
    def check(product: Product) -> Verdict:
        kpi = dict(product.manifest.kpi)
        line = product.line_of(MANIFEST, r"^kpi\b")
        missing = [name for name in KPI_WANTED if not kpi.get(name)]
        if missing:
            return failed(
                f"the KPI lacks {', '.join(missing)}", Evidence(f"kpi lacks {', '.join(missing)}", MANIFEST, line)
            )
        if re.sub(r"\W", "_", kpi["name"].lower()) in MODEL_METRICS:
            fact = Evidence(f"kpi.name {kpi['name']}", MANIFEST, line)
            return failed(f"{kpi['name']} tells how well the model fits, not what the business gains", fact)
        target = TARGET.fullmatch(kpi["target"])
        if target is None:
            words = (
                f"kpi.target {kpi['target']!r}, want a comparison such as `<= 8.0` or `< baseline.simple.{kpi['name']}`"
            )
            return failed("the KPI's target cannot be held against a number", Evidence(words, MANIFEST, line))
        if "://" in kpi["source"]:
            found = passed("the KPI is kept outside", Evidence(f"kpi.source {kpi['source']}", MANIFEST, line))
            return with_signature(product, "DOC-03", 180, "that the KPI is measured there", found)
        return _measured_kpi(product, kpi, target, line)


class DOC10(Criterion):
    """What a wrong prediction can do to people and to the business decides how much proof is enough.

    A risk that is written down without a countermeasure is a worry, and a countermeasure that nothing tests is a hope.
    So each risk names what holds it down: a criterion of this catalogue, or a test of this repository.
    """

    id = "DOC-10"
    title = "Risk evaluation"
    level = 2
    part = Part.DOCUMENTATION
    proofs = (Proof.PARSED, Proof.ATTESTED)
    verify = (
        "docs/risk.md states the manifest's criticality and has a table with columns risk and mitigation of at least "
        f"{LEAST_RISKS} risks; each mitigation names a criterion of this catalogue or a test file that exists (with "
        "`file.py::test`, that test, which may be one that the file imports from the pinned library); protected "
        "columns of the contract are named, and so is sensitive data. At criticality high the risk owner signs it for "
        "at most 365 days"
    )
    fix = "edit docs/risk.md; `goldenpath attest DOC-10` at criticality high"
    sources = ("NIST AI RMF Map 5.1", "EU AI Act Article 9", "ISO/IEC 23894", "Google MLOps: practitioners guide")
    requires = ("DOC-01",)
    gaming = (
        "A list of risks copied from elsewhere: mitigations must resolve in this repository, each risk has its own, "
        "and the criticality and the protected columns are this product's."
    )
    attestable = 365
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        path = next((place for place in RISK_FILES if place in product.paths), "")
        document = markdown.read(product, path) if path else None
        if document is None:
            return failed("no risks are written down", Evidence("is missing", RISK_FILES[0]))
        text = product.text(path) or ""
        if blank := markdown.PLACEHOLDER.search(text):
            fact = Evidence(f"{blank[0].strip()!r} was never filled in", path, text.count("\n", 0, blank.start()) + 1)
            return failed("the risk evaluation is a form", fact)
        stated = re.search(rf"criticality\W+({'|'.join(CRITICALITIES)})\b", text, re.IGNORECASE)
        if stated is None or stated[1].lower() != product.manifest.criticality:
            said = stated[1].lower() if stated else "none"
            words = f"states criticality {said}, {MANIFEST} says {product.manifest.criticality}"
            return failed("the risks are those of another product", Evidence(words, path))
        faults = [*_risk_faults(product, document), *_unnamed_people(product, text, path)]
        if faults:
            return failed(f"the risk evaluation does not hold: {faults[0].text}", *faults)
        risks = len(_risks(document))
        found = passed(f"{risks} risks, each with what holds it down", Evidence(f"{risks} risks", path))
        if product.manifest.criticality == "high":
            return with_signature(product, "DOC-10", 365, "the risks of a product of high criticality", found)
        return found


def _owned_by(product: Product, owner: str) -> Evidence | None:
    for pattern, owners, line in product.owners.rules:
        home = pattern.strip("/")
        if owner in owners and any(
            home in ("", "*", "**") or path == home or path.startswith(f"{home}/") or fnmatchcase(path, home)
            for path in product.paths
        ):
            return Evidence(f"{pattern} belongs to {owner}", product.owners.path, line)
    return None


def _measured_kpi(product: Product, kpi: Mapping[str, str], target: re.Match[str], line: int | None) -> Verdict:
    source, name = kpi["source"], kpi["name"]
    if product.tree.size(source) is None:
        if any(source in stage.outs for stage in product.pipeline):
            fact = Evidence("is written by the pipeline, and is not here", source, command="make run")
            return unknown("the KPI's source has not been made yet", fact)
        return failed("the KPI's source does not exist", Evidence(f"kpi.source {source}", MANIFEST, line))
    content = product.json(source) if source.endswith(".json") else product.yaml(source)
    measured = next(_numbers(content, name), None)
    if measured is None:
        return failed(f"{source} does not tell {name}", Evidence(f"no number under {name}", source))
    value, where = measured
    wanted = _wanted(content, target[2])
    if wanted is None:
        fact = Evidence(f"kpi.target names {target[2]}, which is no number and not in {source}", MANIFEST, line)
        return failed("the KPI's target cannot be held against a number", fact)
    facts = (
        Evidence(
            f"{where} is {value:g}, its target is {target[1]} {wanted:g}",
            source,
            product.line_of(source, rf"\b{re.escape(name)}\b"),
        ),
        Evidence(f"kpi {name}: {kpi['unit']}", MANIFEST, line),
    )
    found = passed(f"{name} is named, measured, and has a target", *facts)
    if product.manifest.criticality == "high":
        return with_signature(product, "DOC-03", 180, "the KPI of a product of high criticality", found)
    return found


def _numbers(content: object, name: str, where: str = "") -> Iterator[tuple[float, str]]:
    """Every number under a name, the model's own before those of what it is compared with."""
    if isinstance(content, list):
        for item in content:
            yield from _numbers(item, name, where)
    if not isinstance(content, dict):
        return
    if name in content and (number := _number(content[name])) is not None:
        yield number, f"{where}{name}"
    for key in sorted(content, key=lambda key: str(key) != "model"):
        yield from _numbers(content[key], name, f"{where}{key}.")


def _wanted(content: object, words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        for key in words.split("."):
            content = content.get(key) if isinstance(content, dict) else None
        return _number(content)


def _number(found: object) -> float | None:
    found = found.get("value") if isinstance(found, dict) else found
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _risks(document: markdown.Document) -> list[tuple[int, str, str]]:
    """The line, risk and mitigation of every row of the tables that have both columns."""
    found = []
    for heads, rows in markdown.tables(document):
        columns = [
            next((at for at, head in enumerate(heads) if head.startswith(name)), None)
            for name in ("risk", "mitigation")
        ]
        if columns[0] is not None and columns[1] is not None:
            at_risk, at_mitigation = columns[0], columns[1]
            found += [
                (line, cells[at_risk], cells[at_mitigation])
                for line, cells in rows
                if len(cells) > max(at_risk, at_mitigation)
            ]
    return found


def _risk_faults(product: Product, document: markdown.Document) -> Iterator[Evidence]:
    risks = _risks(document)
    if len(risks) < LEAST_RISKS:
        yield Evidence(f"{len(risks)} risks in a table of risk and mitigation, want {LEAST_RISKS}", document.path)
    seen: dict[str, int] = {}
    for line, risk, mitigation in risks:
        if len(risk.split()) < LEAST_PURPOSE_WORDS:
            yield Evidence(f"{risk!r} names no risk", document.path, line)
        elif mitigation in seen:
            yield Evidence(f"its mitigation is that of line {seen[mitigation]}", document.path, line)
        elif fault := _mitigation_fault(product, mitigation):
            yield Evidence(fault, document.path, line)
        seen[mitigation] = line


def _mitigation_fault(product: Product, mitigation: str) -> str:
    ids, tests = set(CRITERION_ID.findall(mitigation)) - {DOC10.id}, TEST_PATH.findall(mitigation)
    strangers = sorted(ids - {item.id for item in standards.catalogue()})
    if strangers:
        return f"{strangers[0]} is no criterion"
    for test in tests:
        path, *names = test.split("::")
        if path not in product.python.tests:
            return f"there is no {path}"
        text = product.text(path) or ""
        if CONFORMANCE.search(text):
            text += "".join(library.read(product).texts(CONFORMANCE_FOLDER))
        lost = [name for name in names if not re.search(rf"\b(?:def|class) {name}\b", text)]
        if lost:
            return f"there is no {lost[0]} in {path}"
    return "" if ids or tests else f"{mitigation!r} names no criterion and no test"


def _unnamed_people(product: Product, text: str, path: str) -> Iterator[Evidence]:
    """Columns about people that a risk evaluation must speak of, and this one does not."""
    agreed = contract.read(product)
    for column in agreed.having("protected"):
        if not re.search(rf"\b{re.escape(column.name)}\b", text):
            yield Evidence(f"the protected column {column.name} is not spoken of", path)
    sensitive = [column for column in agreed if column.is_sensitive]
    if sensitive and not re.search(r"\bpersonal\b|\bsensitive\b|\bconfidential\b", text, re.IGNORECASE):
        fact = f"{sensitive[0].name} is {sensitive[0].classification}, and personal data is not spoken of"
        yield Evidence(fact, contract.FILE, sensitive[0].line)
