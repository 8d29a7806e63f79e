"""Locks name the vendored wheel; fingerprints follow from wheel and locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.fleet import locks
from goldenpath.project.errors import ProjectError
from goldenpath.repository import lock_file, wheel
from tests.fleet import newer_library
from tests.fleet.newer_library import VERSION
from tests.sample import ROOT


def test_every_lock_names_the_wheel_and_keeps_the_rest(untrained: Path, tmp_path: Path) -> None:
    paths = sorted((untrained / "requirements").glob("*.txt"))
    before = [lock_file.without_wheel(path.read_text(encoding="utf-8")) for path in paths]
    locks.vendored(untrained).unlink()
    built = wheel.build(newer_library.checkout(ROOT, tmp_path / "library"), untrained / "vendor")

    locks.pin_wheel(untrained)

    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert [lock_file.pinned(text) for text in texts] == [(VERSION, wheel.digest(built))] * len(paths)
    assert [lock_file.without_wheel(text) for text in texts] == before


def test_fingerprints_are_those_of_the_vendored_code(untrained: Path) -> None:
    path = untrained / "vendor/stages.yaml"
    before = path.read_text(encoding="utf-8")
    path.unlink()

    locks.write_fingerprints(untrained)

    assert path.read_text(encoding="utf-8") == before


def test_a_project_without_its_wheel_is_told_how_to_get_it(untrained: Path) -> None:
    locks.vendored(untrained).unlink()

    with pytest.raises(ProjectError, match="holds 0 wheels of goldenpath, want one"):
        locks.compile_all(untrained)


def test_uv_is_told_the_index_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")

    assert locks.uv_environment()["UV_DEFAULT_INDEX"] == "https://packages.example.com/simple"


def test_an_index_that_uv_knows_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")

    assert locks.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example.com/simple"
