"""One run of the whole test suite, as a receipt keeps it: JUnit's counts, and coverage's lines of each file.

The same run proves several criteria. Its facts are held against the checkout: the tests that passed must be there, the
counts must add up, and files that the measure left out count as not covered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

_TEST = re.compile(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+(test\w*)[ \t]*\(", re.MULTILINE)
_QUIET = re.compile(r"\"{3}.*?\"{3}|'{3}.*?'{3}|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|\#[^\n]*", re.DOTALL)
"""Strings and comments: what stands in them is not run."""
_REFUSES = re.compile(r"\b(?:raises|warns|fail)\(|\bassert_?\w+\((?!\s*(?:True|1)\s*[,)])")
_SIGNS = re.compile(r"[\[\](){},\n]")
_PLAIN = re.compile(r"^[ \t]+assert[ \t]+([A-Za-z_][^\n\"'#,]*)$", re.MULTILINE)
"""The commonest assertion, which needs no closer look: a line of its own without texts, comments and messages."""
_ASSERT = re.compile(r"\bassert\b")
_CONSTANTS = frozenset({"True", "False", "None", "and", "or", "not", "is", "in"})
_ALWAYS = re.compile(r"\(?\s*([\w.]+)\s*(?:==|is|>=|<=)\s*\1\s*\)?|.*\bor\s+(?:True|1)\s*\)?\s*", re.DOTALL)
"""What is true whatever the code does."""
STAGE_RAN, STAGE_REFUSED = "goldenpath.ran", "goldenpath.refused"
"""JUnit properties of tests in the library's conformance suite: a stage that ran, and one that refused spoiled rows."""
STATEMENTS_PER_LINE = 0.5
"""Statements guessed for each line of a file that coverage left out: low, so that nobody is wronged by the guess."""
FEWEST_PER_LINE = 0.15
"""Statements for each line below which a measure was told to leave most of the code out."""


@dataclass(frozen=True)
class SuiteRun:
    """What one run of the suite reported.

    Attributes:
        tests: How many tests there were.
        failures: How many failed.
        errors: How many broke before or after the test.
        skipped: How many were not run.
        passed_by_module: How many passed, by JUnit's ``classname``.
        coverage: Covered lines and statements of each file, from the JSON report of coverage; empty without one.
        shown: What tests that passed have shown, by JUnit's property: the stages that ran, and those that refused.
    """

    tests: int
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    passed_by_module: Mapping[str, int] = field(default_factory=dict)
    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many passed."""
        return self.tests - self.failures - self.errors - self.skipped


def facts_of(junit: str, coverage: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The facts of a receipt, from the reports of one run.

    Args:
        junit: The JUnit XML, as ``pytest --junit-xml`` writes it.
        coverage: The JSON report, as ``coverage json`` writes it.

    Raises:
        xml.etree.ElementTree.ParseError: The XML does not parse.
    """
    from xml.etree import ElementTree as ET

    facts: dict[str, Any] = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0, "passed_by_module": {}}
    shown: dict[str, set[str]] = {}
    for case in ET.fromstring(junit).iter("testcase"):  # noqa: S314 - a report that the caller's own run wrote
        facts["tests"] += 1
        kinds = {child.tag for child in case}
        outcome = next((name for name in ("error", "failure", "skipped") if name in kinds), "")
        if outcome:
            facts[{"error": "errors", "failure": "failures"}.get(outcome, outcome)] += 1
        else:
            module = case.get("classname") or ""
            facts["passed_by_module"][module] = facts["passed_by_module"].get(module, 0) + 1
            for item in case.iterfind("properties/property"):
                if (name := item.get("name")) in (STAGE_RAN, STAGE_REFUSED):
                    shown.setdefault(str(name), set()).add(item.get("value") or "")
    if shown:
        facts["shown"] = {name: sorted(values) for name, values in shown.items()}
    if coverage is not None:
        summaries = {path: found["summary"] for path, found in coverage["files"].items()}
        facts["coverage"] = {path: [item["covered_lines"], item["num_statements"]] for path, item in summaries.items()}
    return facts


