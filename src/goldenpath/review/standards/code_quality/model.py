"""The model: learnt from valid rows, good enough for every slice, fed by one path of features, refused when bad."""

from __future__ import annotations

import re

from goldenpath.review.evidence import receipts
from goldenpath.review.product import code_roles, delivery, dvc, import_graph, library, slices, suite_run
from goldenpath.review.product.evaluation import is_lower_better
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product
from goldenpath.review.standards.code_quality import proof
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_number, elsewhere, of_receipt, unproved
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

PARITY = "reports/parity.json"


class CQ08(Criterion):
    """A model that learns from broken rows is broken in ways that no metric on the same rows will show.

    So data is held against its contract before anything learns from it, and a test proves that the check can say no.
    """

    id = "CQ-08"
    title = "Validation guards training"
    level = 2
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "in dvc.yaml a stage that validates is an ancestor of the one that trains, and its code can refuse; by the "
        "receipt of the suite, tests passed in a file that imports this stage and expects a refusal, or, where the "
        "pinned library validates, a test that passed has shown that it refuses spoiled rows of this product"
    )
    fix = f"the validate stage of the template and tests/test_product.py; `{proof.SUITE_COMMAND}`"
    sources = ("ML Test Score Data 1", "TensorFlow Data Validation", "NIST AI RMF Measure 2.1")
    gaming = "A stage that lets everything through: its code must raise or exit, and a test must have seen it."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        train, guard = code_roles.training(product), code_roles.guarding(product)
        if train is None or guard is None:
            missing = "trains" if train is None else "validates"
            return failed(f"no stage {missing}", Evidence("stages: " + proof.names_of(product.pipeline), "dvc.yaml"))
        line = product.line_of("dvc.yaml", rf"^\s+{re.escape(guard.name)}\s*:")
        if guard.name not in product.pipeline.ancestors(train.name):
            fact = Evidence(f"{train.name} reads nothing that {guard.name} writes", "dvc.yaml", line)
            return failed(f"{train.name} does not wait for {guard.name}", fact)
        if code_roles.is_librarys(product, guard):
            return _seen_to_refuse(product, train.name, guard.name, line)
        module = import_graph.run_by(product, guard.command)
        if module is None:
            return failed(f"{guard.name} runs no code of the product", Evidence(guard.command, "dvc.yaml", line))
        if not any(code_roles.can_refuse(product, path) for path in (module, *import_graph.imported(product, module))):
            return failed(f"{guard.name} cannot refuse anything", Evidence("neither raises nor exits", module))
        tests = code_roles.tests_of_refusal(product, module)
        if not tests:
            return failed(f"no test expects {guard.name} to refuse", Evidence("feed it spoiled rows", module))
        run = proof.suite(product, CQ08.id)
        if isinstance(run, Verdict):
            return run
        proved = [path for path in tests if suite_run.passed_in(product, run[0], path)]
        if not proved:
            return failed(
                "the test of the refusal did not run", Evidence("not in the receipt", tests[0]), of_receipt(run[1])
            )
        words = f"{train.name} waits for {guard.name}, which was seen to refuse"
        return passed(
            words,
            Evidence("validates", "dvc.yaml", line),
            Evidence("sees it refuse", proved[0]),
            of_receipt(run[1]),
        )


def _seen_to_refuse(product: Product, train: str, guard: str, line: int | None) -> Verdict:
    """Whether the suite has shown that the library's validation refuses spoiled rows of this product."""
    run = proof.suite(product, CQ08.id)
    if isinstance(run, Verdict):
        return run
    if guard not in run[0].shown.get(suite_run.STAGE_REFUSED, ()):
        fact = Evidence(f"no test that passed has shown that {guard} refuses spoiled rows", proof.CONFORMANCE)
        return failed(f"no test expects {guard} to refuse", fact, of_receipt(run[1]))
    fact = Evidence("validates", "dvc.yaml", line)
    return passed(f"{train} waits for {guard}, which was seen to refuse", fact, of_receipt(run[1]))


