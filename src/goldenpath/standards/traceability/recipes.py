"""What a command really runs: the recipes behind ``make``, and the file behind ``python -m``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from goldenpath.product.errors import BrokenFileError
from goldenpath.product.product import Product
from goldenpath.product.workflows import SWALLOWED, Workflow
from goldenpath.standards.verdict import Evidence

MAKEFILE = "Makefile"
CODE = (".py", ".sh", ".r", ".jl", ".sql", ".ipynb", ".scala", ".java")
_MAKE = re.compile(r"(?:^|[\s;&@])(?:make|\$\(MAKE\))((?:[ \t]+[\w./=-]+)+)", re.MULTILINE)


def expanded(product: Product, command: str) -> str:
    """A command, followed by the recipes of every make target that it calls, directly or not."""
    recipes, found, waiting, seen = _recipes(product), [command], [command], set[str]()
    while waiting:
        for target in _targets(waiting.pop()):
            if target in recipes and target not in seen:
                seen.add(target)
                needs, recipe = recipes[target]
                found.append(recipe)
                waiting += [recipe, *(f"make {need}" for need in needs)]
    return "\n".join(found)


def steps(product: Product, workflow: Workflow) -> Iterator[str]:
    """What each step of a workflow runs, make recipes included; steps whose failure is ignored left out."""
    for job, step in workflow.runs():
        if not (job.may_fail or step.may_fail):
            yield expanded(product, step.run)


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


@lru_cache(maxsize=64)
def _recipes(product: Product) -> dict[str, tuple[tuple[str, ...], str]]:
    """What each target of the Makefile needs, and the shell that it runs."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    current: list[str] = []
    for line in (product.text(MAKEFILE) or "").splitlines():
        if line.startswith("\t"):
            for target in current:
                needs, recipe = found[target]
                found[target] = needs, f"{recipe}{line.strip().lstrip('@-+')}\n"
        elif rule := re.match(r"([\w./ -]+):(?!=)([^=#]*)(?:#.*)?$", line):
            current = [name for name in rule[1].split() if name != ".PHONY" and not rule[1].startswith(".PHONY")]
            for target in current:
                needs, recipe = found.get(target, ((), ""))
                found[target] = (*needs, *rule[2].split()), recipe
        elif line.strip() and not line.startswith("#"):
            current = []
    return found


def _targets(command: str) -> Iterator[str]:
    for words in _MAKE.findall(command):
        yield from (word for word in words.split() if not word.startswith("-") and "=" not in word)