def read(facts: Mapping[str, Any]) -> SuiteRun:
    """Read the facts of a receipt.

    Raises:
        ValueError: They are not of this form, or contradict each other.
    """
    try:
        run = SuiteRun(
            tests=int(facts["tests"]),
            failures=int(facts.get("failures", 0)),
            errors=int(facts.get("errors", 0)),
            skipped=int(facts.get("skipped", 0)),
            passed_by_module={str(name): int(count) for name, count in facts["passed_by_module"].items()},
            coverage={str(path): (int(hit), int(all_)) for path, (hit, all_) in facts.get("coverage", {}).items()},
            shown={str(name): frozenset(map(str, values)) for name, values in facts.get("shown", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"its facts are not those of a test run: {error}") from error
    if run.passed != sum(run.passed_by_module.values()):
        raise ValueError(
            f"{run.passed} tests passed by its counts, {sum(run.passed_by_module.values())} by its modules"
        )
    if any(not 0 <= hit <= statements for hit, statements in run.coverage.values()):
        raise ValueError("more lines are covered than there are")
    return run


def contradiction(product: Product, run: SuiteRun) -> str:
    """What in the checkout the run does not fit; empty where it fits."""
    written = _written(product)
    ghosts = sorted(module for module in run.passed_by_module if file_of(product, module) is None)
    if ghosts:
        return f"tests of {ghosts[0]} passed, and there is no such file of tests"
    if run.tests - run.skipped < written / 2:
        return f"{run.tests - run.skipped} tests ran, and {written} are written"
    known = product.tree.paths
    ghosts = sorted(path for path in run.coverage if path not in known and product.tree.size(path) is None)
    return f"{ghosts[0]} is covered, and there is no such file" if ghosts else ""


@lru_cache(maxsize=64)
def _written(product: Product) -> int:
    """How many test functions there are."""
    return sum(len(_TEST.findall(product.text(path) or "")) for path in product.python.tests)


def file_of(product: Product, module: str) -> str | None:
    """The file of tests behind JUnit's ``classname``, or None."""
    parts = module.removeprefix(product.prefix.replace("/", ".")).split(".")
    candidates = ("/".join(parts[:end]) + ".py" for end in range(len(parts), 0, -1))
    return next((path for path in candidates if path in product.python.tests), None)


def passed_in(product: Product, run: SuiteRun, path: str) -> int:
    """How many tests of one file passed."""
    return sum(count for module, count in run.passed_by_module.items() if file_of(product, module) == path)


def share_covered(product: Product, run: SuiteRun) -> float:
    """The share of the packages' statements that the tests ran; files that the measure left out count as not run."""
    hit = told = guessed = lines_told = 0.0
    for path in product.python.modules:
        lines = sum(bool(line.strip()) for line in (product.text(path) or "").splitlines())
        if path in run.coverage:
            hit, told, lines_told = hit + run.coverage[path][0], told + run.coverage[path][1], lines_told + lines
        else:
            guessed += STATEMENTS_PER_LINE * lines
    statements = max(told, FEWEST_PER_LINE * lines_told) + guessed
    return hit / statements if statements else 0.0


def functions(product: Product) -> list[tuple[str, int, str, bool]]:
    """Every test function: file, line, name, and whether it asserts anything that could be false."""
    found = []
    for path in product.python.tests:
        text = product.text(path) or ""
        starts = list(_TEST.finditer(text))
        for start in starts:
            body = text[start.end() : _end_of(text, start)]
            line = text.count("\n", 0, start.start()) + 1
            found.append((path, line, start[2], _can_fail(body)))
    return found


def _can_fail(body: str) -> bool:
    """Whether anything in a function's body expects something that could be otherwise."""
    if '"""' not in body and "'''" not in body:
        plain = (found[1].strip() for found in _PLAIN.finditer(body))
        if any(
            re.split(r"\W", claim, maxsplit=1)[0] not in _CONSTANTS and not _ALWAYS.fullmatch(claim) for claim in plain
        ):
            return True
    bare = _QUIET.sub('""', body)
    if _REFUSES.search(bare):
        return True
    for found in _ASSERT.finditer(bare):
        claim = _claim(bare, found.end())
        speaks = claim.strip() == "False" or set(re.findall(r"[A-Za-z_]\w*", claim)) - _CONSTANTS
        if speaks and not _ALWAYS.fullmatch(claim.strip()):
            return True
    return False


def _claim(text: str, start: int) -> str:
    """What an ``assert`` claims: up to its message, or to the end of its line outside of brackets."""
    depth = 0
    for found in _SIGNS.finditer(text, start):
        sign = found[0]
        depth += (sign in "([{") - (sign in ")]}")
        if depth <= 0 and sign in ",\n" and text[found.start() - 1] != "\\":
            return text[start : found.start()]
    return text[start:]


@cache
def _up_to(depth: int) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]{{0,{depth}}}(?=[^\s)\]}}#])", re.MULTILINE)


def _end_of(text: str, start: re.Match[str]) -> int:
    """Where the function ends: at the next line that is indented no deeper and is not the end of its signature."""
    deepest = len(start[1].expandtabs())
    end = _up_to(deepest).search(text, start.end())
    return end.start() if end else len(text)
