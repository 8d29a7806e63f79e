"""What a command really runs: the recipes behind ``make``, the file behind ``python -m``, a verb of ``goldenpath``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from goldenpath.review.product import makefile, pull_request
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product
from goldenpath.review.product.pull_request import Command
from goldenpath.review.product.verbs import Does
from goldenpath.review.product.workflows import SWALLOWED, Workflow
from goldenpath.review.standards.verdict import Evidence

_TRAINS = re.compile(r"\bdvc\s+(?:repro|exp\s+run)\b")
_FORCED = re.compile(r"\s(?:--force\b|-[a-zA-Z]*f\b)")
_ONLY_SHOWS = re.compile(r"\s(?:--dry(?:-run)?|--help|--queue)\b")
_IN_PART = re.compile(r"\s(?:--single-item|--downstream|-[a-zA-Z]*s)\b")
CODE = (".py", ".sh", ".r", ".jl", ".sql", ".ipynb", ".scala", ".java")


def expanded(product: Product, command: str) -> str:
    """A command, followed by the recipes of every make target that it calls, directly or not."""
    return makefile.read(product).expanded(command)


def steps(product: Product, workflow: Workflow, events: Collection[str] = ()) -> Iterator[Command]:
    """The commands of a workflow, those of make recipes and scripts included.

    Commands whose failure is ignored are left out, and so are those that run on none of the events; no event means any
    that starts the workflow.
    """
    for job, step in workflow.runs(events):
        if not (job.may_fail or step.may_fail):
            yield from pull_request.commands_of(product, step.run, workflow.path, None)


def trains(command: Command) -> bool:
    """Whether a command runs the pipeline."""
    if Does.TRAINS in command.does:
        return _ONLY_SHOWS.search(command.text) is None
    return command.runs("dvc") and _TRAINS.search(command.text) is not None and not _ONLY_SHOWS.search(command.text)


def retrains(product: Product, command: str) -> bool:
    """Whether a command, or what it makes or calls, runs the pipeline."""
    return any(map(trains, pull_request.commands_of(product, command, "", None)))


def retrains_all(product: Product, command: str) -> bool:
    """Whether a command, or what it makes or calls, runs all of the pipeline, whether anything has changed or not."""
    found = filter(trains, pull_request.commands_of(product, command, "", None))
    return any(
        Does.TRAINS_ANEW in item.does or (_FORCED.search(item.text) and not _IN_PART.search(item.text))
        for item in found
    )


def ignores_failure(command: str) -> bool:
    """Whether shell in a command turns failure into success."""
    return SWALLOWED.search(command) is not None


def code_of(product: Product, command: str) -> tuple[str, ...]:
    """The product's files of code that a command names: modules after ``-m``, and scripts."""
    found: list[str] = []
    for module in re.findall(r"(?:^|\s)-m\s+([\w.]+)", command):
        base = module.replace(".", "/")
        places = (f"{home}{base}{end}" for home in ("src/", "") for end in (".py", "/__main__.py"))
        found += [place for place in places if product.tree.size(place) is not None][:1]
    words = (word.strip("'\"").removeprefix("./") for word in re.split(r"[\s;&|]+", command))
    found += [word for word in words if word.lower().endswith(CODE) and product.tree.size(word) is not None]
    return tuple(found)


def imports_any(product: Product, paths: Iterable[str], names: tuple[str, ...]) -> Evidence | None:
    """The first line of some files that imports one of several packages.

    Lines are searched, because parsing every module of a project takes a third of the time that a review may take.
    """
    pattern = re.compile(rf"^[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w. ]+,[ \t]*)*)({'|'.join(names)})\b", re.MULTILINE)
    for path in paths:
        try:
            text = product.text(path) or ""
        except BrokenFileError:
            continue
        if found := pattern.search(text):
            return Evidence(f"imports {found[1]}", path, text.count("\n", 0, found.start(1)) + 1)
    return None
