"""A version of the library comes from a checkout, a wheel, a git repository or the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.fleet import locks, versions
from goldenpath.project.errors import ProjectError
from goldenpath.repository import wheel
from tests.fleet import newer_library
from tests.fleet.conftest import commit, git
from tests.fleet.newer_library import VERSION
from tests.sample import ROOT

NAME = f"goldenpath-{VERSION}-py3-none-any.whl"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return newer_library.checkout(ROOT, tmp_path / "library")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the wheel is to go."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def test_a_checkout_is_built(checkout: Path, place: Path) -> None:
    assert versions.obtain(ROOT, str(checkout), place) == place / NAME


def test_a_wheel_is_copied_as_it_is(checkout: Path, place: Path, tmp_path: Path) -> None:
    built = wheel.build(checkout, tmp_path)

    found = versions.obtain(ROOT, str(built), place)

    assert found == place / NAME
    assert wheel.digest(found) == wheel.digest(built)


@pytest.mark.parametrize("ref", ["", "@v0.3.0"])
def test_a_git_address_is_cloned_at_its_ref(checkout: Path, place: Path, ref: str) -> None:
    git(checkout, "init", "--quiet", "--initial-branch=main")
    commit(checkout)
    git(checkout, "tag", "v0.3.0")
    if ref:
        (checkout / "src/goldenpath/__init__.py").unlink()
        commit(checkout, "No library")

    assert versions.obtain(ROOT, f"file://{checkout}{ref}", place).name == NAME


def test_a_git_address_that_leads_nowhere_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="at v1 cannot be fetched: git clone:"):
        versions.obtain(ROOT, f"file://{tmp_path}/none@v1", place)


def test_the_user_of_an_address_is_no_ref(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")

    with pytest.raises(ProjectError, match=r"^git@example.org:team/library.git cannot be fetched"):
        versions.obtain(ROOT, "git@example.org:team/library.git", place)


def test_a_version_that_no_index_has_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(ProjectError, match=r"pip has no goldenpath 9\.9\.9 from the index") as refusal:
        versions.obtain(ROOT, "9.9.9", place)

    assert "goldenpath upgrade --to PATH" in str(refusal.value)


def test_a_version_comes_from_the_index_of_pip(
    checkout: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel.build(checkout, tmp_path / "index")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))

    assert versions.obtain(ROOT, VERSION, place) == place / NAME


@pytest.mark.parametrize("source", ["nonsense", "latest"])
def test_what_names_no_version_is_refused(place: Path, source: str) -> None:
    with pytest.raises(ProjectError, match=f"{source} is no checkout, wheel, git address or version"):
        versions.obtain(ROOT, source, place)


def test_a_folder_without_the_library_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="holds no src/goldenpath"):
        versions.obtain(ROOT, str(tmp_path), place)


def test_another_wheel_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "shop-1.0-py3-none-any.whl").write_bytes(b"")

    with pytest.raises(ProjectError, match=r"shop-1.0-py3-none-any.whl: is no wheel of goldenpath"):
        versions.obtain(ROOT, str(tmp_path / "shop-1.0-py3-none-any.whl"), place)


def test_the_source_of_the_template_is_taken_unless_told(place: Path) -> None:
    assert versions.obtain(ROOT, "", place).name == locks.vendored(ROOT).name


def test_requirements_do_not_name_the_version(checkout: Path, tmp_path: Path) -> None:
    former, newer = locks.vendored(ROOT), wheel.build(checkout, tmp_path)

    assert versions.requirements(former) == versions.requirements(newer)
    assert "Requires-Dist: click>=" in versions.requirements(newer)
