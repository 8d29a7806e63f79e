"""One generated project for all tests of a worker, put back to its first commit between them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.template import bytecode
from tests.template.generation import commit_template, generate, git, run


class Project:
    """A generated project in which commands are run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of the library that the project has installed."""
        return self.run("goldenpath", *words)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``make`` with the words and return what came of it."""
        return self.run("make", *words)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program with the project's tools first on PATH."""
        return run(list(command), self.root, PATH=f"{self.root}/.venv/bin:{os.environ['PATH']}", COLUMNS="150")

    def state(self) -> tuple[str, dict[str, bytes]]:
        """What git sees, ignored files included, and the content of every file but the environment's and caches'."""
        aside = {".git", ".venv", "__pycache__", ".pytest_cache", "tmp"}
        files = (path for path in self.root.rglob("*") if path.is_file() and not aside & set(path.parts[3:]))
        content = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in files
            if not aside & set(path.relative_to(self.root).parts)
        }
        return git(self.root, "status", "--porcelain", "--ignored", "--untracked-files=all", "--", ":!.venv"), content

    def reset(self) -> None:
        """Put everything back to the first commit, and keep the environment."""
        git(self.root, "reset", "--hard", "--quiet", git(self.root, "rev-list", "--max-parents=0", "HEAD").strip())
        git(self.root, "clean", "-fdxq", "--exclude=.venv", "--exclude=__pycache__")


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The generated project, installed; use ``project``."""
    template = commit_template(tmp_path_factory.mktemp("template") / "golden-path")
    found = Project(generate(template, tmp_path_factory.mktemp("adopt")))
    done = found.make("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    bytecode.share(found.root / ".venv")
    return found


@pytest.fixture
def project(generated: Project) -> Project:
    """The generated project as it was generated."""
    generated.reset()
    return generated
