"""What delivery asks of Docker on this machine: images by their digest, and by the model that they say they hold."""

from __future__ import annotations

import json
from typing import Any

from goldenpath.delivery.desired_state import Image
from goldenpath.delivery.image import docker
from goldenpath.delivery.image.identity import MODEL_VERSION
from goldenpath.project.errors import ProjectError

LOCKED_DOWN = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--user", "10001:10001"),
    *("--log-driver", "local"),  # the only one that keeps within bounds unasked
)
"""The rights of every container that is started here: those that the manifests give the service, in Docker's words."""

run = docker.run


def built_here(model: str) -> str:
    """The id of the newest image on this machine that says that it holds a registered model.

    Raises:
        ProjectError: There is none, or Docker does not answer.
    """
    found = run("image", "ls", "--no-trunc", "--quiet", "--filter", f"label={MODEL_VERSION}={model}").splitlines()
    if not found:
        raise ProjectError(
            f"No image on this machine says that it holds {model}. Build it on its commit: git checkout {model} && "
            "goldenpath image build && git checkout -"
        )
    return found[0]


def present(image: Image) -> str:
    """A name by which Docker runs an image: by its digest where a registry gave it one, else by its id.

    Raises:
        ProjectError: It is neither here nor in its registry.
    """
    for name in (str(image), image.digest):
        found = inspected(name)
        if found and (name == image.digest) == (found["Id"] == image.digest):
            return name
    run("pull", "--quiet", str(image))
    return str(image)


def fetch(name: str) -> None:
    """Get an image by its name and tag, where it is not here.

    Raises:
        ProjectError: It is not in its registry either.
    """
    if not inspected(name):
        run("pull", "--quiet", name)


def inspected(name: str) -> dict[str, Any]:
    """An image as Docker describes it; empty where it is not here, or where there is no Docker to ask."""
    try:
        found: list[dict[str, Any]] = json.loads(run("image", "inspect", name))
    except ProjectError:
        return {}
    return found[0] if found else {}


def last_words(container: str) -> str:
    """The end of what a container has printed, as a sentence; empty where it said nothing."""
    said = docker.last_words(container)
    return f"Its last words: {said}" if said else ""
