"""Every way to start a project gives the same project."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.template.expected import expected_files
from tests.template.generation import TEMPLATE, commit_template, files_of, git, run, run_cookiecutter

PROJECT = "flight-delays"
CRUFT = [sys.executable, "-m", "cruft"]


def test_cookiecutter_from_a_git_url(out: Path, template: Path) -> None:
    run_cookiecutter(f"git+file://{template}", out)

    assert files_of(out / PROJECT) == expected_files({})


def test_make_new(out: Path, tmp_path: Path) -> None:
    template = commit_template(tmp_path / "golden-path")
    (template / ".venv").symlink_to(TEMPLATE / ".venv")
    made = run(["make", "new", f"OUT={out}", "ARGS=--no-input deploy=compose license=MIT"], template)

    assert files_of(out / PROJECT) == expected_files({"deploy": "compose", "license": "MIT"}), made.stderr
    assert (out / PROJECT / "LICENSE").read_text().startswith("MIT License")


def test_cruft_create_check_and_update(out: Path, tmp_path: Path) -> None:
    template = commit_template(tmp_path / "golden-path")
    project = out / PROJECT
    run([*CRUFT, "create", str(template), "--no-input", "--output-dir", str(out)], out)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Follow the template")

    fresh = run([*CRUFT, "check"], project)
    readme = template / "{{cookiecutter.project_slug}}" / "README.md"
    readme.write_text(readme.read_text() + "\nA line from a newer template.\n")
    git(template, "commit", "--quiet", "--all", "--message", "Newer")
    stale = run([*CRUFT, "check"], project)
    update = run([*CRUFT, "update", "--skip-apply-ask"], project)
    updated = run([*CRUFT, "check"], project)

    assert (fresh.returncode, stale.returncode, updated.returncode) == (0, 1, 0), update.stderr
    assert (project / "README.md").read_text().endswith("A line from a newer template.\n")
    assert git(project, "status", "--porcelain").splitlines() == [" M .cruft.json", "M  README.md"]
    assert files_of(project) == expected_files({}) | {".cruft.json"}
