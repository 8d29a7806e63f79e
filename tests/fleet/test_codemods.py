"""Renamed settings are renamed in a project's files, and nothing else in them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.fleet import codemods
from goldenpath.fleet.codemods import Rename
from goldenpath.project.errors import ProjectError

HOURS = Rename("0.3.0", "settings.yaml", "alerts.hours", "batch_hours")
TEXT = """\
# What alerts are rendered from
hours: 1
alerts:   {days: 3}
"""
NESTED = """\
hours: 1                  # another one
alerts:
  days: 3
  hours:   26             # since the last batch; hours are whole
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(NESTED, encoding="utf-8")
    return path


def test_a_key_is_renamed_where_it_stands(settings: Path) -> None:
    done = codemods.apply(settings.parent, "0.2.0", [HOURS])

    assert done == [HOURS]
    assert settings.read_text(encoding="utf-8") == NESTED.replace("  hours:   26", "  batch_hours:   26")


def test_a_key_in_braces_is_renamed(settings: Path) -> None:
    settings.write_text("alerts: {days: 3, hours: 26}\n", encoding="utf-8")

    codemods.apply(settings.parent, "0.2.0", [HOURS])

    assert settings.read_text(encoding="utf-8") == "alerts: {days: 3, batch_hours: 26}\n"


@pytest.mark.parametrize(("since", "version"), [("0.3.0", "0.3.0"), ("0.4.0", "0.3.0"), ("0.10.0", "0.9.0")])
def test_what_was_renamed_before_is_left(settings: Path, since: str, version: str) -> None:
    rename = Rename(version, HOURS.file, HOURS.key, HOURS.name)

    assert codemods.apply(settings.parent, since, [rename]) == []
    assert settings.read_text(encoding="utf-8") == NESTED


@pytest.mark.parametrize("text", [TEXT, "", "alerts: 3\n", "- alerts\n"])
def test_a_file_without_the_key_is_left(settings: Path, text: str) -> None:
    settings.write_text(text, encoding="utf-8")

    assert codemods.apply(settings.parent, "0.2.0", [HOURS]) == []
    assert settings.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert codemods.apply(tmp_path, "0.2.0", [HOURS]) == []


def test_both_names_at_once_are_refused(settings: Path) -> None:
    settings.write_text("alerts:\n  hours: 26\n  batch_hours: 27\n", encoding="utf-8")

    with pytest.raises(ProjectError, match=r"alerts\.hours is alerts\.batch_hours now, and the file holds both"):
        codemods.apply(settings.parent, "0.2.0", [HOURS])


def test_what_is_not_yaml_is_refused(settings: Path) -> None:
    settings.write_text("alerts: [", encoding="utf-8")

    with pytest.raises(ProjectError, match=r"settings\.yaml: is not YAML"):
        codemods.apply(settings.parent, "0.2.0", [HOURS])


def test_renames_stand_in_the_order_of_versions() -> None:
    versions = [tuple(map(int, item.version.split("."))) for item in codemods.RENAMES]

    assert versions == sorted(versions)
