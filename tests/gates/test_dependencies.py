"""The gate of dependencies: vulnerable, unused and missing packages."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from goldenpath.gates import dependencies, tools
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project.errors import ProjectError
from goldenpath.repository.facts import TOLD
from tests.sample import ROOT

SOUND: dict[str, Any] = {"name": "numpy", "version": "2.4.0", "vulns": []}
VULNERABLE = SOUND | {"vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.4.1"]}]}
LOCK = """\
--find-links ../vendor
goldenpath==0.2.0 \\
    --hash=sha256:{digest}
numpy==2.4.0 \\
    --hash=sha256:{digest}
"""
PIP_AUDIT = """\
#!{python}
import json, pathlib, sys
words = sys.argv[1:]
locks = [pathlib.Path(lock).read_text() for word, lock in zip(words, words[1:]) if word == "-r"]
pathlib.Path({seen!r}).write_text(json.dumps(locks))
answer = pathlib.Path({answer!r})
if answer.is_file():
    pathlib.Path(words[words.index("--output") + 1]).write_text(answer.read_text())
else:
    sys.exit("ERROR: no connection")
"""


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose deptry is content, and whose pip-audit reports what ``answer.json`` holds."""
    root, programs = tmp_path / "shop", tmp_path / "bin"
    for folder in (root / "requirements", programs):
        folder.mkdir(parents=True)
    (root / "requirements/train.txt").write_text(LOCK.format(digest="ab" * 32))
    seen, answered = (str(tmp_path / name) for name in ("seen.json", "answer.json"))
    text = PIP_AUDIT.format(python=sys.executable, seen=seen, answer=answered)
    for name, content in (("pip-audit", text), ("deptry", "#!/bin/sh\n")):
        (programs / name).write_text(content)
        (programs / name).chmod(0o755)
    monkeypatch.setattr(tools, "BIN", programs)
    return root


def answer(product: Path, packages: Any) -> None:
    (product.parent / "answer.json").write_text(
        packages if isinstance(packages, str) else json.dumps({"dependencies": packages})
    )


def test_sound_packages_pass_and_are_told(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOLD, str(product / "told.json"))
    answer(product, [SOUND])

    outcome = dependencies.run(product)

    assert str(outcome) == "deps: pass (1 packages looked up, no known vulnerability; none unused or missing.)"
    assert json.loads((product / "told.json").read_text()) == {"dependencies": [SOUND]}


def test_the_library_is_not_looked_up_because_no_index_has_it(product: Path) -> None:
    answer(product, [SOUND])

    dependencies.run(product)

    [lock] = json.loads((product.parent / "seen.json").read_text())
    assert lock == f"numpy==2.4.0 \\\n    --hash=sha256:{'ab' * 32}\n"
    assert "goldenpath==" in (product / "requirements/train.txt").read_text()


def test_a_vulnerable_package_is_red(product: Path) -> None:
    answer(product, [VULNERABLE])

    outcome = dependencies.run(product)

    assert str(outcome) == "deps: fail (numpy 2.4.0: PYSEC-2026-1, fixed in 2.4.1)"


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ([SOUND | {"vulns": [{"id": "X-1", "fix_versions": []}]}], "fixed in no version yet"),
        ([{"name": "numpy", "skip_reason": "not found"}], "numpy: was left out: not found"),
        ([], "No package was looked up"),
    ],
)
def test_an_audit_with_gaps_is_red(product: Path, packages: list[dict[str, Any]], words: str) -> None:
    answer(product, packages)

    outcome = dependencies.run(product)

    assert outcome.verdict == "fail"
    assert words in outcome.summary


@pytest.mark.parametrize("packages", [None, "["])
def test_an_audit_that_could_not_look_is_inconclusive(product: Path, packages: str | None) -> None:
    (product / "reports").mkdir()
    (product / "reports/audit.json").write_text(json.dumps({"dependencies": [SOUND]}))  # of an earlier run
    if packages is not None:
        answer(product, packages)

    with pytest.raises(InconclusiveError, match=r"could not look every package up.*audit\.log"):
        dependencies.run(product)


def test_a_project_without_a_lock_is_refused(product: Path) -> None:
    (product / "requirements/train.txt").unlink()

    with pytest.raises(ProjectError, match="no lock is there"):
        dependencies.run(product)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample project's code and its list of dependencies; no package is vulnerable."""
    for path in ("pyproject.toml", "src", "notebooks"):
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, tmp_path / path)
    monkeypatch.setattr(dependencies, "look_up", lambda _: [SOUND])
    return tmp_path


def test_the_sample_uses_the_dependencies_that_it_names(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dependencies.run(package).verdict == "pass", capsys.readouterr().out


def test_an_import_that_is_no_dependency_is_red(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = next((package / "src").glob("*/model.py"))
    module.write_text(module.read_text() + "\nimport pluggy\n")

    outcome = dependencies.run(package)

    assert outcome.verdict == "fail"
    assert re.search(r"'pluggy' imported but", capsys.readouterr().out)


def test_a_dependency_that_nothing_imports_is_red(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = (package / "pyproject.toml").read_text()
    assert "dependencies = [" in listed
    (package / "pyproject.toml").write_text(listed.replace("dependencies = [", 'dependencies = ["pluggy>=1", ', 1))

    outcome = dependencies.run(package)

    assert outcome.verdict == "fail"
    assert "'pluggy' defined as a dependency but not used" in capsys.readouterr().out
