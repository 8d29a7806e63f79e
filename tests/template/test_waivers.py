"""``goldenpath waive`` in a generated project: what is not met is excused by name and as typed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.generation import generate, git, run

pytestmark = pytest.mark.xdist_group("waivers")

TOOL = str(Path(sys.executable).with_name("goldenpath"))


@pytest.fixture(scope="module")
def generated(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project that takes its virtual environment for installed: nothing here needs it. See ``project``."""
    found = generate(template, tmp_path_factory.mktemp("waivers"))
    (found / ".venv").mkdir()
    (found / ".venv" / ".installed").touch()
    return found


@pytest.fixture
def project(generated: Path) -> Iterator[Path]:
    """The generated project, put back to its first commit afterwards."""
    yield generated
    git(generated, "reset", "--quiet", "--hard")
    git(generated, "clean", "--quiet", "-fd")


def waive(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the verb as the owner of the sample product."""
    owner = ("--approver=@your-org/your-team", "--link=docs/risk.md")
    return run([TOOL, "waive", *owner, *words], project)


def entries(project: Path) -> list[dict[str, Any]]:
    """What stands in the project's file of waivers."""
    listed: list[dict[str, Any]] = yaml.safe_load((project / "checklist/waivers.yaml").read_text("utf-8")) or []
    return listed


def test_a_level_is_excused_for_ninety_days_by_the_owner(project: Path) -> None:
    done = waive(project, "--level=1", "--reason=No users yet")

    assert done.returncode == 0, done.stderr
    assert "entries added to checklist/waivers.yaml; the level stays 0" in done.stdout
    assert {item["approver"] for item in entries(project)} == {"@your-org/your-team"}
    assert {item["link"] for item in entries(project)} == {"docs/risk.md"}
    assert {(item["expires"] - item["when"]).days for item in entries(project)} == {90}


def test_one_criterion_is_excused_for_as_long_as_was_said(project: Path) -> None:
    done = waive(project, "MON-02", "--days=7", "--reason=No users yet")

    [entry] = entries(project)
    assert done.returncode == 0, done.stderr
    assert (entry["id"], (entry["expires"] - entry["when"]).days) == ("MON-02", 7)


@pytest.mark.parametrize("reason", ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", '"', "#", ": {"])
def test_a_reason_is_kept_as_typed(project: Path, reason: str) -> None:
    done = waive(project, "MON-02", f"--reason={reason} No users yet")

    assert done.returncode == 0, done.stderr
    assert not (project / "pwned").exists()
    assert [item["reason"] for item in entries(project)] == [f"{reason} No users yet"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--level=3",), "Missing option '--reason'"),
        (("--level=3", "--reason=  "), "the waiver would not count: it lacks reason"),
        (("--reason=why",), "want an ID or --level, and not both"),
        (("MON-02", "--level=3", "--reason=why"), "want an ID or --level, and not both"),
        (("--level=$(touch pwned)", "--reason=why"), "is not a valid integer"),
        (("; touch pwned", "--reason=why"), "there is no criterion"),
        (("--reason=why", "--", "--help"), "there is no criterion"),
        (("--level=3", "--days=91", "--reason=why"), "from 1 to 90 days"),
    ],
)
def test_what_cannot_be_excused_is_refused_with_one_clear_error(
    project: Path, words: tuple[str, ...], says: str
) -> None:
    before = entries(project)

    done = waive(project, *words)

    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "pwned").exists()
    assert entries(project) == before
