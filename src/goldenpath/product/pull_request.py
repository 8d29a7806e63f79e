"""What a pull request really runs: the shell commands of its workflows whose failure stops it.

Make targets, shell scripts of the repository and workflows called by name are followed. Whatever lets a failure pass
(``continue-on-error``, ``|| true``, a leading ``-`` in a recipe, a pipe without ``pipefail``, ``if: false``) takes a
command out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from goldenpath.product import makefile
from goldenpath.product.workflows import SWALLOWED, Workflow

if TYPE_CHECKING:
    from goldenpath.product.product import Product

OTHER_CI = (
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".circleci/config.yml",
    ".travis.yml",
)
"""Files of CI systems that are not read."""
EVENT = "pull_request"
_ON_CHANGE = frozenset({"opened", "synchronize"})
_RUNNER = (
    r"(?:(?:do|then|else|exec|time|env)\s+|\w+=\S*\s+)*(?:(?:(?:uv|poetry|pdm|pipenv|rye|hatch|pipx|uv\s+tool)\s+run|uvx)\s+(?:-\S+\s+)*)?"
    r"(?:\S*python[\d.]*\s+(?:-\S+\s+)*?-m\s+|coverage\s+run\s+(?:-\S+\s+)*?-m\s+)*(?:\S*/)?"
)
_NO_TEST = re.compile(
    r"--co(?:llect-only)?\b|--version\b|--help\b|--fixtures\b|--markers\b|--list\b|"
    r"\b(?:nox|tox)\b.*\s(?:-[se]|--sessions?)[ =](?!\S*(?:test|unit|py))"
)
_MAKE = re.compile(r"^(?:\w+=\S*\s+)*make((?:\s+\S+)+)")
_RECORDED = re.compile(r"\bgoldenpath\s+record\s(?:.*?\s)?--\s+(.+)")
"""What is recorded runs as it would by itself, and its exit code is passed on."""
_SCRIPT = re.compile(r"^(?:bash\s+(?:-\S+\s+)*|sh\s+(?:-\S+\s+)*)?\.?/?([\w./-]+\.sh)\b")


@dataclass(frozen=True)
class Command:
    """One shell command: its words, and the file and line that it stands in."""

    text: str
    path: str
    line: int | None

    def runs(self, *tools: str) -> bool:
        """Whether it starts one of the tools, directly or through a runner such as ``uv run`` or ``python -m``."""
        return any(re.match(rf"{_RUNNER}{re.escape(tool)}(?![\w-])", self.text) for tool in tools)

    @property
    def runs_tests(self) -> bool:
        """Whether it runs tests, and does not only list them."""
        return self.runs("pytest", "py.test", "tox", "nox", "unittest", "hatch test") and not _NO_TEST.search(self.text)


@dataclass(frozen=True)
class Swallowed:
    """A command whose failure is ignored: where, and by what."""

    command: Command
    by: str


@dataclass(frozen=True)
class PullRequest:
    """What runs on a pull request.

    Attributes:
        workflows: The workflows that a change of a pull request starts.
        commands: The commands whose failure stops it.
        swallowed: Those whose failure is ignored.
    """

    workflows: tuple[Workflow, ...]
    commands: tuple[Command, ...]
    swallowed: tuple[Swallowed, ...]


@lru_cache(maxsize=64)
def read(product: Product) -> PullRequest:
    """Follow the workflows that a pull request starts."""
    started = tuple(workflow for workflow in product.workflows if _is_started(workflow))
    commands: list[Command] = []
    swallowed: list[Swallowed] = []
    for workflow in started:
        for found in _of_workflow(product, workflow, depth=0):
            if isinstance(found, Swallowed):
                swallowed.append(found)
            else:
                commands.append(found)
    return PullRequest(started, tuple(commands), tuple(swallowed))


def commands_of(product: Product, text: str, path: str, line: int | None, *, piped: bool = False) -> list[Command]:
    """The commands of a piece of shell, make targets and scripts followed; those that may fail left out.

    Args:
        product: The product.
        text: The shell.
        path: The file that it stands in.
        line: Its line.
        piped: Whether only the last command of a pipe can fail.
    """
    return [found for found in _of_shell(product, text, path, line, 0, piped=piped) if isinstance(found, Command)]


def _is_started(workflow: Workflow) -> bool:
    if EVENT not in workflow.triggers:
        return False
    settings = workflow.triggers[EVENT]
    types = settings.get("types") if isinstance(settings, dict) else None
    return types is None or _ON_CHANGE.issubset(map(str, types if isinstance(types, list) else [types]))


def _of_workflow(product: Product, workflow: Workflow, depth: int) -> Iterator[Command | Swallowed]:
    for job in workflow.jobs:
        if not job.runs_on(EVENT):
            continue
        called = job.uses.removeprefix("./")
        if job.uses.startswith("./") and depth < 2:
            for other in product.workflows:
                if other.path == called:
                    yield from _of_workflow(product, other, depth + 1)
        for step in job.steps:
            if not step.run.strip() or not step.runs_on(EVENT):
                continue
            first = step.run.strip().splitlines()[0]
            line = product.line_with(workflow.path, first)
            by = "continue-on-error" if job.may_fail or (step.may_fail and not SWALLOWED.search(step.run)) else ""
            # GitHub's default shell is bash without pipefail; naming bash turns it on.
            piped = step.shell != "bash" and "pipefail" not in step.run
            for found in _of_shell(product, step.run, workflow.path, line, 0, piped=piped):
                yield Swallowed(found, by) if by and isinstance(found, Command) else found


def _of_shell(
    product: Product, text: str, path: str, line: int | None, depth: int, *, piped: bool = False
) -> Iterator[Command | Swallowed]:
    rest_may_fail = False
    for raw in text.replace("\\\n", " ").splitlines():
        words = raw.strip()
        if not words or words.startswith("#"):
            continue
        rest_may_fail = rest_may_fail or re.match(r"set \+e\b", words) is not None
        by = "set +e" if rest_may_fail else "the shell" if SWALLOWED.search(words) else ""
        for part in re.split(r"&&|;", words):
            head, *tail = re.split(r"(?<!\|)\|(?!\|)", part)
            command = Command(head.strip().lstrip("@"), path, line)
            lost = by or ("a pipe without pipefail" if piped and tail else "")
            if lost:
                yield Swallowed(command, lost)
                yield from (
                    Swallowed(found, lost) for found in _followed(product, command, depth) if isinstance(found, Command)
                )
            else:
                yield command
                yield from _followed(product, command, depth)


def _followed(product: Product, command: Command, depth: int) -> Iterator[Command | Swallowed]:
    if depth > 2:
        return
    if recorded := _RECORDED.search(command.text):
        yield from _of_shell(product, recorded[1], command.path, command.line, depth + 1)
    elif called := _MAKE.match(command.text):
        made = makefile.read(product)
        for target in called[1].split():
            for step in made.run_by(target) if target in made.needs else ():
                found = _of_shell(product, step.command, made.path, step.number, depth + 1, piped=not made.pipefail)
                for item in found:
                    if step.may_fail and isinstance(item, Command):
                        item = Swallowed(item, "a leading - in the recipe")
                    yield item
    elif (called := _SCRIPT.match(command.text)) and (text := product.text(called[1])) is not None:
        yield from _of_shell(product, text, called[1], None, depth + 1, piped="pipefail" not in text)