class CQ11(Criterion):
    """An average can rise while one group of customers gets a worse answer than before.

    Slices are where harm and lost money hide. A floor for each of them, agreed in advance, turns a surprise into a
    failed gate.
    """

    id = "CQ-11"
    title = "Slices hold their floors"
    level = 2
    part = Part.CODE_QUALITY
    verify = (
        "contract.yaml gives columns the role segment or protected; reports/segments.json, as the pipeline wrote it, "
        "measures each of them; every measured group holds the floors of params.yaml (gates.segments), which ask for "
        "more than the constant baseline reaches"
    )
    fix = "gates.segments in params.yaml, such as `roc_auc: {min: 0.55}`, then `make run`"
    sources = (
        "ML Test Score Model 6",
        "NIST AI RMF Measure 2.11",
        "EU AI Act Art. 10",
        "Model Cards for Model Reporting",
    )
    gaming = "A floor that everything passes, or an edited report: the baseline and dvc.lock's digest tell."

    @staticmethod
    def check(product: Product) -> Verdict:
        wanted = slices.columns(product)
        if not wanted:
            return failed("no column of the contract is a segment", Evidence("give one the role", "contract.yaml"))
        if slices.REPORT not in product.paths:
            return failed("nothing is measured by slice", Evidence("is missing", slices.REPORT, None, "make run"))
        if fault := dvc.not_as_written(product, product.pipeline, slices.REPORT):
            return failed(fault, Evidence(fault, slices.REPORT, None, "make run"))
        floors = slices.floors(product)
        line = product.line_of(slices.PARAMS, r"^\s+segments\s*:")
        if not floors:
            return failed("no floor is set for the slices", Evidence("lacks gates.segments", slices.PARAMS))
        for floor in floors:
            constant = slices.baseline(product, floor.metric)
            if constant is None:
                fact = Evidence(f"lacks baseline.constant.{floor.metric}", slices.METRICS)
                return failed(f"whether the floor {floor} asks for anything cannot be told", fact)
            if floor.holds(constant):
                words = f"the floor {floor} is one that the constant baseline ({constant:g}) holds"
                return failed(words, Evidence(str(floor), slices.PARAMS, line))
        judged = [(column, item) for column, item in slices.groups(product) if isinstance(item.get("metrics"), dict)]
        unseen = wanted - {column for column, _ in judged}
        if unseen:
            return failed(f"{', '.join(sorted(unseen))} is not measured", Evidence("lacks it", slices.REPORT))
        bad = [
            Evidence(
                f"{column} {item.get('group')}: {floor.metric} is {item['metrics'].get(floor.metric)}", slices.REPORT
            )
            for column, item in judged
            for floor in floors
            if not isinstance(value := item["metrics"].get(floor.metric), int | float) or not floor.holds(value)
        ]
        said = ", ".join(map(str, floors))
        if bad:
            return failed(f"{len(bad)} of {len(judged)} groups miss {said}", *bad[:5])
        return passed(f"all {len(judged)} groups hold {said}", Evidence(said, slices.PARAMS, line))


class CQ12(Criterion):
    """A gate that has never refused anything may be unable to.

    Before a model is deployed without a person looking, something must be able to stop a worse one. The proof is to
    give the gate a model made worse on purpose and to see it refuse.
    """

    id = "CQ-12"
    title = "Bad model refused"
    level = 3
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "in every workflow that deploys, each deploying job comes after a gate whose failure counts; a receipt in "
        "which the gate refused a degraded model: metric, current_score (as in reports/metrics.json), degraded_score "
        "(worse), gate_exit_code (not 0)"
    )
    fix = (
        "`needs: gate` in .github/workflows/cd.yml; `goldenpath record CQ-12 -- goldenpath gate --self-test`, which "
        "gives it a worse model"
    )
    effort = Effort.DAYS
    sources = ("ML Test Score Infra 4", "Google MLOps levels: level 2")
    gaming = "A gate that always says yes: the receipt's degraded model must be worse by the product's own metric."
    is_anchor = True

    @staticmethod
    def check(product: Product) -> Verdict:
        deploying = delivery.jobs(product)
        if not deploying:
            return elsewhere(product, "deployments may be") or failed(
                "no workflow deploys, so nothing is there to refuse", Evidence("is missing", ".github/workflows/cd.yml")
            )
        open_ = [item for item in deploying if not item.gated]
        if open_:
            shown = [Evidence(f"job {item.job} runs `{item.command}`", item.path, item.line) for item in open_]
            return failed("a deployment waits for no gate", *shown)
        found = receipts.find(product, CQ12.id, (*proof.STAGES, "params.yaml", "models", "reports/metrics.json"))
        if found.receipt is None:
            return unproved("CQ-12", "goldenpath gate --self-test", found, "no receipt proves it for this code")
        facts, ran = found.receipt.facts, of_receipt(found.receipt)
        metric = facts.get("metric")
        current, worse = (as_number(facts.get(key)) for key in ("current_score", "degraded_score"))
        if current is None or worse is None:
            return failed("the receipt does not say what the gate was given", ran)
        report = product.json("reports/metrics.json") or {}
        value = (report.get("model") or {}).get(metric) if isinstance(report, dict) else None
        value = as_number(value.get("value") if isinstance(value, dict) else value)
        if value is None or abs(value - current) > 1e-6 + 1e-4 * abs(value):
            return failed(f"the receipt's {metric} of {current} is not that of reports/metrics.json ({value})", ran)
        lower = is_lower_better(str(metric))
        if worse <= current if lower else worse >= current:
            return failed(f"the degraded model was no worse: {metric} {worse} beside {current}", ran)
        refusal = as_number(facts.get("gate_exit_code"))
        if refusal is None or refusal == 0:
            return failed(f"the gate let a model with {metric} {worse} through", ran)
        gated = [Evidence(f"job {item.job} comes after a gate", item.path, item.line) for item in deploying]
        return passed(f"the gate refused {metric} {worse} beside {current}", ran, *gated)


