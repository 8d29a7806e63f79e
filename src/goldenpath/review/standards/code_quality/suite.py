"""The test suite: it stops a pull request, can fail, and reaches features and the whole pipeline."""

from __future__ import annotations

import re

from goldenpath.review.evidence import receipts
from goldenpath.review.product import code_roles, import_graph, pull_request, suite_run
from goldenpath.review.product.product import Product
from goldenpath.review.product.pull_request import PullRequest
from goldenpath.review.standards.code_quality import proof
from goldenpath.review.standards.criterion import Criterion, Effort, Part, Proof
from goldenpath.review.standards.proofs import as_texts, elsewhere, of_receipt
from goldenpath.review.standards.verdict import Evidence, Verdict, failed, passed, unknown

CODE = ("src", "tests", "Makefile", "pyproject.toml", "requirements", "contract.yaml", "params.yaml", "dvc.yaml")
LEAST_COVERED = {"low": 0.20, "medium": 0.20, "high": 0.50}
"""Share of statements by criticality. Low on purpose: it tells an empty suite from a real one, no more."""
FEATURES_COVERED = 0.80
STAGE_COVERED = 0.60
"""Importing a module covers its definitions; more than so much means that its functions ran."""


class CQ02(Criterion):
    """A pull request must not be mergeable while its tests are red.

    That is the floor of all automation: every later gate hangs on a pipeline whose failures stop somebody. A workflow
    that swallows its failures is worse than none, because its green mark is believed.
    """

    id = "CQ-02"
    title = "Tests gate the pull request"
    level = 1
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a workflow on pull_request runs the tests, directly or through make or a script, and nothing swallows their "
        "failure; a receipt of a run of the suite on this code: tests, failures, errors, skipped, passed_by_module "
        "(JUnit's classname), coverage (covered lines and statements by file). At criticality high, with a link to "
        "the CI run"
    )
    fix = f"`{proof.SUITE_COMMAND}`; .github/workflows/ci.yml of the template"
    sources = ("Microsoft MLOps maturity model: level 1", "OpenSSF Scorecard: CI-Tests", "NIST SSDF PW.8")
    gaming = "A green workflow that runs nothing: the receipt's tests must exist here, and its counts must add up."
    is_anchor = True

    @staticmethod
    def check(product: Product) -> Verdict:
        asked = pull_request.read(product)
        called = next((command for command in asked.commands if command.runs_tests), None)
        if called is None:
            lost = next((item for item in asked.swallowed if item.command.runs_tests), None)
            if lost:
                fact = Evidence(f"`{lost.command.text}`", lost.command.path, lost.command.line)
                return failed(f"the tests run on a pull request, and their failure is swallowed by {lost.by}", fact)
            return _untested(product, asked)
        fact = Evidence(f"runs `{called.text}`", called.path, called.line)
        run = proof.suite(product, proof.SUITE)
        if isinstance(run, Verdict):
            return run.but(run.status, run.reason, fact)
        if run[0].passed < 1 or run[0].failures or run[0].errors:
            return failed(
                f"{run[0].passed} tests passed, {run[0].failures + run[0].errors} did not", of_receipt(run[1])
            )
        if product.manifest.criticality == "high" and not run[1].run:
            return failed(
                "at criticality high the run must be CI's, and the receipt has no link to one", of_receipt(run[1])
            )
        return passed(f"{run[0].passed} tests passed, and a pull request runs them", fact, of_receipt(run[1]))


