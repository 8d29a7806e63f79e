"""The catalogue as a whole: every criterion is described, and proved to tell good from bad and from pretence."""

from __future__ import annotations

import ast
import hashlib
import re
from importlib import import_module
from pathlib import Path

import pytest

from goldenpath.cli import VERBS
from goldenpath.review import standards
from goldenpath.review.fixes import FIXES
from goldenpath.review.standards import CATALOGUE_VERSION, MODULES, catalogue
from goldenpath.review.standards.criterion import Criterion
from tests.review.standards.cases import Case

CASES: list[Case] = [case for name in MODULES for case in import_module(f"tests.review.standards.test_{name}").CASES]
MAKEFILE = Path(__file__).parents[3] / "{{cookiecutter.project_slug}}" / "Makefile"
VERSIONS = Path(__file__).with_name("catalogue_versions.txt")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE.read_text("utf-8"), re.MULTILINE))
"""The everyday words that the generated project's Makefile has."""
ANCHORS = {"CQ-02", "TR-04", "TR-06", "TR-13", "TR-14", "CQ-12", "MON-12", "MON-14"}


def digest() -> str:
    """What the catalogue asks at which level, in a word."""
    lines = (f"{item.id} {item.level} {item.title}\n" for item in sorted(catalogue(), key=lambda item: item.id))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_ids_levels_and_titles_change_only_with_the_version() -> None:
    versions = [line.split() for line in VERSIONS.read_text("utf-8").splitlines() if not line.startswith("#")]

    numbers = [tuple(map(int, version.split("."))) for version, _ in versions]
    told = f"Raise CATALOGUE_VERSION by its rule, and add to {VERSIONS.name}: {CATALOGUE_VERSION} {digest()}"
    assert versions[-1] == [CATALOGUE_VERSION, digest()], told
    assert numbers == sorted(set(numbers)), "versions only rise"


def test_ids_are_given_once_and_begin_with_their_part() -> None:
    ids = [item.id for item in catalogue()]

    assert len(ids) == len(set(ids))
    assert {item.id.split("-")[0] for item in catalogue()} <= {"DOC", "CQ", "TR", "MON", "SEC"}


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_a_criterion_says_why_it_is_and_how_it_is_met(item: type[Criterion]) -> None:
    assert len(item.why().split()) >= 10
    assert item.title
    assert item.verify
    assert item.fix
    assert 0 <= item.level <= 4
    assert set(item.requires) <= {other.id for other in catalogue()}
    assert item.is_anchor == (item.id in ANCHORS)


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_a_fix_names_commands_that_there_are(item: type[Criterion]) -> None:
    targets = set(re.findall(r"\bmake ([a-z][a-z-]+)", item.fix))
    commands = {tuple(words) for words in re.findall(r"\bgoldenpath ([a-z][\w-]*)(?: ([A-Z]+-\d\d))?", item.fix)}

    assert targets <= TARGETS
    assert {command for command, _ in commands} <= set(VERBS)
    assert {name for _, name in commands if name} <= {other.id for other in catalogue()}
    assert {name for command, name in commands if command == "fix"} <= set(FIXES)


@pytest.mark.parametrize("path", sorted(Path(standards.__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_a_verdict_names_targets_that_there_are(path: Path) -> None:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    commands = [text for text in texts if isinstance(text, str) and re.match(r"(?:goldenpath|make) \S", text)]
    verbs = {name for text in commands for name in re.findall(r"\bgoldenpath ([a-z][a-z-]+)", text)}

    assert {name for text in commands for name in re.findall(r"\bmake ([a-z][a-z-]+)", text)} <= TARGETS
    assert verbs <= set(VERBS)


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_a_criterion_is_tried_on_what_meets_it_what_does_not_and_what_pretends_to(item: type[Criterion]) -> None:
    kinds = {case.kind for case in CASES if case.id == item.id}

    assert {"met", "not met"} <= kinds
    assert "gamed" in kinds or not item.gaming
