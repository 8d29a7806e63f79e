"""Every pair of options generates exactly the files it should, and all of them are sound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from allpairspy import AllPairs

from tests.template.checks import leftovers, parse_all
from tests.template.expected import expected_files
from tests.template.generation import CHOICES, files_of, generate, git, run

# Legal, but as hard to render as legal answers get.
AWKWARD = {
    "project_name": "Rüdiger's R&D (v2): 50% off?",
    "project_slug": "x9-b-long-name-with-40-characters-abcdef",
    "package_name": "z9_y",
    "description": "Été, ça va? It's 5% - or +7; yes/no: that is (still) the question!",
    "owner": "@a/b.c_d-e",
    "contact": "first.last+ml@sub.example.co.uk",
    "container_registry": "localhost:5000/team/images",
}
TEXTS: tuple[dict[str, str], ...] = ({}, AWKWARD)
OPTIONS = {"texts": range(len(TEXTS)), **CHOICES}
CASES = [dict(zip(OPTIONS, values, strict=True)) for values in AllPairs(list(OPTIONS.values()))]


def owned(project: Path) -> list[str]:
    """The files that a team owns: not the locks, not the library, and nothing that a machine writes."""
    files = sorted(files_of(project))
    marks = git(project, "check-attr", "linguist-generated", "--", *files).splitlines()
    generated = {line.split(": ")[0] for line in marks if line.endswith(": set")}
    return [name for name in files if name not in generated and not name.startswith(("requirements/", "vendor/"))]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def id_of(case: dict[str, Any]) -> str:
    return "-".join(map(str, case.values()))


# Each in a group of its own: its project is then generated once, and not by every worker.
@pytest.fixture(
    scope="module",
    params=[pytest.param(case, id=id_of(case), marks=pytest.mark.xdist_group(id_of(case))) for case in CASES],
)
def answers(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen = dict(request.param)
    return TEXTS[chosen.pop("texts")] | chosen


@pytest.fixture(scope="module")
def project(template: Path, answers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(template, tmp_path_factory.mktemp("out"), **answers)


def test_the_cases_cover_every_pair_of_options() -> None:
    names = list(OPTIONS)
    seen = {(a, case[a], b, case[b]) for case in CASES for a in names for b in names}
    missing = {
        (a, value_a, b, value_b)
        for a in names
        for b in names
        if a != b
        for value_a in OPTIONS[a]
        for value_b in OPTIONS[b]
    } - seen
    assert not missing


def test_consists_of_exactly_the_expected_files(project: Path, answers: dict[str, Any]) -> None:
    assert files_of(project) == expected_files(answers)


def test_is_small_enough_to_be_read(project: Path) -> None:
    """What a team owns. Nobody lets it grow unseen: whoever raises a number here says why in the same change."""
    own = owned(project)

    assert len(own) <= 60
    assert sum(lines(project / name) for name in own) <= 2_500
    assert lines(project / "Makefile") <= 60
    assert sum(lines(project / name) for name in own if name.startswith(".github/workflows/")) <= 350
    tests = [name for name in own if name.startswith("tests/")]
    assert len(tests) <= 6
    assert sum(lines(project / name) for name in tests) <= 300


def test_parses_and_has_no_template_language_left(project: Path) -> None:
    assert parse_all(project) >= {"contract.yaml", "pyproject.toml"}
    assert leftovers(project) == []


def test_passes_ruff(project: Path) -> None:
    check = run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], project)
    layout = run([sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."], project)
    assert (check.returncode, layout.returncode) == (0, 0), check.stdout + layout.stdout


def test_is_a_repository_with_one_commit_and_nothing_left_to_commit(project: Path) -> None:
    assert git(project, "rev-list", "--count", "HEAD") == "1"
    assert git(project, "status", "--porcelain") == ""
    assert set(git(project, "-c", "core.quotePath=false", "ls-files").splitlines()) == files_of(project)


def test_has_the_chosen_license_and_its_holder(project: Path, answers: dict[str, Any]) -> None:
    first_words = {
        "Proprietary": "Proprietary License",
        "Apache-2.0": "Apache License",
        "MIT": "MIT License",
        "BSD-3-Clause": "BSD 3-Clause License",
    }
    text = (project / "LICENSE").read_text(encoding="utf-8")
    assert text.lstrip().startswith(first_words[answers["license"]])
    assert answers.get("owner", "@your-org/your-team").removeprefix("@") in text
