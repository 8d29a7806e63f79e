"""GitHub workflows: what runs on a pull request, with which rights, and by which actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.product.product import Product

SWALLOWED = re.compile(r"\|\|\s*(?:true|:|exit 0)\s*(?:$|[;#)])|^\s*set \+e\b|;\s*(?:true|exit 0)\s*$", re.MULTILINE)
"""Shell that turns a failed command into success."""


@dataclass(frozen=True)
class Step:
    """One step of a job.

    Attributes:
        run: The shell commands; empty for an action.
        uses: The action; empty for commands.
        may_fail: Whether its failure is ignored, by key or by shell.
    """

    run: str = ""
    uses: str = ""
    may_fail: bool = False


@dataclass(frozen=True)
class Job:
    """One job of a workflow: its name, what it waits for, its steps, and whether its failure is ignored."""

    name: str
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    may_fail: bool = False
    permissions: Any = None
    uses: str = ""


@dataclass(frozen=True)
class Workflow:
    """One workflow.

    Attributes:
        path: The file.
        name: Its name.
        triggers: The events that start it, with their settings.
        jobs: Its jobs.
        permissions: The rights of all jobs; None where it says nothing.
    """

    path: str
    name: str
    triggers: Mapping[str, Any] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    permissions: Any = None

    def runs(self) -> Iterator[tuple[Job, Step]]:
        """Every step that runs shell commands, with its job."""
        yield from ((job, step) for job in self.jobs for step in job.steps if step.run)

    def make_targets(self) -> set[str]:
        """The targets of ``make`` that its steps call and whose failure counts."""
        found: set[str] = set()
        for job, step in self.runs():
            if not (job.may_fail or step.may_fail):
                for words in re.findall(r"^\s*make((?:[ \t]+[\w./=-]+)+)", step.run, flags=re.MULTILINE):
                    found |= {word for word in words.split() if re.fullmatch(r"[a-z][\w-]*", word)}
        return found


def read(product: Product) -> tuple[Workflow, ...]:
    """Read every workflow that parses; the others are named by the criteria about workflows."""
    found = []
    for path in product.matching(".github/workflows/*.yml", ".github/workflows/*.yaml"):
        try:
            found.append(_workflow(path, product.mapping(path)))
        except BrokenFileError:
            continue
    return tuple(found)


def _workflow(path: str, raw: dict[Any, Any]) -> Workflow:
    triggers = raw.get("on", raw.get(True)) or {}  # YAML 1.1 reads the bare word `on` as true
    if isinstance(triggers, str):
        triggers = {triggers: None}
    elif isinstance(triggers, list):
        triggers = dict.fromkeys(map(str, triggers))
    jobs = raw.get("jobs") if isinstance(raw.get("jobs"), dict) else {}
    return Workflow(
        path=path,
        name=str(raw.get("name") or path.rpartition("/")[2]),
        triggers=triggers if isinstance(triggers, dict) else {},
        jobs=tuple(_job(str(name), job) for name, job in (jobs or {}).items() if isinstance(job, dict)),
        permissions=raw.get("permissions"),
    )


def _job(name: str, raw: dict[str, Any]) -> Job:
    needs = raw.get("needs") or []
    steps = raw.get("steps") or []
    return Job(
        name=name,
        needs=(needs,) if isinstance(needs, str) else tuple(map(str, needs)),
        steps=tuple(_step(step) for step in steps if isinstance(step, dict)),
        may_fail=_is_on(raw.get("continue-on-error")),
        permissions=raw.get("permissions"),
        uses=str(raw.get("uses") or ""),
    )


def _step(raw: dict[str, Any]) -> Step:
    run = str(raw.get("run") or "")
    may_fail = _is_on(raw.get("continue-on-error")) or SWALLOWED.search(run) is not None
    return Step(run=run, uses=str(raw.get("uses") or ""), may_fail=may_fail)


def _is_on(value: Any) -> bool:
    """Whether a switch is or may be on: an expression could be anything."""
    return value not in (None, False, "false")
