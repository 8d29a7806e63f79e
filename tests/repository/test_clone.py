from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from goldenpath.project.errors import ProjectError
from goldenpath.repository import wheel
from goldenpath.repository.clone import LIBRARY, clone, environment, environment_of_commit
from tests.repository.conftest import commit, git
from tests.repository.library import changed_wheel
from tests.sample import TEMPLATE


def local_config(project: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(project / ".dvc" / "config.local")
    return found


@pytest.mark.parametrize("share_cache", [True, False])
def test_a_clone_finds_the_remote_and_the_cache_only_when_it_may(
    product: Path, tmp_path: Path, share_cache: bool
) -> None:
    project = clone(product, tmp_path / "clone", share_cache=share_cache)

    config = local_config(project)
    assert config["'remote \"default\"'"]["url"] == str(tmp_path / "shop-storage")
    assert config.get("cache", "dir", fallback="") == (str(product / ".dvc" / "cache") if share_cache else "")


def test_credentials_come_along(product: Path, tmp_path: Path) -> None:
    (product / ".dvc" / "config.local").write_text("['remote \"default\"']\n    access_key_id = known\n")

    project = clone(product, tmp_path / "clone", share_cache=False)

    assert local_config(project)["'remote \"default\"'"]["access_key_id"] == "known"


def test_a_product_in_a_folder_of_its_repository_is_found_in_the_clone(product: Path, tmp_path: Path) -> None:
    inner = product / "products" / "prices"
    inner.mkdir(parents=True)
    (inner / "README.md").write_text("inner")
    commit(product)

    project = clone(inner, tmp_path / "clone", share_cache=False)

    assert (project / "README.md").read_text() == "inner"
    assert git(project, "status", "--porcelain", "--untracked-files=no") == ""


def test_the_environment_holds_nothing_of_this_project(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{product / '.venv' / 'bin'}:/usr/bin")
    monkeypatch.setenv("MAKEFLAGS", "-k")

    found = environment(product)

    assert found["PATH"] == "/usr/bin"
    assert "MAKEFLAGS" not in found


FACTS = (TEMPLATE / "src/goldenpath/repository/facts.py").read_text(encoding="utf-8")


def imported(project: Path, variables: dict[str, str]) -> str:
    """Where a clone takes the library from, and what a constant of it holds there."""
    code = "import goldenpath.repository.facts as facts; print(facts.__file__, facts.LOCAL)"
    words = [sys.executable, "-c", code]
    return subprocess.run(words, cwd=project, env=variables, check=True, capture_output=True, text=True).stdout


def test_another_commit_runs_under_its_own_library(product: Path, tmp_path: Path) -> None:
    former = FACTS.replace('LOCAL = "local"', 'LOCAL = "former"')
    changed_wheel(tmp_path, product / "vendor", repository__facts=former)
    commit(product)
    project = clone(product, tmp_path / "clone", share_cache=True)
    wheel.build(TEMPLATE, product / "vendor")

    variables = environment_of_commit(product, project)

    assert imported(project, variables) == f"{project / LIBRARY / 'goldenpath/repository/facts.py'} former\n"
    assert shutil.which("goldenpath", path=variables["PATH"]) == str(Path(sys.executable).parent / "goldenpath")


def test_a_stage_of_another_commit_is_its_own(product: Path, tmp_path: Path) -> None:
    former = "def ingest():\n    return 'by the former library'\n"
    changed_wheel(tmp_path, product / "vendor", pipeline__ingest=former)
    commit(product)
    project = clone(product, tmp_path / "clone", share_cache=True)
    wheel.build(TEMPLATE, product / "vendor")

    done = subprocess.run(
        ["sh", "-c", "goldenpath stage ingest"],
        cwd=project,
        env=environment_of_commit(product, project),
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.startswith("ingest: by the former library")


def test_a_commit_with_the_same_library_needs_no_second_copy(product: Path, tmp_path: Path) -> None:
    wheel.build(TEMPLATE, product / "vendor")
    commit(product)
    project = clone(product, tmp_path / "clone", share_cache=True)

    variables = environment_of_commit(product, project)

    assert "PYTHONPATH" not in variables
    assert not (project / LIBRARY).exists()
    assert variables["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


@pytest.mark.parametrize(
    ("wheels", "message"),
    [
        (("goldenpath-1.0.0-py3-none-any.whl",), "goldenpath-1.0.0-py3-none-any.whl: cannot be unpacked"),
        (("goldenpath-1.0.0-py3-none-any.whl", "goldenpath-2.0.0-py3-none-any.whl"), "several wheels of the library"),
    ],
)
def test_a_library_that_cannot_be_used_is_refused(tmp_path: Path, wheels: tuple[str, ...], message: str) -> None:
    (tmp_path / "clone/vendor").mkdir(parents=True)
    for name in wheels:
        (tmp_path / "clone/vendor" / name).write_text("no zip")

    with pytest.raises(ProjectError, match=message):
        environment_of_commit(tmp_path, tmp_path / "clone")
