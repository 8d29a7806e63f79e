"""Keeps the tests apart from the person who runs them: their git identity, cookiecutter defaults and caches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

GIT_CONFIG = """\
[user]
    name = Test
    email = test@example.com
[protocol "file"]
    allow = always
"""


@pytest.fixture(autouse=True, scope="session")
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("configuration")
    git_config = folder / "gitconfig"
    git_config.write_text(GIT_CONFIG)
    cookiecutter_config = folder / "cookiecutter.json"
    cookiecutter_config.write_text(
        json.dumps({"cookiecutters_dir": str(folder / "clones"), "replay_dir": str(folder / "replay")})
    )
    patch = pytest.MonkeyPatch()
    patch.setenv("GIT_CONFIG_GLOBAL", str(git_config))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("COOKIECUTTER_CONFIG", str(cookiecutter_config))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV"):
        patch.delenv(name, raising=False)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stop where groups are not kept: each worker would then make anew what takes minutes, and in each other's way."""
    if getattr(session.config.option, "loadgroup", False):  # as a worker of pytest-xdist knows it
        marked = [item for item in session.items if item.get_closest_marker("xdist_group")]
        if any("@" not in item.nodeid for item in marked):
            raise pytest.UsageError("pytest-xdist keeps no groups under this pytest: take the one that is locked")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder to generate into, in a folder of its own, so that what escapes it shows."""
    folder = tmp_path / "parent" / "out"
    folder.mkdir(parents=True)
    return folder
