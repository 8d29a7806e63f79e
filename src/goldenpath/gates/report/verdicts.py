"""What each gate said, read from the report that it left; a gate without a report counts as not run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.delivery.image.check import REPORT as CONTAINER
from goldenpath.gates.model import render
from goldenpath.gates.report.collect import Facts
from goldenpath.gates.verdict import EXIT_CODES, SCHEMA, WORST_FIRST, Verdict
from goldenpath.gates.verdict import overall as worst_of
from goldenpath.project.paths import CONTRACT_DIFF, DATA_CHECK, GATES, LOCK_CHECK, SECRETS
from goldenpath.reports import formatting

REVIEW = Path("reports/review.json")
BUILT = "goldenpath image build, then goldenpath gate image"
REVIEWED = f"goldenpath check --baseline origin/main --format json --output {REVIEW}"
CONTAINER_VERSION = 1
REVIEW_SCHEMA = 1
REVIEW_GATE: dict[str, Verdict] = {"green": "pass", "red": "fail", "inconclusive": "inconclusive"}


@dataclass(frozen=True)
class Finding:
    """One thing that a gate found.

    Attributes:
        name: What was asked; empty where the gate asks one thing only.
        verdict: The answer.
        text: The finding in a sentence.
        value: What was measured.
        limit: What was asked for.
        fix: What to do about it, where the sentence does not say it.
    """

    name: str
    verdict: Verdict
    text: str
    value: str = ""
    limit: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Gate:
    """What one gate said.

    Attributes:
        name: Its name, as ``goldenpath gate NAME`` takes it.
        about: What it guards.
        verdict: Its verdict.
        summary: The finding of the gate as a whole.
        findings: What it found in detail; the worst first.
    """

    name: str
    about: str
    verdict: Verdict
    summary: Finding
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _Known:
    """A gate, where its report lies, how it is run, and how its report is read."""

    name: str
    about: str
    path: Path
    command: str
    schema: tuple[str, int]
    read: Callable[[Mapping[str, Any], Facts], Gate]


class _OutdatedError(ValueError):
    """The report is about something else than what is here."""


def judged(facts: Facts) -> list[Gate]:
    """Every gate's verdict, in the order in which they are run, and in CI how its jobs ended."""
    return [*(_judged(known, facts) for known in KNOWN), *_of_jobs(facts.jobs)]


def overall(gates: list[Gate]) -> Verdict:
    """``fail`` where a gate is red; ``inconclusive`` where nothing is known of one, run or not; else ``pass``."""
    return worst_of(gate.verdict for gate in gates)


def sentence(gates: list[Gate]) -> str:
    """The verdict of all gates, with the names of those that made it."""
    named = {verdict: [gate.about for gate in gates if gate.verdict == verdict] for verdict in WORST_FIRST}
    green = f"{len(named['pass'])} of {formatting.counted(len(gates), 'gate')} green"
    unknown: tuple[Verdict, ...] = ("inconclusive", "not run")
    open_ones = [f"{verdict}: {formatting.listed(named[verdict], 8)}" for verdict in unknown if named[verdict]]
    if named["fail"]:
        return f"Gates are RED: {formatting.listed(named['fail'], 8)}. " + "; ".join([green, *open_ones]) + "."
    if open_ones:
        return f"Gates are INCONCLUSIVE: {'; '.join(open_ones)}. {green}, none red."
    return f"Gates are green: all {len(gates)} hold."


def of_model(facts: Facts) -> Mapping[str, Any]:
    """The model gate's report, if it is about the model and the base at hand; else empty."""
    return _usable(facts, GATES)


def of_data(facts: Facts) -> Mapping[str, Any]:
    """The data gate's report, if it is about the base at hand; else empty."""
    return _usable(facts, DATA_CHECK)


def of_review(facts: Facts) -> Mapping[str, Any]:
    """The checklist's review; empty where there is none."""
    return _usable(facts, REVIEW)


