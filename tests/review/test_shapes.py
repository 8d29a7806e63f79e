"""The level of repositories as they are found, line by line: what each lacks for its next level, and why."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from goldenpath.review import levels
from goldenpath.review.review import Review, review
from goldenpath.review.standards.criterion import Part
from goldenpath.review.standards.verdict import Status
from tests.review.shapes import SHAPES
from tests.review.standards.cases import Repository

TEMPLATE = Path(__file__).resolve().parents[2]
NOBODYS: Mapping[str, str] = {
    "DOC-01": "there is no golden-path.yaml",
    "DOC-02": "the README has no quickstart",
    "DOC-03": "cannot be judged before DOC-01",
    "DOC-04": "there is no changelog",
    "DOC-05": "there is no map of the architecture",
    "CQ-06": "nobody is asked to review",
    "TR-03": "no release has been tagged",
    "SEC-02": "no package is locked with hashes",
}
"""What none of the five says: what it is, whose it is, which version it is, and what it is built from."""
UNCHECKED: Mapping[str, str] = {
    "CQ-02": "no workflow runs on pull requests",
    "CQ-05": ".pre-commit-config.yaml is missing",
}
"""What nobody holds a change against."""
LACKS: Mapping[str, Mapping[str, str]] = {
    "a folder of notebooks": {
        **NOBODYS,
        **UNCHECKED,
        "CQ-01": "there is no Python package",
        "CQ-03": "there are no tests",
        "CQ-04": "there is no Python file to lint",
        "CQ-07": "2 notebooks hold outputs",
        "TR-02": "2 entries of the locks are loose",
        "SEC-03": "there is no workflow",
    },
    "a cookiecutter-data-science project": {
        **NOBODYS,
        **UNCHECKED,
        "CQ-03": "no test imports the package",
        "CQ-04": "2 findings",
        "TR-02": "4 entries of the locks are loose",
        "SEC-03": "there is no workflow",
    },
    "a DVC example": {
        **NOBODYS,
        **UNCHECKED,
        "DOC-02": "the quickstart cannot work: nothing in it tests",
        "CQ-01": "there is no Python package",
        "CQ-03": "there are no tests",
        "CQ-04": "3 findings",
        "TR-02": "nothing locks the environment",
        "SEC-03": "2 weak spots in the workflows",
    },
    "an MLflow example": {
        **NOBODYS,
        **UNCHECKED,
        "CQ-01": "there is no Python package",
        "CQ-03": "there are no tests",
        "TR-02": "nothing locks the environment",
        "SEC-03": "there is no workflow",
    },
    "a Python package with CI": {
        **NOBODYS,
        "DOC-02": "nobody knows whether the quickstart works",
        "CQ-02": "no receipt proves it",
        "CQ-03": "no receipt proves it",
        "TR-02": "nothing locks the environment",
    },
}
"""What each lacks for level 1, with the words of the verdict. Everything else of levels 0 and 1 is met."""
FURTHER: Mapping[str, Mapping[str, str]] = {
    "a DVC example": {"TR-04": "pass", "TR-05": "fail", "TR-06": "unknown", "SEC-05": "fail"},
    "an MLflow example": {"TR-04": "fail", "TR-05": "unknown", "SEC-05": "fail"},
    "a folder of notebooks": {"TR-04": "fail", "SEC-05": "fail"},
    "a Python package with CI": {"TR-04": "fail", "SEC-05": "pass"},
}
"""Criteria of higher levels in which the shapes differ."""


def lacking(found: Review) -> dict[str, str]:
    """What is not met up to the next level, with the reason."""
    return {
        result.criterion.id: result.verdict.reason
        for result in found.results
        if result.criterion.level <= found.level + 1 and not levels.is_met(result)
    }


def reviewed(name: str, folder: Path) -> Review:
    repository = Repository(folder)
    repository.commit(SHAPES[name])
    return review(repository.product())


@pytest.mark.parametrize("name", SHAPES)
def test_the_level_of_a_public_shape_and_all_that_it_lacks_for_the_next(name: str, tmp_path: Path) -> None:
    found = reviewed(name, tmp_path)

    assert found.level == 0
    assert found.parts == dict.fromkeys(Part, 0) | {Part.MONITORING: 1}
    said = lacking(found)
    assert sorted(said) == sorted(LACKS[name])
    assert {item: words for item, words in LACKS[name].items() if words not in said[item]} == {}


@pytest.mark.parametrize("name", FURTHER)
def test_shapes_differ_where_they_differ(name: str, tmp_path: Path) -> None:
    found = reviewed(name, tmp_path)

    assert {item: str(found[item].status) for item in FURTHER[name]} == FURTHER[name]


def test_the_template_itself_is_no_product_and_is_told_what_it_lacks(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=TEMPLATE, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if name and (TEMPLATE / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, tmp_path / name)
    repository.commit({}, "The template as it lies here")

    found = review(repository.product())

    assert found.level == 0
    said = lacking(found)
    # It serves no model, so it has no manifest, and no receipts of its own lie in a fresh copy.
    assert {"DOC-01", "DOC-03", "CQ-02", "CQ-03", "TR-03"} <= set(said)
    assert set(said) <= {
        "DOC-01",
        "DOC-02",
        "DOC-03",
        "DOC-05",
        "CQ-02",
        "CQ-03",
        "CQ-05",
        "CQ-06",
        "TR-02",
        "TR-03",
        "SEC-02",
    }
    # Its locks are made for three Pythons, none of which is the one that it runs on.
    assert found["TR-02"].verdict.reason == "no version of Python is pinned"
    assert [found[name].status for name in ("CQ-01", "CQ-04", "SEC-01", "SEC-03")] == [Status.PASS] * 4
