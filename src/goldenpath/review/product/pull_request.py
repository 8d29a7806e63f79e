"""What a pull request really runs: the shell commands of its workflows whose failure stops it.

Make targets, shell scripts of the repository and workflows called by name are followed. Whatever lets a failure pass
(``continue-on-error``, ``|| true``, a leading ``-`` in a recipe, a pipe without ``pipefail``, ``if: false``) takes a
command out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath.review.product import makefile, verbs
from goldenpath.review.product.workflows import SWALLOWED, Step, Workflow, composite

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

OTHER_CI = (
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    ".azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".circleci/config.yml",
    ".travis.yml",
    ".buildkite/pipeline.yml",
    ".drone.yml",
    ".woodpecker.yml",
    "buildspec.yml",
    "cloudbuild.yaml",
)
"""Files of CI systems that are not read."""
EVENT = "pull_request"
_MAIN_LINES = ("main", "master", "trunk", "develop")
"""What the branch that changes are proposed for is called."""
_ON_CHANGE = frozenset({"opened", "synchronize"})
_RUNNER = re.compile(
    r"(?:(?:do|then|else|exec|time|env|xvfb-run|timeout\s+\S+)\s+|\w+=\S*\s+)*"
    r"(?:(?:(?:uv|poetry|pdm|pipenv|rye|hatch|pipx|pixi|uv\s+tool)\s+run|uvx)\s+(?:-\S+\s+)*"
    r"|(?:conda|mamba|micromamba)\s+run\s+(?:(?:-n|-p|--name|--prefix)[ =]\S+\s+|-\S+\s+)*"
    r"|docker(?:-|\s+)compose\s+(?:-\S+\s+)*(?:run|exec)\s+(?:-\S+\s+)*[\w-]+\s+)?"
    r"(?:\S*python[\d.]*\s+(?:-\S+\s+)*?-m\s+|coverage\s+run\s+(?:-\S+\s+)*?-m\s+)*(?:\S*/)?"
)
_IN_WORD = re.compile(r"[\w-]")
_NO_TEST = re.compile(
    r"--co(?:llect-only)?\b|--version\b|--help\b|--fixtures\b|--markers\b|--list\b|"
    r"\b(?:nox|tox)\b.*\s(?:-[se]|--sessions?)[ =](?!\S*(?:test|unit|py))"
)
_MAKE = re.compile(r"^(?:\w+=\S*\s+)*make((?:\s+\S+)+)")
_RECORDED = re.compile(r"\bgoldenpath\s+record\s(?:.*?\s)?--\s+(.+)")
"""What is recorded runs as it would by itself, and its exit code is passed on."""
_NOT_MAKING = re.compile(r"-[a-zA-Z]*[inqt][a-zA-Z]*|--(?:ignore-errors|just-print|dry-run|recon|touch|question)")
"""Options under which make ignores failures, or runs nothing."""
_HERE = re.compile(r"(?<!<)<<-?\s*['\"]?(\w+)['\"]?")
_OPENS = re.compile(r"(?:if|while|until|for|case)\b(?:\s+(?:true|false)\b)?|\S*\s*(?:\(\)\s*)?\{$")
_CLOSES = re.compile(r"(?:fi|done|esac)\b|\}")
_EXITS = re.compile(r"exit(?:\s+\d+)?")
_SCRIPT = re.compile(r"^(?:bash\s+(?:-\S+\s+)*|sh\s+(?:-\S+\s+)*)?\.?/?([\w./-]+\.sh)\b")


@dataclass(frozen=True)
class Command:
    """One shell command: its words, and the file and line that it stands in."""

    text: str
    path: str
    line: int | None

    def runs(self, *tools: str) -> bool:
        """Whether it starts one of the tools, directly or through a runner such as ``uv run`` or ``python -m``."""
        return self._started.startswith(tools) and any(
            self._started.startswith(tool) and not _IN_WORD.match(self._started, len(tool)) for tool in tools
        )

    @cached_property
    def _started(self) -> str:
        """Its words from the program on that it really starts."""
        found = _RUNNER.match(self.text)
        return self.text[found.end() :] if found else self.text

    @cached_property
    def does(self) -> frozenset[verbs.Does]:
        """What it does as a verb of ``goldenpath``; nothing where it is another command."""
        return verbs.of(self._started)

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
    started = tuple(workflow for workflow in product.workflows if _is_started(product, workflow))
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


def targets_of(product: Product, command: Command) -> list[str]:
    """The targets of the product's Makefile that a command makes where a failure counts; also where it is recorded."""
    recorded = _RECORDED.search(command.text)
    text = re.sub(r"\s#.*", "", recorded[1] if recorded else command.text)
    called = _MAKE.match(text)
    return _targets(product, called[1].split()) if called else []


def other_ci(product: Product) -> str:
    """The settings of a CI system that is not read; empty where there are none."""
    return next((name for name in OTHER_CI if name in product.paths), "")


def _is_started(product: Product, workflow: Workflow) -> bool:
    """Whether a change of code that is proposed for the main line starts a workflow."""
    if EVENT not in workflow.triggers:
        return False
    found = workflow.triggers[EVENT]
    settings = found if isinstance(found, dict) else {}
    types = settings.get("types")
    if not (types is None or _ON_CHANGE.issubset(map(str, types if isinstance(types, list) else [types]))):
        return False
    code = [f"{product.prefix}{path}" for path in product.python.files]
    return _selects(settings, "branches", _MAIN_LINES) and (not code or _selects(settings, "paths", code))


def _selects(settings: Mapping[str, Any], kind: str, names: Iterable[str]) -> bool:
    """Whether a filter of branches or paths lets any of the names through."""
    wanted, left_out = (settings.get(key) for key in (kind, f"{kind}-ignore"))
    if wanted is not None:
        return any(_is_selected(name, wanted) for name in names)
    return left_out is None or not all(_is_selected(name, left_out) for name in names)


