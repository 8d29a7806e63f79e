"""What the criteria of code quality share: the receipt of the test suite, and words for what is lacking."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.review.evidence import receipts
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import pull_request, python_source, quickstart, suite_run
from goldenpath.review.product.dvc import Stage
from goldenpath.review.product.product import Product
from goldenpath.review.product.pull_request import Command
from goldenpath.review.product.suite_run import SuiteRun
from goldenpath.review.standards import proofs
from goldenpath.review.standards.verdict import Evidence, Verdict, failed

SUITE = "CQ-02"
"""The id under which one run of the whole suite is recorded; other criteria take their share of its facts."""
SUITE_COMMAND = f"goldenpath record {SUITE} --junit reports/junit.xml --coverage reports/coverage.xml -- make test"
CONFORMANCE = "tests/test_product.py"
"""Where the library's tests are brought to the product."""
STAGES = ("src", "requirements", "vendor", "dvc.yaml")
"""The code that stages run: the team's, and the library that the locks pin."""
LEAST_TOLD = 0.6
"""Share of a file's statements that a measure has to tell: it may leave out type checks and the like."""
CODE = ("src", "tests", "Makefile", "pyproject.toml", "requirements", "contract.yaml", "params.yaml", "dvc.yaml")


def suite(product: Product, name: str) -> tuple[SuiteRun, Receipt] | Verdict:
    """The newest run of the suite that counts, by the criterion's own receipts or the suite's; or why there is none."""
    rejected: list[str] = []
    for recorded in dict.fromkeys((name, SUITE)):
        found = receipts.find(product, recorded, CODE)
        rejected += found.rejected
        if found.receipt is None:
            continue
        if not _runs_tests(product, found.receipt):
            words = f"`{found.receipt.command}` of the receipt runs no tests that can be seen"
            return failed(words, proofs.of_receipt(found.receipt), Evidence("record a run", command=SUITE_COMMAND))
        try:
            run = suite_run.read(found.receipt.facts)
        except ValueError as error:
            return failed(f"the receipt of the tests is not one: {error}", proofs.of_receipt(found.receipt))
        if fault := suite_run.contradiction(product, run):
            return failed(f"the receipt of the tests does not fit the code: {fault}", proofs.of_receipt(found.receipt))
        return run, found.receipt
    hint = Evidence("record a run", command=SUITE_COMMAND)
    return failed("no receipt proves it for this code", hint, *proofs.rejected(receipts.Found(None, tuple(rejected))))


def _runs_tests(product: Product, receipt: Receipt) -> bool:
    """Whether the command of a receipt runs tests, itself, through make or a script, or as the README's quickstart."""
    called = list(_called(product, receipt.command))
    if any("quickstart" in item.text for item in called):
        typed = [command for _, command in quickstart.read(product)]
        # What ran in the fresh clone is the receipt's to tell, and it tells the truth only while the README says so.
        if receipt.facts.get("commands") == typed:
            called += [item for command in typed for item in _called(product, command)]
    return any(item.runs_tests for item in called)


def _called(product: Product, command: str) -> Iterable[Command]:
    return [Command(command, "", None), *pull_request.commands_of(product, command, "", None)]


def names_of(stages: Iterable[Stage]) -> str:
    """The names of stages, for a sentence."""
    return ", ".join(stage.name for stage in stages) or "none"


def share_covered(product: Product, run: SuiteRun, path: str) -> float:
    """The share of one file's statements that the suite ran; what the measure was told to leave out did not run."""
    hit, told = run.coverage.get(path, (0, 0))
    statements = max(told, LEAST_TOLD * python_source.statements(product.python.tree(path)))
    return hit / statements if statements else 0.0
