"""Finish a generated project: prune what its options leave out, choose the license, make the first commit."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ANSWERS = {
    "data_remote": "{{ cookiecutter.data_remote }}",
    "deploy": "{{ cookiecutter.deploy }}",
    "license": "{{ cookiecutter.license }}",
    "package_name": "{{ cookiecutter.package_name }}",
}
TEMPLATE = Path({{ template_folder() | tojson }})  # type: ignore[name-defined,arg-type]  # fmt: skip
TEMPLATE_VERSION = "{{ cookiecutter._template_version }}"
MADE_BY_CRUFT = bool("{{ 'yes' if '_commit' in cookiecutter else '' }}")

PLACEHOLDER = "your_package"
"""What the template's tests call the package of the project."""

# Option and value -> paths that only projects with this value keep.
KEPT_FOR: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("data_remote", "s3"): ("infra", "requirements/remote-s3.txt"),
    ("data_remote", "gcs"): ("requirements/remote-gcs.txt",),
    ("data_remote", "azure"): ("requirements/remote-azure.txt",),
    ("deploy", "kubernetes"): (
        "deploy/overlays/dev/kustomization.yaml",
        "deploy/overlays/prod/kustomization.yaml",
        "deploy/overlays/staging/kustomization.yaml",
    ),
    ("deploy", "compose"): (
        "deploy/overlays/dev/compose.yaml",
        "deploy/overlays/prod/compose.yaml",
        "deploy/overlays/staging/compose.yaml",
    ),
}

# Settings and files of the person who generates must not change the first commit, nor run anything.
GIT = (
    "git",
    *("-c", "commit.gpgSign=false"),
    *("-c", "core.autocrlf=false"),
    *("-c", f"core.excludesFile={os.devnull}"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "user.useConfigOnly=true"),
)
FALLBACK_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Golden Path"), ("EMAIL", "golden-path@localhost"))
}
# Everything else named GIT_ may point at another repository: git sets such variables for its own hooks and aliases.
KEPT_GIT_VARIABLES = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def prune(project: Path, answers: Mapping[str, str]) -> None:
    """Remove the files and folders that belong to options not chosen."""
    for (option, value), paths in KEPT_FOR.items():
        if answers[option] == value:
            continue
        for path in paths:
            unwanted = project / path
            if unwanted.is_dir():
                shutil.rmtree(unwanted)
            else:
                unwanted.unlink()


def choose_license(project: Path, name: str) -> None:
    """Make ``licenses/<name>.txt`` the project's ``LICENSE`` and remove the others."""
    licenses = project / "licenses"
    (licenses / f"{name}.txt").replace(project / "LICENSE")
    shutil.rmtree(licenses)


def name_package(project: Path, package: str) -> None:
    """Import the project's own package in its tests, which are plain Python in the template: no code is rendered."""
    for test in sorted((project / "tests").glob("*.py")):
        text = test.read_text(encoding="utf-8")
        test.write_text(text.replace(PLACEHOLDER, package), encoding="utf-8")


def vendor_library(project: Path) -> None:
    """Put the library of this template into ``vendor/`` as a wheel, name its digest in the locks, and render by it.

    The library's own modules do it. Those need nothing that is not installed wherever cookiecutter is.
    """
    sys.path.insert(0, str(TEMPLATE / "src"))
    from goldenpath.delivery import render
    from goldenpath.pipeline import fingerprints
    from goldenpath.repository import lock_file, wheel

    built = wheel.build(TEMPLATE, project / "vendor")
    version, digest = built.name.split("-")[1], wheel.digest(built)
    for lock in sorted((project / "requirements").glob("*.txt")):
        lock.write_text(lock_file.with_wheel(lock.read_text(encoding="utf-8"), version, digest), encoding="utf-8")
    stages = fingerprints.text(TEMPLATE / "src", project)
    (project / fingerprints.FILE).write_text(stages, encoding="utf-8")
    render.render(project)


def anchor_source(project: Path) -> None:
    """Record a template that was named by a relative path by its absolute one, which holds from inside the project."""
    manifest = project / "golden-path.yaml"
    text = manifest.read_text(encoding="utf-8")
    named = re.search(r'^  source: (".*")$', text, flags=re.MULTILINE)
    source = json.loads(named[1]) if named else os.sep
    folder = Path(os.environ.get("PWD", os.sep)) / source
    if named and not Path(source).is_absolute() and (folder / "cookiecutter.json").is_file():
        anchored = json.dumps(str(folder.resolve()))
        manifest.write_text(text[: named.start(1)] + anchored + text[named.end(1) :], encoding="utf-8")


def commit_all(project: Path) -> str:
    """Make ``project`` a git repository of its own, with one commit of all its files.

    Returns:
        What was done, or why it was not, as one sentence. A project without a repository is still a good project, so
        no failure of git is an error.
    """
    if (project / ".git").exists():
        return "The folder already is a git repository: review and commit the changes."
    if shutil.which("git") is None:
        return "git is not installed: no repository was made. Install it, then: git init -b main"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(KEPT_GIT_VARIABLES)
    }

    def git(*arguments: str, **extra: str) -> None:
        subprocess.run(
            [*GIT, *arguments],
            cwd=project,
            env=environment | extra,
            check=True,
            capture_output=True,
            text=True,
        )

    commit = ("commit", "--quiet", "--message", f"Generate the project from Golden Path {TEMPLATE_VERSION}")
    try:
        git("init", "--quiet", "--initial-branch=main", "--template=")
        git("add", "--all")
        try:
            git(*commit)
        except subprocess.CalledProcessError:
            git(*commit, **FALLBACK_IDENTITY)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(project / ".git", ignore_errors=True)
        reason = (error.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        return f"No repository was made, because git failed: {reason}"
    return "Made a git repository with a first commit on branch main."


def next_commands(project: Path) -> list[str]:
    """List the commands that lead from here to a trained model."""
    here = Path(os.environ.get("PWD", os.sep))
    folder = project.relative_to(here) if project.is_relative_to(here) else project
    return [f"cd {shlex.quote(str(folder))}", "make setup", "make run"]


def is_rehearsal(project: Path) -> bool:
    """Tell whether cruft generates into a scratch folder, to compare two versions of the template."""
    scratch = project.parent
    return MADE_BY_CRUFT and scratch.name.startswith("tmp") and scratch.parent == Path(tempfile.gettempdir()).resolve()


def main() -> None:
    """Finish the project in the current folder and say what comes next."""
    project = Path.cwd()
    prune(project, ANSWERS)
    choose_license(project, ANSWERS["license"])
    name_package(project, ANSWERS["package_name"])
    vendor_library(project)
    anchor_source(project)
    outcome = commit_all(project)
    if is_rehearsal(project):
        return
    if MADE_BY_CRUFT:
        outcome += " Commit .cruft.json, which cruft adds now, too."
    sys.stdout.write("\n".join([f"Generated {project.name}. {outcome}", "Next:", ""]))
    sys.stdout.write("".join(f"  {command}\n" for command in next_commands(project)))


if __name__ == "__main__":
    main()