class CQ13(Criterion):
    """Features computed twice are computed differently, sooner or later.

    Training and serving must run the same code from raw columns to the model's input. Skew between them raises no
    error; it only makes every prediction a little wrong.
    """

    id = "CQ-13"
    title = "One feature path"
    level = 3
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.EXECUTED)
    verify = (
        "by imports, training and serving reach the same module of features and use the same functions of it, or both "
        "are the pinned library's, at one digest; no module that only serving reaches transforms columns itself; "
        f"{PARITY}, as the pipeline wrote it, compares rows and finds no decision that differs"
    )
    fix = "import one module of features from both; `make run` writes reports/parity.json"
    effort = Effort.DAYS
    sources = ("ML Test Score Monitoring 3", "Google Rules of Machine Learning 32", "Google MLOps levels: level 1")
    gaming = "An empty module that both import: both must use functions of it that do something."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        stage, starts = code_roles.training(product), code_roles.serving(product)
        if stage and code_roles.is_librarys(product, stage):
            return _one_library(product, stage.name, starts)
        train = import_graph.run_by(product, stage.command) if stage else None
        if train is None:
            return failed(
                "no stage trains with code of the product",
                Evidence("stages: " + proof.names_of(product.pipeline), "dvc.yaml"),
            )
        if not starts:
            if product.manifest.serving or not product.manifest.present:
                return failed("no code serves the model", Evidence("want a serving module", "src"))
            return unknown("the manifest names no way of serving", Evidence("serving", MANIFEST))
        trained, served = import_graph.closure(product, train), import_graph.closure(product, *starts)
        shared = {
            path: sorted(code_roles.used(product, trained, path) & code_roles.used(product, served, path))
            for path in trained & served
            if code_roles.is_features(path) and code_roles.works(product, path)
        }
        if not any(shared.values()):
            facts = [Evidence("trains", train), *(Evidence("serves", path) for path in starts[:3])]
            return failed("training and serving share no code of features", *facts)
        for path in sorted(served - trained):
            if found := code_roles.own_transform(product, path):
                return failed("serving transforms columns on its own", Evidence(f"{found[0]}…)", path, found[1]))
        return _equal(
            product, [Evidence(f"both use {', '.join(names)}", path) for path, names in shared.items() if names]
        )


def _one_library(product: Product, stage: str, starts: list[str]) -> Verdict:
    """Whether what the library trains is served by the library too, and by nothing of the product's own."""
    for path in starts:
        if found := code_roles.own_transform(product, path):
            return failed("serving transforms columns on its own", Evidence(f"{found[0]}…)", path, found[1]))
    if starts:
        facts = [Evidence(f"{stage} is the library's", "dvc.yaml"), *(Evidence("serves", path) for path in starts[:3])]
        return failed("training and serving share no code of features", *facts)
    if not product.manifest.serving:
        return unknown("the manifest names no way of serving", Evidence("serving", MANIFEST))
    pinned = library.read(product)
    return _equal(product, [Evidence(f"{stage} and serving are goldenpath {pinned.version}", pinned.wheel)])


def _equal(product: Product, facts: list[Evidence]) -> Verdict:
    """Whether rows that were sent through both came out alike."""
    parity = product.json(PARITY)
    if not isinstance(parity, dict) or not parity.get("rows"):
        return failed("no rows were sent through both", *facts, Evidence("is missing or empty", PARITY))
    if fault := dvc.not_as_written(product, product.pipeline, PARITY):
        return failed(fault, Evidence(fault, PARITY, None, "make run"))
    if parity.get("flipped_decisions", 1) != 0:
        words = f"{parity.get('flipped_decisions', 'an unknown number of')} decisions differ between the two"
        return failed(words, Evidence(words, PARITY))
    return passed(f"one path, equal on {parity['rows']} rows", *facts, Evidence("no decision differs", PARITY))
