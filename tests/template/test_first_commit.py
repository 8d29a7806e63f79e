"""The generated project is a repository of its own, whatever the machine and the folder it is generated in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.template.generation import files_of, git, run_cookiecutter

PROJECT = "flight-delays"


def test_is_made_on_branch_main_by_the_person_who_generates(template: Path, out: Path) -> None:
    made = run_cookiecutter(template, out)

    assert git(out / PROJECT, "log", "--format=%an <%ae> %D") == "Test <test@example.com> HEAD -> main"
    assert "first commit on branch main" in made.stdout


def test_needs_no_git_identity(template: Path, out: Path) -> None:
    run_cookiecutter(template, out, GIT_CONFIG_GLOBAL=os.devnull)

    assert git(out / PROJECT, "log", "--format=%an <%ae>") == "Golden Path <golden-path@localhost>"
    assert "user" not in (out / PROJECT / ".git" / "config").read_text()


def test_leaves_an_outer_repository_as_it_was(template: Path, out: Path) -> None:
    git(out, "init", "--quiet")
    (out / "outer.txt").write_text("outer")
    git(out, "add", "--all")
    git(out, "commit", "--quiet", "--message", "Outer")
    before = git(out, "rev-parse", "HEAD")

    run_cookiecutter(template, out)

    assert git(out / PROJECT, "rev-parse", "--show-toplevel") == str(out / PROJECT)
    assert git(out / PROJECT, "log", "--format=%s").startswith("Generate the project")
    assert git(out, "rev-parse", "HEAD") == before
    assert git(out, "status", "--porcelain") == f"?? {PROJECT}/"


def test_ignores_git_variables_that_point_elsewhere(template: Path, out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "init", "--quiet", str(elsewhere))

    run_cookiecutter(
        template,
        out,
        GIT_DIR=str(elsewhere / ".git"),
        GIT_WORK_TREE=str(elsewhere),
        GIT_INDEX_FILE=str(elsewhere / ".git" / "index"),
    )

    assert set(git(out / PROJECT, "ls-files").splitlines()) == files_of(out / PROJECT)
    assert not (elsewhere / ".git" / "index").exists()


def test_runs_none_of_the_persons_hooks_and_signs_nothing(template: Path, out: Path, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "commit-msg", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    git_template = tmp_path / "git-template"
    shutil.copytree(hooks, git_template / "hooks")
    ignore = tmp_path / "ignore"
    ignore.write_text("*.yaml\n")
    config = tmp_path / "gitconfig"
    config.write_text(
        "[user]\nname = Test\nemail = test@example.com\n[commit]\ngpgSign = true\n[gpg]\nprogram = false\n"
        f"[core]\nhooksPath = {hooks}\nexcludesFile = {ignore}\n[init]\ntemplateDir = {git_template}\n"
    )

    run_cookiecutter(template, out, GIT_CONFIG_GLOBAL=str(config))

    assert git(out / PROJECT, "log", "--format=%an %G?") == "Test N"
    assert not (tmp_path / "ran").exists()
    assert not (out / PROJECT / ".git" / "hooks").exists()
    assert "params.yaml" in git(out / PROJECT, "ls-files").splitlines()


def test_is_left_out_where_git_is_missing_and_that_is_said(template: Path, out: Path, tmp_path: Path) -> None:
    made = run_cookiecutter(template, out, PATH=str(tmp_path))

    assert "git is not installed" in made.stdout
    assert not (out / PROJECT / ".git").exists()
    assert "params.yaml" in files_of(out / PROJECT)


def test_is_left_out_where_git_fails_and_the_reason_is_said(template: Path, out: Path, tmp_path: Path) -> None:
    broken = tmp_path / "gitconfig"
    broken.write_text("[user\n")

    made = run_cookiecutter(template, out, GIT_CONFIG_GLOBAL=str(broken))

    assert "No repository was made, because git failed: fatal: bad config line 1" in made.stdout
    assert not (out / PROJECT / ".git").exists()


def test_generating_over_a_project_adds_no_commit(template: Path, out: Path) -> None:
    run_cookiecutter(template, out)
    (out / PROJECT / "README.md").write_text("mine")

    again = run_cookiecutter(template, out, "--overwrite-if-exists")

    assert "already is a git repository" in again.stdout
    assert git(out / PROJECT, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize("folder", ["out", "."])
def test_the_next_commands_work_from_where_the_person_is(template: Path, out: Path, folder: str) -> None:
    here = out if folder == "." else out.parent
    made = run_cookiecutter(template, out, PWD=str(here))

    last = [line.strip() for line in made.stdout.splitlines()][-3:]
    assert last == [f"cd {(out / PROJECT).relative_to(here)}", "make setup", "make run"]
