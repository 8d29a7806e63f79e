"""Build the image: ``goldenpath image build``; with ``--push``, send it to the registry too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from goldenpath.delivery.image import docker, identity
from goldenpath.delivery.image.identity import Identity
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

CA_IN_BUILD = "/run/secrets/ca"


def build(root: Path, *, name: str = "", base_image: str = "", network: str = "", push: bool = False) -> str:
    """Build the image of this commit and its model, and tell the recorder of a receipt what was built.

    Args:
        root: The project's folder.
        name: Another name than registry/project:commit.
        base_image: Another base than the Dockerfile's.
        network: The network of build steps, such as ``host``.
        push: Whether to send it to its registry.

    Returns:
        What was built, and under which digest the registry keeps it.

    Raises:
        ProjectError: There is no model or no Docker, or Docker or the registry refused.
    """
    built = identity.of_project(root)
    name = name or built.name
    docker.run(
        "build",
        *docker.options({**built.arguments, **({"BASE": base_image} if base_image else {})}, "--build-arg"),
        *(("--network", network) if network else ()),
        *secrets(os.environ),
        *("--tag", name, str(root)),
        is_shown=True,
        environment={"DOCKER_BUILDKIT": "1"},
    )
    digest = send(name) if push else ""
    facts.tell(described(name, built, digest))
    pushed = f"\nPushed {repository(name)}@{digest}" if digest else ""
    return f"Built {name} with the model {built.model_version}, {built.model_digest[:19]}.{pushed}"


def secrets(environment: Mapping[str, str]) -> list[str]:
    """Options that lend pip's settings of this machine to the build.

    ``PIP_CONFIG_FILE`` and ``PIP_CERT`` are pip's own names: a file with an index and its password, and a file of
    certificates. Neither stays in the image.
    """
    words = []
    if config := environment.get("PIP_CONFIG_FILE", ""):
        words += ["--secret", f"id=pip.conf,src={config}"]
    if certificates := environment.get("PIP_CERT", ""):
        words += ["--secret", f"id=ca,src={certificates}", "--build-arg", f"PIP_CERT={CA_IN_BUILD}"]
    return words


def send(name: str) -> str:
    """Send an image to its registry.

    Returns:
        The digest under which the registry keeps it, ``sha256:…``.

    Raises:
        ProjectError: The registry refused, or gave no digest.
    """
    docker.run("push", name, is_shown=True)
    kept = [str(item) for item in docker.image(name).get("RepoDigests", [])]
    digest = next((item.partition("@")[2] for item in kept if item.startswith(f"{repository(name)}@")), "")
    if not digest:
        raise ProjectError(f"{name}: was pushed, but Docker does not know under which digest.")
    return digest


def repository(name: str) -> str:
    """An image's name without its tag; the port of a registry is no tag."""
    before, _, after = name.rpartition(":")
    return before if before and "/" not in after else name


def described(name: str, built: Identity, digest: str) -> dict[str, str]:
    """What a receipt of the build says. An image has its digest only once a registry has taken it."""
    known = {"name": name, "model": built.model_version, "model_digest": built.model_digest, "revision": built.revision}
    return {**known, "image": digest} if digest else known
