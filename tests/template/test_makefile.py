"""``make setup``: which Python, installer and index. Programs are stand-ins that write down how they were called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.template.generation import generate, git, run

PYTHON = """\
#!/bin/sh
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$(dirname "$0")/program" .venv/bin/uv &&
        cp "$(dirname "$0")/program" .venv/bin/goldenpath ;;
    "-m pip config get global.index-url") test -n "$CONFIGURED" && echo "$CONFIGURED" ;;
esac
"""
PROGRAM = """\
#!/bin/sh
echo "$(basename "$0") $* [$UV_DEFAULT_INDEX]" >> "$SAID"
"""
INDEX = "https://index.example.com/simple"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python whose environments hold stand-ins for uv and goldenpath."""
    for name, script in (("python", PYTHON), ("program", PROGRAM)):
        (tmp_path / name).write_text(script, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    return tmp_path / "python"


@pytest.fixture
def project(template: Path, out: Path) -> Path:
    return generate(template, out)


def make(project: Path, python: Path, target: str, **variables: str) -> str:
    """Run a target, and return what the stand-ins were asked for."""
    said = python.with_name("said")
    done = run(["make", target, f"PYTHON={python}"], project, SAID=str(said), **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return said.read_text(encoding="utf-8")


def test_an_unsupported_python_is_refused_with_what_to_do(project: Path) -> None:
    done = run(["make", "setup", "PYTHON=false"], project)

    assert done.returncode != 0
    assert "setup needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "make setup PYTHON=" in done.stderr
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("variables", "index"),
    [
        ({}, ""),
        ({"PIP_INDEX_URL": INDEX}, INDEX),
        ({"CONFIGURED": INDEX}, INDEX),
        ({"PIP_INDEX_URL": INDEX, "UV_DEFAULT_INDEX": "https://other.example.com"}, "https://other.example.com"),
    ],
    ids=["none", "variable", "configuration", "uv-knows-its-own"],
)
def test_setup_tells_uv_the_index_of_pip(
    project: Path, python: Path, variables: Mapping[str, str], index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)

    said = make(project, python, "setup", **variables)

    installs = [line for line in said.splitlines() if line.startswith("uv pip install")]
    assert len(installs) == 2
    assert all(line.endswith(f"[{index}]") for line in installs), said
    assert "--no-deps --require-hashes -r requirements/dev.txt" in installs[0]
    assert "--no-deps --no-build-isolation --editable ." in installs[1]


def test_setup_is_done_once(project: Path, python: Path) -> None:
    first = make(project, python, "setup")

    assert make(project, python, "setup") == first


def test_a_target_sets_up_a_linked_worktree_first(project: Path, python: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(project, "worktree", "add", "--quiet", str(linked))

    said = make(linked, python, "check")

    assert said.splitlines()[-1].startswith("goldenpath check")
    assert not (project / ".venv").exists()