def _is_selected(name: str, patterns: object) -> bool:
    """Whether the last of the patterns that match a name lets it through; ``!`` takes it out again."""
    chosen = False
    for pattern in map(str, patterns if isinstance(patterns, list) else [patterns]):
        bare = pattern.removeprefix("!")
        if fnmatchcase(name, bare) or fnmatchcase(name, bare.replace("**/", "")):
            chosen = not pattern.startswith("!")
    return chosen


def _of_workflow(product: Product, workflow: Workflow, depth: int) -> Iterator[Command | Swallowed]:
    for job in workflow.jobs:
        if not job.runs_on(EVENT) or job.waits_for_failure:
            continue
        called = job.uses.removeprefix("./")
        if job.uses.startswith("./") and depth < 2:
            for other in product.workflows:
                if other.path == called:
                    yield from _of_workflow(product, other, depth + 1)
        by = "continue-on-error" if job.may_fail else ""
        yield from _of_steps(product, job.steps, workflow.path, by, 0)


def _of_steps(
    product: Product, steps: tuple[Step, ...], path: str, by: str, depth: int
) -> Iterator[Command | Swallowed]:
    for step in steps:
        if not step.runs_on(EVENT) or step.waits_for_failure:
            continue
        lost = by or ("continue-on-error" if step.may_fail else "")
        if step.uses and depth < 2:
            file, inner = composite(product, step.uses)
            yield from _of_steps(product, inner, file, lost, depth + 1)
        if not step.run.strip():
            continue
        line = product.line_with(path, step.run.strip().splitlines()[0])
        # GitHub's default shell is bash without pipefail; naming bash turns it on.
        piped = step.shell != "bash" and "pipefail" not in step.run
        for found in _of_shell(product, step.run, path, line, 0, piped=piped):
            yield Swallowed(found, lost) if lost and isinstance(found, Command) else found


def _of_shell(
    product: Product, text: str, path: str, line: int | None, depth: int, *, piped: bool = False
) -> Iterator[Command | Swallowed]:
    rest_may_fail = False
    for words, parts in _reached(text):
        rest_may_fail = rest_may_fail or re.match(r"set \+e\b", words) is not None
        by = "set +e" if rest_may_fail else "the shell" if SWALLOWED.search(words) else ""
        for part in parts:
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


def _reached(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each line of a piece of shell, with those of its parts between ``&&`` and ``;`` that can run at all.

    What stands behind ``exit``, in ``if false``, after ``false &&`` and in a here-document does not run.
    """
    blocks: list[bool] = []
    """Whether what stands in each block that is open never runs."""
    until = ""
    for raw in text.replace("\\\n", " ").splitlines():
        words = raw.strip()
        if until:
            until = "" if words == until else until
            continue
        if not words or words.startswith("#"):
            continue
        here = _HERE.search(words)
        until = here[1] if here and not re.match(r"(?:ba|z)?sh\b", words) else ""
        parts: list[str] = []
        joint, is_cut = "", False
        for piece in re.split(r"(&&|;)", words):
            if piece in ("&&", ";"):
                joint = piece
                continue
            part = piece.strip()
            is_cut = is_cut and joint == "&&"
            if opened := _OPENS.match(part):
                blocks.append(opened[0] in ("if false", "while false", "until true"))
            elif _CLOSES.match(part) and blocks:
                blocks.pop()
            elif part.split(" ")[0] in ("else", "elif") and blocks:
                blocks[-1] = False
            if part and not is_cut and not any(blocks):
                if not blocks and joint != "&&" and _EXITS.fullmatch(part):
                    yield words, parts
                    return
                parts.append(part)
            is_cut = is_cut or part == "false"
        yield words, parts


def _followed(product: Product, command: Command, depth: int) -> Iterator[Command | Swallowed]:
    if depth > 2:
        return
    if recorded := _RECORDED.search(command.text):
        yield from _of_shell(product, recorded[1], command.path, command.line, depth + 1)
    elif called := _MAKE.match(command.text):
        for target in _targets(product, called[1].split()):
            yield from _made(product, target, depth)
    elif (called := _SCRIPT.match(command.text)) and (text_of := product.text(called[1])) is not None:
        yield from _of_shell(product, text_of, called[1], None, depth + 1, piped="pipefail" not in text_of)


@lru_cache(maxsize=1024)
def _made(product: Product, target: str, depth: int) -> tuple[Command | Swallowed, ...]:
    """What a target of the Makefile runs; every job of a workflow begins with the same ones."""
    made = makefile.read(product)
    found: list[Command | Swallowed] = []
    for step in made.run_by(target) if target in made.needs else ():
        text = made.filled(step.command)
        for item in _of_shell(product, text, made.path, step.number, depth + 1, piped=not made.pipefail):
            if step.may_fail and isinstance(item, Command):
                item = Swallowed(item, "a leading - in the recipe")
            found.append(item)
    return tuple(found)


def _targets(product: Product, words: list[str]) -> list[str]:
    """The targets that the product's own Makefile makes, where a failure counts; none with options that prevent it."""
    targets: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word in ("-C", "--directory") or word.startswith(("-C", "--directory=")):
            folder = next(waiting, "") if word in ("-C", "--directory") else re.sub(r"^-C|^--directory=", "", word)
            if folder.removeprefix("./").strip("/") not in ("", ".", product.prefix.rstrip("/")):
                return []
        elif word in ("-f", "--file", "--makefile"):
            if next(waiting, "") not in makefile.NAMES:
                return []
        elif _NOT_MAKING.fullmatch(word):
            return []
        elif not word.startswith("-") and "=" not in word:
            targets.append(word)
    return targets
