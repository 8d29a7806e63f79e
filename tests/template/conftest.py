"""Fixtures for tests that generate."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template import bytecode, docker
from tests.template.docker import Engine, Registry
from tests.template.generation import commit_template, generate, git, run


@pytest.fixture(scope="session", autouse=True)
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where mypy keeps what it knows of the packages that every project installs."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("mypy")
        patch.setenv("MYPY_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as committed, to generate from; not to be changed."""
    return commit_template(tmp_path_factory.mktemp("template") / "golden-path")


@pytest.fixture(scope="session")
def walked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project whose pipeline has run and whose results are committed."""
    project = generate(template, tmp_path_factory.mktemp("walked"))
    for target in ("setup", "run"):
        done = run(["make", target], project)
        assert done.returncode == 0, done.stdout + done.stderr
        if target == "setup":
            bytecode.share(project / ".venv")
            bytecode.share(Path(sys.prefix))  # for a fresh clone of the template
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Train the model")
    return project


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker engine of the tests' own."""
    if not docker.is_possible():
        pytest.skip("an engine of the tests' own needs root")
    with docker.engine(tmp_path_factory.mktemp("docker")) as started:
        yield started


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """An image registry of the tests' own, on loopback."""
    if not docker.is_possible():
        pytest.skip("a registry of the tests' own may have to be installed, which needs root")
    with docker.registry(tmp_path_factory.mktemp("registry")) as started:
        yield started
