"""Name and version of the project, and what is said where they cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError


def test_name_and_version_are_read(tmp_path: Path) -> None:
    (tmp_path / distribution.PATH).write_text('[project]\nname = "shop"\nversion = "1.2.3"\n')

    assert distribution.load(tmp_path) == distribution.Distribution("shop", "1.2.3")


def test_a_name_needs_no_version(tmp_path: Path) -> None:
    (tmp_path / distribution.PATH).write_text('[project]\nname = "shop"\n')

    assert distribution.name(tmp_path) == "shop"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[project", "is not TOML"),
        ("[tool.ruff]\n", r"project\.name is missing"),
        ('project = "shop"\n', r"project\.name is missing"),
        ('[project]\nname = "shop"\n', r"project\.version is missing"),
    ],
)
def test_a_file_without_them_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / distribution.PATH).write_text(text)

    with pytest.raises(ProjectError, match=rf"^pyproject\.toml: {fault}"):
        distribution.load(tmp_path)


def test_another_folder_than_the_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"pyproject\.toml: no such file\. Run this from the project's folder"):
        distribution.load(tmp_path)