def _usable(facts: Facts, path: Path) -> Mapping[str, Any]:
    known = next(item for item in KNOWN if item.path == path)
    try:
        report = _report(known, facts)
        known.read(report, facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return report


def _judged(known: _Known, facts: Facts) -> Gate:
    try:
        return known.read(_report(known, facts), facts)
    except FileNotFoundError:
        verdict, text = "not run", f"There is no {known.path}."
    except _OutdatedError as error:
        verdict, text = "inconclusive", str(error)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        verdict, text = "inconclusive", f"{known.path} cannot be read."
    told: Verdict = "not run" if verdict == "not run" else "inconclusive"
    return Gate(known.name, known.about, told, Finding("", told, text, fix=f"Run {known.command}"))


def _report(known: _Known, facts: Facts) -> Mapping[str, Any]:
    report: Mapping[str, Any] = json.loads((facts.root / known.path).read_text(encoding="utf-8"))
    key, version = known.schema
    if report[key] != version:
        raise _OutdatedError(f"{known.path} has {key} {report[key]}; this report knows {version}.")
    return report


def _of_check(about: str, name: str) -> Callable[[Mapping[str, Any], Facts], Gate]:
    def read(report: Mapping[str, Any], facts: Facts) -> Gate:
        _refuse_other_base(report.get("base"), facts)
        _refuse_other_data(report.get("changed", []), facts)
        verdict: Verdict = report["verdict"]
        if verdict not in EXIT_CODES:
            raise ValueError(verdict)
        reasons = tuple(Finding("", verdict, reason) for reason in report["reasons"])
        text, value, limit = _found(name, report)
        told = text if verdict == "pass" else formatting.counted(len(reasons), "finding")
        return Gate(name, about, verdict, Finding("", verdict, told, value, limit), reasons)

    return read


def _found(name: str, report: Mapping[str, Any]) -> tuple[str, str, str]:
    """A check's finding in a sentence, what it measured, and what it asked for, as far as its report tells."""
    if name == "contract" and (version := report.get("version")):
        changes = formatting.counted(len(report.get("changes", [])), "change")
        needed = version["needed"]
        return f"{changes}.", f"{version['base'] or 'none'} → {version['head']}", f"version {needed}" * bool(needed)
    if name == "data":
        changed = report.get("changed", [])
        found = report.get("comparison") or {}
        value = f"{found['added']:,} new rows, {found['lost']:,} gone" if found else ""
        text = f"{formatting.counted(len(changed), 'output')} of DVC changed." if changed else "No data changed."
        return text, value, ""
    if name == "lock":
        return "dvc.lock describes what is here.", f"{len(report.get('stale', []))} stale", "0 stale"
    return "Nothing was found.", "", ""


def _of_model(report: Mapping[str, Any], facts: Facts) -> Gate:
    mine = facts.now.signature.get("model_sha256")
    if mine and report["model"] != mine:
        raise _OutdatedError(f"{GATES} is about another model ({str(report['model'])[:12]}) than the one here.")
    _refuse_other_base(report["champion"]["commit"], facts)
    findings = tuple(
        Finding(item["name"], item["verdict"], item["reason"], render.value(item), item["limit"], item["fix"])
        for item in report["gates"]
    )
    held = sum(item.verdict == "pass" for item in findings)
    asked = sum(item.verdict != "n/a" for item in findings)
    text = f"{held} of {formatting.counted(asked, 'limit')} held. {report['champion']['reason']}"
    return Gate("model", "the model", report["verdict"], Finding("", report["verdict"], text), _worst_first(findings))


def _of_container(report: Mapping[str, Any], _: Facts) -> Gate:
    findings = tuple(
        Finding(item["name"], "pass" if item["passed"] else "fail", item["message"]) for item in report["gates"]
    )
    if not findings:
        raise ValueError(CONTAINER)
    held = sum(item.verdict == "pass" for item in findings)
    verdict: Verdict = "pass" if held == len(findings) else "fail"
    text = f"{held} of {formatting.counted(len(findings), 'demand')} held by {report['image']}."
    return Gate("image", "the container", verdict, Finding("", verdict, text), _worst_first(findings))


def _of_review(report: Mapping[str, Any], facts: Facts) -> Gate:
    product = product_of(report)
    if report["gate"] is None:
        raise _OutdatedError(f"{REVIEW} holds a review without a base to compare with.")
    _refuse_other_base(product["base"], facts)
    verdict = REVIEW_GATE[report["gate"]]
    findings = tuple(
        Finding(
            item["id"] or item["kind"],
            "inconclusive" if item["kind"] == "undecided" else "fail",
            item["reason"],
            fix=" ".join(fact["command"] for fact in item["evidence"] if fact["command"]),
        )
        for item in product["findings"] or []
    )
    level = formatting.UNKNOWN if product["level"] is None else product["level"]
    text = f"Level {level}; {formatting.counted(len(findings), 'finding')}."
    return Gate("check", "the production checklist", verdict, Finding("", verdict, text), _worst_first(findings))


def _of_jobs(jobs: Mapping[str, str]) -> Iterator[Gate]:
    """Formatting, types, tests and audits leave no report: their verdict is how their job ended."""
    if not jobs:
        return
    findings = tuple(Finding(name, "pass" if end == "success" else "fail", end) for name, end in jobs.items())
    held = sum(item.verdict == "pass" for item in findings)
    verdict: Verdict = "pass" if held == len(findings) else "fail"
    summary = Finding("", verdict, f"{held} of {formatting.counted(len(findings), 'job')} succeeded.")
    yield Gate("ci", "the jobs of CI", verdict, summary, _worst_first(findings))


def product_of(review: Mapping[str, Any]) -> Mapping[str, Any]:
    """The review of the product in the project's folder."""
    products: list[Mapping[str, Any]] = review["products"]
    return next((item for item in products if item["folder"] == "."), products[0])


def _refuse_other_base(commit: str | None, facts: Facts) -> None:
    if commit and facts.base is not None and commit != facts.base.commit:
        raise _OutdatedError(f"Its report compares with commit {commit[:9]}, not with {facts.base.commit[:9]}.")


def _refuse_other_data(changed: list[dict[str, str]], facts: Facts) -> None:
    for item in changed:
        if facts.now.digests.get(item["path"], item["after"]) != item["after"]:
            raise _OutdatedError(f"Its report is about another {item['path']} than the one here.")


def _worst_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: WORST_FIRST.index(item.verdict)))


def _checks() -> Iterator[_Known]:
    for name, about, path in (
        ("secrets", "keys in git", SECRETS),
        ("lock", "the pipeline's record", LOCK_CHECK),
        ("contract", "the data contract", CONTRACT_DIFF),
        ("data", "the data", DATA_CHECK),
    ):
        yield _Known(name, about, path, f"goldenpath gate {name}", ("schema", SCHEMA), _of_check(about, name))


KNOWN = (
    *_checks(),
    _Known("model", "the model", GATES, "goldenpath gate model", ("schema", SCHEMA), _of_model),
    _Known("image", "the container", CONTAINER, BUILT, ("version", CONTAINER_VERSION), _of_container),
    _Known(
        "check",
        "the production checklist",
        REVIEW,
        REVIEWED,
        ("schema", REVIEW_SCHEMA),
        _of_review,
    ),
)
"""Every gate that leaves a report."""
