"""The Makefile: which commands a target runs, as far as text can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

NOTHING = re.compile(r"^(?:true|:|echo\b.*|exit 0|printf\b.*)$")
"""A shell command that does nothing but talk."""
NAMES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^([\w./%$()-]+(?:[ \t]+[\w./%$()-]+)*)[ \t]*::?(?!=)([^=#]*)(?:#.*)?$")
_CALL = re.compile(r"(?:^|[\s;&|(@+-])(?:make|\$[({]MAKE[)}])((?:[ \t]+[\w./=-]+)+)", re.MULTILINE)
_ASSIGN = re.compile(r"^(?:export[ \t]+)?(\w+)[ \t]*(?::{0,3}|\?)=[ \t]*(.*)$")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh"})
_IGNORES = re.compile(
    r"^(?:export[ \t]+)?(?:GNU)?MAKEFLAGS[ \t]*(?::{0,3}|\?|\+)=.*?"
    r"(?:(?<!\S)-?[a-zA-Z]*[int][a-zA-Z]*(?!\S)|--(?:ignore-errors|dry-run|just-print|touch)\b)",
    re.MULTILINE,
)
"""Flags under which make ignores failures, or runs nothing."""
_TARGET = re.compile(r"(?<!\$)\$(?:@|\(@\)|\{@\})")
"""How a recipe names the target that is being made."""
_USE = re.compile(r"\$[({](\w+)[)}]")
MOST_NESTED = 5
"""Variables within variables that are followed."""
LONGEST = 16 * 1024
"""Characters of a line whose variables were filled in."""


@dataclass(frozen=True)
class Line:
    """One line of a recipe, its continuations joined: the shell command and its line in the file."""

    text: str
    number: int

    @property
    def may_fail(self) -> bool:
        """Whether make goes on when it fails."""
        return self.text.lstrip("@+").startswith("-")

    @property
    def command(self) -> str:
        """The shell command without make's own marks."""
        return self.text.lstrip("@+- \t")


@dataclass(frozen=True)
class Makefile:
    """The rules of a Makefile.

    Attributes:
        path: The file; empty where there is none.
        recipes: The recipe of each target.
        needs: What each target is made after.
        pipefail: Whether its shell lets the first failure of a pipe count.
        errexit: Whether its shell stops at the first command that fails.
        variables: What is written behind the name of each variable.
    """

    path: str = ""
    recipes: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pipefail: bool = False
    errexit: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """Text with the names of its variables replaced by what they stand for."""
        for _ in range(MOST_NESTED):
            filled = _USE.sub(lambda found: self.variables.get(found[1], found[0]), text)
            if filled == text:
                break
            text = filled[:LONGEST]
        return text

    def run_by(self, target: str) -> Iterator[Line]:
        """Every line that making a target runs, those of its prerequisites and of the makes it calls included."""
        waiting = [target]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            waiting += self.needs.get(name, ())
            for line in self.recipes.get(name, ()):
                yield line
                if not line.may_fail:
                    waiting += called_by(line.text)

    def does_nothing(self, target: str) -> bool:
        """Whether all that a target runs can be seen and comes to nothing; so does a target that there is not."""
        lines = list(self.run_by(target))
        return all(NOTHING.match(line.command) for line in lines) if lines else not self.needs.get(target)

    def expanded(self, command: str) -> str:
        """A command, followed by the recipe of every target that it makes, directly or not."""
        lines = dict.fromkeys(line for target in called_by(command) for line in self.run_by(target))
        return "\n".join([command, *(line.command for line in lines)])


def called_by(shell: str) -> Iterator[str]:
    """The targets that shell commands ask ``make`` for."""
    for words in _CALL.findall(shell):
        yield from (word for word in words.split() if not word.startswith("-") and "=" not in word)


@lru_cache(maxsize=64)
def read(product: Product) -> Makefile:
    """Read the Makefile that ``make`` would take; variables in names of targets are not followed."""
    path = next((name for name in NAMES if name in product.paths), "")
    text = product.text(path) if path else None
    if text is None:
        return Makefile()
    recipes: dict[str, tuple[Line, ...]] = {}
    needs: dict[str, tuple[str, ...]] = {}
    variables: dict[str, str] = {}
    current: list[str] = []
    anew: set[str] = set()
    conditions = 0
    for number, line in _joined(text):
        if line.startswith("\t"):
            command = line.strip()
            for name in current if command and not command.startswith("#") else ():
                if name in anew:  # of two recipes for one target, make takes the last
                    recipes.pop(name, None)
                    anew.discard(name)
                recipes[name] = (*recipes.get(name, ()), Line(_TARGET.sub(name, command), number))
        elif rule := _RULE.match(line):
            current = rule[1].split()
            if "::" not in line and not conditions:
                anew.update(current)
            for name in current:
                needs[name] = (*needs.get(name, ()), *rule[2].split())
        elif line.strip() and not line.lstrip().startswith("#"):
            current = []
            conditions += {"ifdef": 1, "ifndef": 1, "ifeq": 1, "ifneq": 1, "endif": -1}.get(
                re.split(r"[ (]", line.strip())[0], 0
            )
            if assigned := _ASSIGN.match(line):
                variables[assigned[1]] = assigned[2].partition(" #")[0].strip()
    flags = re.search(r"^\.SHELLFLAGS\s*:?=(.*)", text, re.MULTILINE)
    words = flags[1] if flags else ""
    shell = variables.get("SHELL", "sh").rpartition("/")[2].split()[-1:]
    if "$" not in variables.get("SHELL", "") and not _SHELLS.intersection(shell):
        recipes = {}
    ignored = set(recipes) if _IGNORES.search(text) else set()
    if ".IGNORE" in needs:
        ignored |= set(needs[".IGNORE"]) or set(recipes)
    for name in ignored & set(recipes):
        recipes[name] = tuple(Line(f"-{line.text}", line.number) for line in recipes[name])
    errexit = re.search(r"(?:^|\s)-[a-z]*e", words) is not None
    return Makefile(path, recipes, needs, "pipefail" in words, errexit, variables)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, and the number of the first."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if parts else number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        yield start, " ".join([*parts, line.strip() if parts else line])
        parts = []
    if parts:
        yield start, " ".join(parts)