class CQ03(Criterion):
    """A suite without assertions is green whatever the code does.

    Tests are there to fail when somebody breaks the code. Those that assert nothing, assert what is always true, or
    never reach the package cannot, and give a confidence that nothing has earned.
    """

    id = "CQ-03"
    title = "Tests are real"
    level = 1
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "at least half of the test functions assert something that can be false; tests import the package; by the "
        "receipt of the suite (CQ-02, or one of its own with the same facts) tests ran and cover 20 % of the packages' "
        "statements, 50 % at criticality high, where files that the measure leaves out count as not covered"
    )
    fix = f"`{proof.SUITE_COMMAND}` once tests/ asserts what src/ promises"
    effort = Effort.DAYS
    sources = ("ML Test Score Infra 2", "Google Testing Blog: code coverage best practices")
    gaming = (
        "Tests that call everything and assert nothing, or `assert True`: they count as none. Coverage raised by "
        "leaving files out: those count as not covered. Forged counts: they are held against the files of tests."
    )
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        tests = suite_run.functions(product)
        if not tests:
            return failed("there are no tests", Evidence("no file test_*.py holds a test function", "tests"))
        hollow = [Evidence(f"{name} asserts nothing", path, line) for path, line, name, asserts in tests if not asserts]
        if len(hollow) > len(tests) / 2:
            return failed(f"{len(hollow)} of {len(tests)} tests assert nothing that could be false", *hollow[:3])
        names = [home.rpartition("/")[2] for home in product.python.packages]
        pattern = re.compile(rf"^\s*(?:from|import)\s+(?:{'|'.join(map(re.escape, names))})\b", re.MULTILINE)
        if not names or not any(pattern.search(product.text(path) or "") for path in product.python.tests):
            return failed("no test imports the package", Evidence(f"{len(tests)} tests", tests[0][0]))
        run = proof.suite(product, CQ03.id)
        if isinstance(run, Verdict):
            return run
        share, least = suite_run.share_covered(product, run[0]), LEAST_COVERED[product.manifest.criticality]
        if run[0].passed < 1 or share < least:
            words = f"{run[0].passed} tests passed and cover {share:.0%} of the code, want {least:.0%}"
            return failed(words, of_receipt(run[1]))
        return passed(
            f"{run[0].passed} tests passed and cover {share:.0%} of the code", of_receipt(run[1]), *hollow[:3]
        )


class CQ09(Criterion):
    """Most wrong models are wrong in their features: a join that looks ahead, a unit mixed up, a default that hides.

    The code that makes features is small and runs on every row, in training and in serving. It deserves more tests
    than the rest.
    """

    id = "CQ-09"
    title = "Feature code tested"
    level = 2
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "a module of features (features.py, preprocessing.py, …) that training imports, or, where the pinned library "
        "trains, the team's modules that its stages depend on; by the receipt of the suite at least "
        f"{FEATURES_COVERED:.0%} of its statements ran, none taken out of the measure by comments"
    )
    fix = f"tests/test_source.py and tests/test_model.py; `{proof.SUITE_COMMAND}`"
    sources = ("ML Test Score Data 7",)
    gaming = "`# pragma: no cover`, or a file of features that nothing imports: both fail."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        paths = code_roles.features(product)
        if not paths:
            return failed("no module of features is imported by training", Evidence("want features.py", "src"))
        for path in paths:
            if line := product.line_of(path, r"pragma:\s*no cover"):
                return failed("feature code is taken out of the measure", Evidence("pragma: no cover", path, line))
        run = proof.suite(product, CQ09.id)
        if isinstance(run, Verdict):
            return run
        shares = {path: proof.share_covered(product, run[0], path) for path in paths}
        facts = [Evidence(f"{share:.0%} of its statements ran", path) for path, share in shares.items()]
        worst = min(shares.values())
        if worst < FEATURES_COVERED:
            return failed(
                f"feature code is covered to {worst:.0%}, want {FEATURES_COVERED:.0%}", *facts, of_receipt(run[1])
            )
        return passed(f"feature code is covered to {worst:.0%}", *facts, of_receipt(run[1]))


