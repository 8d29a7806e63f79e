"""The audit of dependencies for known vulnerabilities: which command does it, when, and of which locks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from goldenpath.review.product import makefile, pull_request, requirements
from goldenpath.review.product.pull_request import Command
from goldenpath.review.product.verbs import Does
from goldenpath.review.product.workflows import days_between

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

LONGEST_PERIOD = 31
"""Days between two audits by schedule: a hole that is published is used within weeks."""
LOCKS = ("requirements/*.txt", "requirements*.txt")
_TOOLS = ("pip-audit", "pip_audit", "osv-scanner", "trivy", "grype", "safety")
_FAILS = {
    "pip-audit": re.compile(r"(?:^|\s)(?:--strict|-S)\b"),
    "pip_audit": re.compile(r"(?:^|\s)(?:--strict|-S)\b"),
    "trivy": re.compile(r"--exit-code[ =][1-9]"),
    "grype": re.compile(r"(?:--fail-on|-f)[ =]\w+"),
}
"""What each scanner must be told so that a finding, or a package that it could not look up, makes it fail."""
_ONLY_SHOWS = re.compile(r"--dry-run\b|\bpip.audit\b.*\s-d\b|--help\b|--version\b")
_OF_FILES = ("osv-scanner", "trivy", "grype")
"""Scanners that are told a file or a folder; the others look at what is installed, unless told."""
_NAMES_FILES = re.compile(r"\s(?:-r|--requirement|--file)\b")
_EXPORTS = re.compile(r"\b(?:uv|poetry|pdm|pipenv)\b.*\b(?:export|requirements)\b")
_EVERYTHING = re.compile(r"(?:^|\s)(?:\.|\./|dir:\.)(?=\s|$)")
_FOR = re.compile(r"^for\s+\w+\s+in\s+(.*)")


@dataclass(frozen=True)
class Audit:
    """One command that audits: where it stands, what keeps it from counting (empty where it does), and its locks."""

    command: Command
    fault: str
    locks: frozenset[str]


def locks(product: Product) -> tuple[str, ...]:
    """The files that lock packages by their digests: of requirements, and of tools such as uv and Poetry."""
    listed = tuple(path for path in product.matching(*LOCKS) if "--hash=" in (product.text(path) or ""))
    own = (path for path in requirements.TOOLS if path in product.paths)
    return (*listed, *(path for path in own if "sha256" in (product.text(path) or "")))


def scheduled(product: Product) -> Iterator[Audit]:
    """Every command that audits and is run by a workflow on a schedule; those whose failure is ignored left out."""
    for workflow in product.workflows:
        if not _comes_round(workflow.triggers.get("schedule")):
            continue
        for job, step in workflow.runs(("schedule",)):
            if job.may_fail or step.may_fail:
                continue
            line = product.line_with(workflow.path, step.run.strip().splitlines()[0]) if step.run.strip() else None
            piped = step.shell != "bash" and "pipefail" not in step.run
            yield from _of(product, pull_request.commands_of(product, step.run, workflow.path, line, piped=piped))


def _comes_round(schedule: object) -> bool:
    entries = schedule if isinstance(schedule, list) else []
    crons = (str(item.get("cron") or "") for item in entries if isinstance(item, dict))
    return any(days_between(cron) <= LONGEST_PERIOD for cron in crons)


def _of(product: Product, commands: list[Command]) -> Iterator[Audit]:
    made = makefile.read(product)
    exports = any(_EXPORTS.search(command.text) for command in commands)
    listed = " ".join(found[1] for command in commands if (found := _FOR.match(made.filled(command.text))))
    for command in commands:
        if Does.AUDITS in command.does:
            yield Audit(command, "", frozenset(locks(product)))
            continue
        tool = next((name for name in _TOOLS if _starts(made, command, name)), None)
        if tool is None:
            continue
        text = made.filled(command.text)
        in_loop = text.startswith("do ")
        fault = ""
        if _ONLY_SHOWS.search(text):
            fault = "audits nothing"
        elif tool in _FAILS and not _FAILS[tool].search(text):
            fault = "does not fail on what it could not look up, or on what it found: want --strict"
        elif in_loop and command.path == made.path and not made.errexit and "|| exit" not in text:
            fault = "is in a loop whose shell goes on after a failure"
        covered = _covered(product, tool, f"{text} {listed}" if "$" in text else text)
        if tool not in _OF_FILES and (exports or not _NAMES_FILES.search(text)):
            covered |= set(requirements.TOOLS) & set(locks(product))  # what was installed from the lock is audited
        yield Audit(command, fault, covered)


def _starts(made: makefile.Makefile, command: Command, tool: str) -> bool:
    filled = Command(made.filled(command.text), command.path, command.line)
    return filled.runs(tool)


def _covered(product: Product, tool: str, text: str) -> frozenset[str]:
    found = locks(product)
    if not tool.startswith("pip") and _EVERYTHING.search(text):
        return frozenset(found)
    words = {word.strip("'\"()${},").removeprefix("./") for word in re.split(r"[\s=,]+", text)}
    return frozenset(
        path for path in found if any(fnmatchcase(path, word) and word.count("/") == path.count("/") for word in words)
    )
