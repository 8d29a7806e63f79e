"""GitHub workflows: what runs on a pull request, with which rights, and by which actions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.files import Files

SWALLOWED = re.compile(
    r"\|\|\s*(?:(?:/\w+)*/?true|:|exit 0|(?:echo|printf)\b[^|;&\n]*)\s*(?:$|[;#)])|^\s*set \+e\b"
    r"|;\s*(?:true|exit 0)\s*$|(?<![&>|])&\s*$",
    re.MULTILINE,
)
"""Shell that turns a failed command into success, or does not wait for it."""
_SHELL = re.compile(r"(?:/usr/bin/env\s+|(?:/\w+)*/)?(?:bash|sh|zsh|dash|pwsh|powershell|cmd)(?:\.exe)?\b")
_AFTER_FAILURE = re.compile(r"\(*\s*(?:failure|cancelled)\(\)\s*\)*")
_LITERALS = re.compile(r"(?P<one>'[^']*'|\d+|true|false)\s*(?P<sign>[!=]=)\s*(?P<other>'[^']*'|\d+|true|false)")
_EVENT = re.compile(r"github\.event_name\s*(?P<sign>[!=]=)\s*['\"](?P<name>\w+)['\"]")
_REGARDLESS = re.compile(r"\b(?:always|failure|cancelled)\(\)")
NEVER = 9999
"""Days between two starts of what never starts."""
_CALLED = frozenset({"workflow_call", "workflow_run"})
"""Events under which ``github.event_name`` is, or tells of, another workflow's."""


@dataclass(frozen=True)
class Step:
    """One step of a job.

    Attributes:
        run: The shell commands; empty for an action.
        uses: The action; empty for commands.
        may_fail: Whether its failure is ignored, by key; what its shell ignores, a reader of commands tells.
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

    @property
    def waits_for_failure(self) -> bool:
        """Whether it only runs once something before it has failed."""
        return _AFTER_FAILURE.fullmatch(self.condition) is not None


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
        images: The container images that it and its services run in.
    """

    name: str
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    may_fail: bool = False
    permissions: Any = None
    uses: str = ""
    condition: str = ""
    images: tuple[str, ...] = ()

    def runs_on(self, event: str) -> bool:
        """Whether it may run on an event: not where its ``if`` can never hold then."""
        return _may_hold(self.condition, event)

    @property
    def waits_for_failure(self) -> bool:
        """Whether it only runs once something before it has failed."""
        return _AFTER_FAILURE.fullmatch(self.condition) is not None

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


def read(files: Files) -> tuple[Workflow, ...]:
    """Read every workflow that parses; the others are named by the criteria about workflows."""
    found = []
    for path in files.matching(".github/workflows/*.yml", ".github/workflows/*.yaml"):
        try:
            found.append(_workflow(path, files.mapping(path)))
        except BrokenFileError:
            continue
    return tuple(found)


def images_of(job: Mapping[str, Any]) -> tuple[str, ...]:
    """The container images that a job and its services run in, as they stand in its workflow."""
    services = job.get("services")
    runners = [job.get("container"), *(services.values() if isinstance(services, dict) else ())]
    images = (item.get("image") if isinstance(item, dict) else item for item in runners)
    return tuple(str(image) for image in images if image)


def composite(files: Files, uses: str) -> tuple[str, tuple[Step, ...]]:
    """The file and the steps of an action of this repository (``./.github/actions/…``); none of any other.

    Raises:
        BrokenFileError: The action does not parse.
    """
    folder = uses.removeprefix("./").rstrip("/")
    for path in (f"{folder}/action.yml", f"{folder}/action.yaml"):
        if uses.startswith("./") and path in files.paths:
            runs = files.mapping(path).get("runs")
            return path, _steps(runs.get("steps") if isinstance(runs, dict) else None)
    return "", ()


def days_between(cron: str) -> int:
    """The longest time between two starts of a schedule, roughly, in days; a large number where it never comes round.

    Args:
        cron: The five fields of crontab.
    """
    fields = cron.split()
    if len(fields) != 5 or not all(map(_is_cron, fields, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)))):
        return NEVER
    day, month, weekday = fields[2:]
    longest = {"2": 29, "4": 30, "6": 30, "9": 30, "11": 30}.get(month, 31)
    if day.isdigit() and int(day) > longest:
        return NEVER
    if month != "*":
        every = re.fullmatch(r"\*/(\d+)", month)
        count = 12 // int(every[1]) if every and int(every[1]) else month.count(",") + 1
        return 366 // max(1, count)
    if day != "*" and weekday == "*":
        every = re.fullmatch(r"\*/(\d+)", day)
        return min(31, int(every[1])) if every else 31
    return 7 if weekday != "*" else 1


def _is_cron(field_: str, bounds: tuple[int, int]) -> bool:
    """Whether the numbers of a field of crontab can come; names of months and days of the week can."""
    low, high = bounds
    numbers = map(int, re.findall(r"(?<![/\d])\d+", field_))
    return re.fullmatch(r"[\w*/,?-]+", field_) is not None and all(low <= number <= high for number in numbers)


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
    needs = raw.get("needs")
    return Job(
        name=name,
        needs=(needs,) if isinstance(needs, str) else tuple(map(str, needs if isinstance(needs, list) else ())),
        steps=_steps(raw.get("steps")),
        may_fail=_is_on(raw.get("continue-on-error")),
        permissions=raw.get("permissions"),
        uses=str(raw.get("uses") or ""),
        condition=_condition(raw),
        images=images_of(raw),
    )


def _steps(raw: Any) -> tuple[Step, ...]:
    return tuple(_step(step) for step in (raw if isinstance(raw, list) else ()) if isinstance(step, dict))


def _step(raw: dict[str, Any]) -> Step:
    run, shell = str(raw.get("run") or ""), str(raw.get("shell") or "")
    if shell and not _SHELL.match(shell):
        run = ""  # handed to another program, such as `cat {0}`, it is no shell
    may_fail = _is_on(raw.get("continue-on-error"))
    return Step(run, str(raw.get("uses") or ""), may_fail, _condition(raw), shell)


def _condition(raw: dict[str, Any]) -> str:
    text = " ".join(str("" if raw.get("if") is None else raw["if"]).split())
    return text.removeprefix("${{").removesuffix("}}").strip()


def _may_hold(condition: str, event: str) -> bool:
    """Whether an expression can be true on an event; what is not understood can."""
    return any(all(_can_be_true(part, event) for part in either.split("&&")) for either in condition.split("||"))


def _can_be_true(part: str, event: str) -> bool:
    part = part.strip("() ")
    if part.lower() in ("false", "0", "null", "''", "!true", "! true", "!always()"):
        return False
    if literals := _LITERALS.fullmatch(part):
        return (literals["one"] == literals["other"]) == (literals["sign"] == "==")
    asked = _EVENT.fullmatch(part)
    if asked is None or event in _CALLED:
        return True
    return (asked["name"] == event) == (asked["sign"] == "==")


def _is_on(value: Any) -> bool:
    """Whether a switch is or may be on: an expression could be anything."""
    return value not in (None, False, "false")
