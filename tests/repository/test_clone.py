from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from goldenpath.repository.clone import clone, environment
from tests.delivery.release.shop import commit, git


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
