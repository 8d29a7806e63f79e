"""What the criteria of code quality share: the receipt of the test suite, and words for what is lacking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from goldenpath.evidence import receipts
from goldenpath.evidence.receipts import Receipt
from goldenpath.product import (
    pull_request,
    suite_run,
)
from goldenpath.product.dvc import Stage
from goldenpath.product.product import Product
from goldenpath.product.suite_run import SuiteRun
from goldenpath.standards.verdict import Evidence, Verdict, failed

SUITE = "CQ-02"
"""The id under which one run of the whole suite is recorded; other criteria take their share of its facts."""
SUITE_COMMAND = f"goldenpath record {SUITE} --junit reports/junit.xml --coverage reports/coverage.xml -- make test"
CODE = ("src", "tests", "Makefile", "pyproject.toml", "requirements", "contract.yaml", "params.yaml", "dvc.yaml")


def suite(product: Product, name: str) -> tuple[SuiteRun, Receipt] | Verdict:
    """The newest run of the suite that counts, by the criterion's own receipts or the suite's; or why there is none."""
    rejected: list[str] = []
    for recorded in dict.fromkeys((name, SUITE)):
        found = receipts.find(product, recorded, CODE)
        rejected += found.rejected
        if found.receipt is None:
            continue
        try:
            run = suite_run.read(found.receipt.facts)
        except ValueError as error:
            return failed(f"the receipt of the tests is not one: {error}", ran_by(found.receipt))
        if fault := suite_run.contradiction(product, run):
            return failed(f"the receipt of the tests does not fit the code: {fault}", ran_by(found.receipt))
        return run, found.receipt
    return _unproved(SUITE_COMMAND, rejected)


def unproved(name: str, target: str, rejected: Iterable[str]) -> Verdict:
    """The failed verdict for want of a receipt: the command that makes one, and why those there do not count."""
    return _unproved(f"goldenpath record {name} -- make {target}", rejected)


def _unproved(command: str, rejected: Iterable[str]) -> Verdict:
    refused = [Evidence(f"a receipt does not count: {reason}") for reason in rejected]
    return failed("no receipt proves it for this code", Evidence("record a run", command=command), *refused[:3])


def ran_by(receipt: Receipt) -> Evidence:
    """The receipt as evidence: who ran which command on which commit."""
    words = f"{receipt.who} ran it on {receipt.when[:10]} on {receipt.commit[:9]} ({receipt.run or 'no CI run'})"
    return Evidence(words, command=receipt.command)


def other_ci(product: Product) -> Evidence | None:
    """The settings of a CI system that is not read, where there are some."""
    path = next((name for name in pull_request.OTHER_CI if name in product.paths), None)
    return Evidence("only GitHub workflows are read", path) if path else None


def names_of(stages: Iterable[Stage]) -> str:
    """The names of stages, for a sentence."""
    return ", ".join(stage.name for stage in stages) or "none"


def share_covered(run: SuiteRun, path: str) -> float:
    """The share of one file's statements that the suite ran; 0 where the measure left it out."""
    hit, statements = run.coverage.get(path, (0, 0))
    return hit / statements if statements else 0.0


def not_as_written(product: Product, path: str) -> str:
    """Why a report is not what the pipeline wrote; empty where it is, by the digest in dvc.lock."""
    content = product.tree.read(path) or b""
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for record in product.pipeline.lock.values():
        for out in (record.get("outs") or []) if isinstance(record, dict) else []:
            if isinstance(out, dict) and out.get("path") == path:
                return "" if out.get("md5") == digest else f"{path} is not what the pipeline wrote"
    return f"no stage of dvc.lock has written {path}"
