"""Build the image: ``make image``; with ``PUSH=1``, send it to the registry too."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from goldenpath.delivery.image import docker, identity
from goldenpath.delivery.image.identity import Identity
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

CA_IN_BUILD = "/run/secrets/ca"


def main() -> int:
    """Build, and tell the recorder of a receipt what was built.

    Returns:
        0, or 1 after a refusal, whose reason went to standard error.
    """
    asked = argparse.ArgumentParser(prog="image", description="Build the container image.")
    asked.add_argument("--image", default="", help="another name than registry/project:commit")
    asked.add_argument("--base", default="", help="another base than the Dockerfile's")
    asked.add_argument("--network", default="", help="the network of build steps, such as host")
    asked.add_argument("--push", action="store_true", help="send the image to its registry")
    given = asked.parse_args()
    try:
        built = identity.of_project(Path())
        name = given.image or built.name
        docker.run(
            "build",
            *docker.options({**built.arguments, **({"BASE": given.base} if given.base else {})}, "--build-arg"),
            *(("--network", given.network) if given.network else ()),
            *secrets(os.environ),
            *("--tag", name, "."),
            is_shown=True,
            environment={"DOCKER_BUILDKIT": "1"},
        )
        digest = push(name) if given.push else ""
    except ProjectError as refusal:
        print(f"image refused.\n{refusal}", file=sys.stderr)
        return 1
    facts.tell(told(name, built, digest))
    print(f"Built {name} with the model {built.model_version}, {built.model_digest[:19]}.")
    if digest:
        print(f"Pushed {repository(name)}@{digest}")
    return 0


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


def push(name: str) -> str:
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


def told(name: str, built: Identity, digest: str) -> dict[str, str]:
    """What a receipt of the build says. An image has its digest only once a registry has taken it."""
    said = {"name": name, "model": built.model_version, "model_digest": built.model_digest, "revision": built.revision}
    return {**said, "image": digest} if digest else said


if __name__ == "__main__":
    sys.exit(main())
