"""GitHub workflows: what runs on a pull request, with which rights, and by which actions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.product.product import Product

SWALLOWED = re.compile(r"\|\|\s*(?:true|:|exit 0)\s*(?:$|[;#)])|^\s*set \+e\b|;\s*(?:true|exit 0)\s*$", re.MULTILINE)
"""Shell that turns a failed command into success."""
_EVENT = re.compile(r"github\.event_name\s*(?P<sign>[!=]=)\s*['\"](?P<name>\w+)['\"]")
_REGARDLESS = re.compile(r"\b(?:always|failure|cancelled)\(\)")
_CALLED = frozenset({"workflow_call", "workflow_run"})
"""Events under which ``github.event_name`` is, or tells of, another workflow's."""


@dataclass(frozen=True)
class Step:
    """One step of a job.

    Attributes:
        run: The shell commands; empty for an action.
        uses: The action; empty for commands.
        may_fail: Whether its failure is ignored, by key or by shell.
        condition: Its ``if``, without braces; empty without one.
        shell: The shell that it asks for.
    """

    run: str = ""
    uses: str = ""
    may_fail: bool = False
    condition: str = ""
    shell: str = ""

    def runs_on(self, event: str) -> bool:
        """Whether it may run on an event: not where its ``if`` can never hold then."""
        return _may_hold(self.condition, event)


@dataclass(frozen=True)
class Job:
    """One job of a workflow.

    Attributes:
        name: Its name.
        needs: The jobs that it waits for.
        steps: Its steps.
        may_fail: Whether its failure is ignored.
        permissions: Its rights; None where it says nothing.
        uses: The workflow that it calls; empty for steps of its own.
        condition: Its ``if``, without braces; empty without one.
    """

    name: str
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    may_fail: bool = False
    permissions: Any = None
    uses: str = ""
    condition: str = ""

    def runs_on(self, event: str) -> bool:
        """Whether it may run on an event: not where its ``if`` can never hold then."""
        return _may_hold(self.condition, event)

    def stops_with(self, other: str) -> bool:
        """Whether it does not run where a job that it waits for failed: ``always()`` runs all the same."""
        success = rf"\bneeds\.{re.escape(other)}\.result\s*==\s*['\"]success['\"]"
        return _REGARDLESS.search(self.condition) is None or re.search(success, self.condition) is not None


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

    def runs(self, events: Collection[str] = ()) -> Iterator[tuple[Job, Step]]:
        """Every step that runs shell commands on one of the events, with its job; none means any that starts it."""
        asked = tuple(events) or tuple(map(str, self.triggers)) or ("",)
        for job in self.jobs:
            on = [event for event in asked if job.runs_on(event)]
            yield from ((job, step) for step in job.steps if step.run and any(map(step.runs_on, on)))


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
        triggers={str(event): settings for event, settings in triggers.items()} if isinstance(triggers, dict) else {},
        jobs=tuple(_job(str(name), job) for name, job in (jobs or {}).items() if isinstance(job, dict)),
        permissions=raw.get("permissions"),
    )


def _job(name: str, raw: dict[str, Any]) -> Job:
    needs, steps = raw.get("needs"), raw.get("steps")
    return Job(
        name=name,
        needs=(needs,) if isinstance(needs, str) else tuple(map(str, needs if isinstance(needs, list) else ())),
        steps=tuple(_step(step) for step in (steps if isinstance(steps, list) else ()) if isinstance(step, dict)),
        may_fail=_is_on(raw.get("continue-on-error")),
        permissions=raw.get("permissions"),
        uses=str(raw.get("uses") or ""),
        condition=_condition(raw),
    )


def _step(raw: dict[str, Any]) -> Step:
    run = str(raw.get("run") or "")
    may_fail = _is_on(raw.get("continue-on-error")) or SWALLOWED.search(run) is not None
    return Step(run, str(raw.get("uses") or ""), may_fail, _condition(raw), str(raw.get("shell") or ""))


def _condition(raw: dict[str, Any]) -> str:
    text = " ".join(str("" if raw.get("if") is None else raw["if"]).split())
    return text.removeprefix("${{").removesuffix("}}").strip()


def _may_hold(condition: str, event: str) -> bool:
    """Whether an expression can be true on an event; what is not understood can."""
    return any(all(_can_be_true(part, event) for part in either.split("&&")) for either in condition.split("||"))


def _can_be_true(part: str, event: str) -> bool:
    part = part.strip("() ")
    if part.lower() in ("false", "0", "null", "''"):
        return False
    asked = _EVENT.fullmatch(part)
    if asked is None or event in _CALLED:
        return True
    return (asked["name"] == event) == (asked["sign"] == "==")


def _is_on(value: Any) -> bool:
    """Whether a switch is or may be on: an expression could be anything."""
    return value not in (None, False, "false")
