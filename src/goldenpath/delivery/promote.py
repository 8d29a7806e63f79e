"""Promote a registered model to an environment: ``goldenpath promote 1.2.3 staging``.

The promotion is one commit that changes only the environment's overlay, and one tag of the registry. A version goes
through the environments in their order, with the same image all the way.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from goldenpath.delivery import commit, deployment_history, desired_state, labels, proofs, registry
from goldenpath.delivery.desired_state import DesiredState, Image
from goldenpath.delivery.docker import built_here
from goldenpath.delivery.registry import Version
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

LOCAL = "local"
"""In the place of an image: the one that this machine built."""
JUDGE = (sys.executable, "-m", "goldenpath")
"""The command that reviews the product with the change."""


def is_there(root: Path, version: str, environment: str) -> bool:
    """Whether an environment is told to run a version already.

    Raises:
        ProjectError: There is no such environment or version.
    """
    desired_state.check_environment(root, environment)
    return desired_state.read(root, environment).model == registry.find(root, version).name


def promote(
    root: Path,
    version: str,
    environment: str,
    image: str = "",
    *,
    dry_run: bool = False,
    judge: Sequence[str] = JUDGE,
) -> str:
    """Tell an environment to run a version.

    Args:
        root: The project's folder.
        version: A registered version, such as ``1.2.3``.
        environment: One of the manifest's environments.
        image: For the first environment: ``name@sha256:…``, ``local`` for the image that this machine built, or
            nothing for what the receipt of the build names.
        dry_run: Whether to judge only, and change nothing.
        judge: The command that reviews the product, as words.

    Returns:
        What was done and what to do next.

    Raises:
        ProjectError: Something is not committed; the version is not registered, was not in the environment before this
            one or was taken back from there, lacks a proof, or runs here already; its image says that it holds
            something else; or the product is not mature enough.
    """
    desired_state.check_environment(root, environment)
    git.refuse_changes(root)
    registered = registry.find(root, version)
    if not git.is_ancestor(root, registered.commit, "HEAD"):
        raise ProjectError(
            f"{registered.name} stands on {registered.commit[:9]}, which is not part of this history. Merge it first: "
            f"git merge {registered.name}"
        )
    level = proofs.minimum_level(root, environment)
    before = desired_state.read(root, environment)
    after = DesiredState(_image(root, registered, environment, image, before), registered.name)
    if after == before:
        raise ProjectError(f"{environment} runs {registered.name} already. See what runs where: goldenpath status")
    proofs.require_receipts(root, registered, level)
    _refuse_other_image(root, registered, after.image, level)
    labels.refuse_another(root, registered, after.image)
    subject = f"Promote {registered.name} to {environment}"
    with commit.beside(root) as project:
        desired_state.write(project, environment, after)
        made = commit.commit(project, subject, {deployment_history.IMAGE: str(after.image), "Replaces": before.model})
        proofs.require_level(root, project, level, judge)
    if dry_run:
        return f"{environment} may run {registered.name} as {after.image}: goldenpath promote would let it pass."
    commit.move_to(root, made)
    tag = registry.assign(root, registered, environment, f"{subject}\n\nImage: {after.image}\n")
    return f"{subject}: commit {made[:9]}, tag {tag}. To publish it: git push origin HEAD '{tag}'"


def _image(root: Path, version: Version, environment: str, named: str, before: DesiredState) -> Image:
    """The image of a version: for the first environment told or built, for any other the one that was tried before."""
    known = desired_state.environments(root)
    if environment != known[0]:
        tried = _tried(root, version, known[known.index(environment) - 1])
        if named and desired_state.image(named, "--image") != tried:
            raise ProjectError(
                f"--image {named}: what was tried is {tried}, and the same image goes all the way. Leave --image out."
            )
        return tried
    if named == LOCAL:
        return Image(before.image.name, built_here(version.name))
    if named:
        return desired_state.image(named, "--image")
    digest = proofs.built_image(root, version)
    if not digest:
        raise ProjectError(
            f"{version.name}: which image holds it is not known. Build and push it on its commit, with a receipt: git "
            f"checkout {version.name} && {proofs.RECORDED_BY[proofs.BUILD]}; or say --image name@sha256:…, or --image "
            f"{LOCAL} for the one that this machine built"
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
            f"{version.name} has not been in {previous}. Try it there first: goldenpath promote {number} {previous}"
        )
    taken_back = next((change for change in found if change.reverts == last.commit), None)
    if taken_back is not None:
        raise ProjectError(
            f"{version.name} was taken back from {previous} on {taken_back.when[:10]} by {taken_back.who}: "
            f"{taken_back.reason}. Once that is mended: goldenpath promote {number} {previous}"
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
            f"{proofs.RECORDED_BY[proofs.BUILD]}"
        )