class CQ10(Criterion):
    """Stages that pass their own tests can still not fit together: a renamed column, an order, a missing file.

    One test that runs the whole pipeline on a sample finds this in seconds, before the nightly run on all rows does.
    """

    id = "CQ-10"
    title = "Pipeline integration test"
    level = 2
    part = Part.CODE_QUALITY
    proofs = (Proof.PARSED, Proof.RECEIPT)
    verify = (
        "one file of tests or conftest.py imports the code of every stage of dvc.yaml, and by the receipt of the suite "
        f"at least {STAGE_COVERED:.0%} of each stage's statements ran; of a stage of the pinned library, a test that "
        "passed has shown that it ran on a sample of the product's data; or a receipt of its own whose fact `stages` "
        "names exactly the stages of dvc.yaml"
    )
    fix = f"tests/test_product.py runs every stage on a sample; `{proof.SUITE_COMMAND}`"
    sources = ("ML Test Score Infra 3", "Google MLOps levels: level 1")
    gaming = "A test that imports the stages and runs none: importing covers too little of them."
    by_library = True

    @staticmethod
    def check(product: Product) -> Verdict:
        stages = list(product.pipeline)
        if len(stages) < 2:
            return failed("there is no pipeline of stages", Evidence("want at least two", "dvc.yaml"))
        own = receipts.find(product, CQ10.id, CODE).receipt
        if own is not None and "stages" in own.facts:
            if set(as_texts(own.facts["stages"])) == {stage.name for stage in stages}:
                return passed(f"all {len(stages)} stages ran on a sample", of_receipt(own))
            return failed("the run on a sample had other stages than dvc.yaml", of_receipt(own))
        shared = [stage.name for stage in stages if code_roles.is_librarys(product, stage)]
        if shared:
            run = proof.suite(product, CQ10.id)
            if isinstance(run, Verdict):
                return run
            if idle := [name for name in shared if name not in run[0].shown.get(suite_run.STAGE_RAN, ())]:
                words = f"no test has shown that {', '.join(idle)} runs on this product's data"
                return failed(words, Evidence("want goldenpath.conformance", proof.CONFORMANCE), of_receipt(run[1]))
            if len(shared) == len(stages):
                return passed(f"all {len(stages)} stages ran in the tests", of_receipt(run[1]))
        modules = {
            stage.name: import_graph.run_by(product, stage.command) for stage in stages if stage.name not in shared
        }
        foreign = [name for name, path in modules.items() if path is None]
        if foreign:
            fix = Evidence("record a run on a sample", "dvc.yaml", None, "goldenpath record CQ-10 -- COMMAND")
            return failed(f"{', '.join(foreign)} run no Python of the product, so no test can show that they ran", fix)
        wanted = set(filter(None, modules.values()))
        candidates = [
            path for path in product.python.files if path in product.python.tests or path.endswith("conftest.py")
        ]
        whole = next((path for path in candidates if wanted <= code_roles.imported_by_test(product, path)), None)
        if whole is None:
            return failed("no test puts all stages together", Evidence(f"stages: {proof.names_of(stages)}", "tests"))
        run = proof.suite(product, CQ10.id)
        if isinstance(run, Verdict):
            return run
        idle = [
            f"{name} ({proof.share_covered(product, run[0], path):.0%})"
            for name, path in modules.items()
            if path and proof.share_covered(product, run[0], path) < STAGE_COVERED
        ]
        if idle:
            return failed(f"stages hardly ran: {', '.join(idle)}", Evidence("imports them", whole), of_receipt(run[1]))
        return passed(f"all {len(stages)} stages ran in the tests", Evidence("runs them", whole), of_receipt(run[1]))


def _untested(product: Product, asked: PullRequest) -> Verdict:
    """Why no pull request is seen to run the tests: no workflow, another CI, or one that cannot be followed."""
    if not asked.workflows and (verdict := elsewhere(product, "the tests may run")):
        return verdict
    if not asked.workflows:
        return failed("no workflow runs on pull requests", Evidence("is missing", ".github/workflows/ci.yml"))
    seen = Evidence("runs no tests that can be seen", asked.workflows[0].path)
    run = proof.suite(product, proof.SUITE)
    if not isinstance(run, Verdict) and run[1].run:
        words = "CI has run the tests, but no step of a pull request is seen to: call them directly or through make"
        return unknown(words, seen, of_receipt(run[1]))
    return failed("no pull request runs the tests", seen)
