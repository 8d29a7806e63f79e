"""Promote a registered model to an environment: ``make promote VERSION=1.2.3 ENV=staging``.

The promotion is one commit that changes only the environment's overlay, and one tag of the registry. A version goes
through the environments in their order, with the same image all the way.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from goldenpath.delivery import commit, deployment_history, desired_state, labels, proofs, registry
from goldenpath.delivery.desired_state import DesiredState, Image
from goldenpath.delivery.docker import built_here
from goldenpath.delivery.registry import Version
from goldenpath.delivery.typed import typed
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

LOCAL = "local"


def main(arguments: Sequence[str] | None = None) -> int:
    """Promote what the environment's ``DELIVER_…`` variables name.

    Returns:
        0, or 1 after a refusal, whose reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="promote", description=__doc__)
    parser.add_argument("--judge", default="goldenpath", help="the platform's tool, as a command")
    parser.add_argument("--dry-run", action="store_true", help="judge, and change nothing")
    given = parser.parse_args(arguments)
    version, environment, image = map(typed, ("VERSION", "ENV", "IMAGE"))
    try:
        if given.dry_run and is_there(Path.cwd(), version, environment):
            print(f"{environment} is told to run {version} already: there is nothing to promote.")
            _tell_the_workflow("promoted=true")
            return 0
        print(promote(Path.cwd(), version, environment, image, shlex.split(given.judge), dry_run=given.dry_run))
    except ProjectError as refusal:
        print(f"promote refused.\n{refusal}", file=sys.stderr)
        return 1
    return 0


def is_there(root: Path, version: str, environment: str) -> bool:
    """Whether an environment is told to run a version already.

    Raises:
        ProjectError: There is no such environment or version.
    """
    desired_state.check_environment(root, environment)
    return bool(version) and desired_state.read(root, environment).model == registry.find(root, version).name


def promote(
    root: Path, version: str, environment: str, image: str, judge: Sequence[str], *, dry_run: bool = False
) -> str:
    """Tell an environment to run a version.

    Args:
        root: The project's folder.
        version: A registered version, such as ``1.2.3``.
        environment: One of the manifest's environments.
        image: For the first environment: ``name@sha256:…``, ``local`` for the image that this machine built, or
            nothing for what the receipt of the build names.
        judge: The platform's tool, as words of a command.
        dry_run: Whether to judge only, and change nothing.

    Returns:
        What was done and what to do next.

    Raises:
        ProjectError: Something is not committed; the version is not registered, was not in the environment before this
            one or was taken back from there, lacks a proof, or runs here already; its image says that it holds
            something else; or the product is not mature enough.
    """
    desired_state.check_environment(root, environment)
    if not version:
        raise ProjectError("VERSION= is missing. The registered versions: git tag --list '*@v*'")
    git.refuse_changes(root)
    asked = registry.find(root, version)
    if not git.is_ancestor(root, asked.commit, "HEAD"):
        raise ProjectError(
            f"{asked.name} stands on {asked.commit[:9]}, which is not part of this history. Merge it first: "
            f"git merge {asked.name}"
        )
    level = proofs.minimum_level(root, environment)
    before = desired_state.read(root, environment)
    after = DesiredState(_image(root, asked, environment, image, before), asked.name)
    if after == before:
        raise ProjectError(f"{environment} runs {asked.name} already. See what runs where: make status")
    proofs.require_receipts(root, asked, level)
    _refuse_other_image(root, asked, after.image, level)
    labels.refuse_another(root, asked, after.image)
    subject = f"Promote {asked.name} to {environment}"
    with commit.beside(root) as project:
        desired_state.write(project, environment, after)
        made = commit.commit(project, subject, {deployment_history.IMAGE: str(after.image), "Replaces": before.model})
        proofs.require_level(root, project, level, judge)
    if dry_run:
        return f"{environment} may run {asked.name} as {after.image}: make promote would let it pass."
    commit.move_to(root, made)
    tag = registry.assign(root, asked, environment, f"{subject}\n\nImage: {after.image}\n")
    return f"{subject}: commit {made[:9]}, tag {tag}. To publish it: git push origin HEAD '{tag}'"


def _image(root: Path, version: Version, environment: str, given: str, before: DesiredState) -> Image:
    """The image of a version: for the first environment told or built, for any other the one that was tried before."""
    known = desired_state.environments(root)
    if environment != known[0]:
        tried = _tried(root, version, known[known.index(environment) - 1])
        if given and desired_state.image(given, "IMAGE") != tried:
            raise ProjectError(
                f"IMAGE={given}: what was tried is {tried}, and the same image goes all the way. Leave IMAGE out."
            )
        return tried
    if given == LOCAL:
        return Image(before.image.name, built_here(version.name))
    if given:
        return desired_state.image(given, "IMAGE")
    digest = proofs.built_image(root, version)
    if not digest:
        raise ProjectError(
            f"{version.name}: which image holds it is not known. Build and push it on its commit, with a receipt: git "
            f"checkout {version.name} && make image-evidence; or say IMAGE=name@sha256:…, or IMAGE={LOCAL} for the one "
            "that this machine built"
        )
    return desired_state.image(f"{before.image.name}@{digest}", "image of the receipt")


def _tried(root: Path, version: Version, previous: str) -> Image:
    """The image with which a version ran in the environment before.

    Raises:
        ProjectError: It did not run there, or was taken back from there.
    """
    number = version.name.rpartition("@v")[2]
    found = deployment_history.changes(root, previous)
    last = next((change for change in found if change.after and change.after.model == version.name), None)
    if last is None or last.after is None:
        raise ProjectError(
            f"{version.name} has not been in {previous}. Try it there first: make promote VERSION={number} "
            f"ENV={previous}"
        )
    taken_back = next((change for change in found if change.reverts == last.commit), None)
    if taken_back is not None:
        raise ProjectError(
            f"{version.name} was taken back from {previous} on {taken_back.when[:10]} by {taken_back.who}: "
            f"{taken_back.reason}. Once that is mended: make promote VERSION={number} ENV={previous}"
        )
    return last.after.image


def _refuse_other_image(root: Path, version: Version, image: Image, level: int) -> None:
    if proofs.BUILD not in proofs.WANTED[level]:
        return
    built = proofs.built_image(root, version)
    if built and built != image.digest:  # what no registry has taken yet has no digest that a receipt could name
        raise ProjectError(
            f"{image} was not built from {version.name}: the receipt of its build names {built}. "
            f"Promote the built image to the first environment, or build anew: git checkout {version.name} && "
            "make image-evidence"
        )


def _tell_the_workflow(line: str) -> None:
    """Set an output of this step, where a workflow runs it."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
