"""A project says which versions of the library it works with; any other refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from goldenpath.project.errors import ProjectError
from goldenpath.project.version_gate import admits, is_later, range_of, refuse_other_version

SPECIFIERS = [
    ">=0.2,<0.3",
    ">=0.2",
    "<1",
    "==0.2.*",
    "!=0.2.*",
    "==0.2",
    "!=0.2.1",
    "~=0.2",
    "~=0.2.1",
    ">0.2",
    "<=0.2.1",
]
VERSIONS = ["0.1.9", "0.2", "0.2.0", "0.2.1", "0.2.10", "0.3.0", "0.10.0", "1.0.0"]


@pytest.mark.parametrize("specifier", SPECIFIERS)
@pytest.mark.parametrize("version", VERSIONS)
def test_specifiers_mean_what_packaging_reads(specifier: str, version: str) -> None:
    assert admits(specifier, version) is SpecifierSet(specifier).contains(version)


@pytest.mark.parametrize("specifier", ["0.2", ">=", ">=0.2;<0.3", "~=1", ">=0.2.*", "latest"])
def test_what_is_no_specifier_is_refused(specifier: str) -> None:
    with pytest.raises(ProjectError, match="requires is no version specifier"):
        admits(specifier, "0.2.0")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.2.0", ">=0.2,<0.3"), ("0.9.4", ">=0.9,<0.10"), ("1.0.0", ">=1.0,<2"), ("3.4", ">=3.4,<4")],
)
def test_the_range_of_a_version_admits_it_and_no_breaking_one(version: str, expected: str) -> None:
    assert range_of(version) == expected
    assert admits(expected, version)


@pytest.mark.parametrize(("version", "other", "expected"), [("0.10.0", "0.9.0", True), ("0.2", "0.2.0", False)])
def test_versions_are_compared_by_their_numbers(version: str, other: str, expected: bool) -> None:
    assert is_later(version, other) is expected


def manifest(root: Path, text: str) -> Path:
    (root / "golden-path.yaml").write_text(text, encoding="utf-8")
    return root


def test_a_version_outside_is_told_how_to_go_on(tmp_path: Path) -> None:
    root = manifest(tmp_path, 'requires: ">=0.2,<0.3"\n')

    with pytest.raises(ProjectError) as refusal:
        refuse_other_version(root, "0.3.1")

    assert refusal.value.outcome == "refused"
    assert "requires is >=0.2,<0.3, and goldenpath 0.3.1 runs." in str(refusal.value)
    assert "make setup" in str(refusal.value)
    assert "goldenpath upgrade --to 0.3.1" in str(refusal.value)


@pytest.mark.parametrize("text", ['requires: ">=0.2,<0.3"\n', "product: {name: Shop}\n", ""])
def test_a_version_inside_or_a_silent_manifest_is_let_through(tmp_path: Path, text: str) -> None:
    refuse_other_version(manifest(tmp_path, text), "0.2.5")


def test_outside_of_a_project_any_version_runs(tmp_path: Path) -> None:
    refuse_other_version(tmp_path, "9.9.9")
