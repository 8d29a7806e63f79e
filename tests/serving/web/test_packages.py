"""The page's runtime comes from npm, by the lock that the library holds."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from goldenpath.serving.web import packages
from goldenpath.serving.web.errors import WebError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder ``node_modules`` of a project that has none yet."""
    return tmp_path / "build/web-packages/node_modules"


@pytest.fixture
def npm(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands in for npm, which needs its registry; keeps how it was called."""
    calls: list[list[str]] = []

    def run(command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        assert cwd == home.parent
        home.mkdir(exist_ok=True)
        (home / packages.INSTALLED).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_packages_are_those_of_the_librarys_lock(home: Path, npm: list[list[str]]) -> None:
    packages.install(home)

    lock = json.loads((home.parent / "package-lock.json").read_text())
    assert [call[:2] for call in npm] == [["npm", "ci"]]
    assert all(item["integrity"].startswith("sha512-") for name, item in lock["packages"].items() if name)


def test_packages_that_are_there_are_not_brought_again(home: Path, npm: list[list[str]]) -> None:
    packages.install(home)

    packages.install(home)

    assert len(npm) == 1


def test_another_lock_brings_its_packages(home: Path, npm: list[list[str]]) -> None:
    packages.install(home)
    (home.parent / "package-lock.json").write_text("{}")

    packages.install(home)

    assert len(npm) == 2


def test_a_machine_without_npm_is_told_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(WebError, match=r"web needs npm, which comes with Node\.js"):
        packages.install(home)


def test_what_npm_says_of_a_failure_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess(["npm"], 1, "", "npm error code EINTEGRITY\n")
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    with pytest.raises(WebError, match="could not bring the page's runtime: npm error code EINTEGRITY"):
        packages.install(home)
