"""What delivery asks of Docker on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from ..errors import ProjectError
from .desired_state import Image

MODEL_LABEL = "goldenpath.model.version"
"""The label by which an image says which registered model it holds."""
LOCKED_DOWN = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--user", "10001:10001"),
    *("--log-driver", "local"),  # the only one that keeps within bounds unasked
)
"""The rights of every container that is started here: those that the manifests give the service, in Docker's words."""


def run(*words: str) -> str:
    """What a docker command prints.

    Raises:
        ProjectError: Docker is not installed, does not run, or refused; with its reason.
    """
    try:
        done = subprocess.run([_client(), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError(
            f"{_client()} is not installed. Install Docker, or name it: DOCKER=path/to/docker"
        ) from error
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if not line.startswith("See 'docker")]
        raise ProjectError(f"docker {words[0]}: {' '.join(said[-3:]).strip() or 'it gave no reason'}")
    return done.stdout.strip()


def built_here(model: str) -> str:
    """The id of the newest image on this machine that says that it holds a registered model.

    Raises:
        ProjectError: There is none, or Docker does not answer.
    """
    words = ("image", "ls", "--no-trunc", "--quiet", "--filter", f"label={MODEL_LABEL}={model}")
    found = run(*words).splitlines()
    if not found:
        raise ProjectError(
            f"No image on this machine says that it holds {model}. Build it on its commit: git checkout {model} && "
            "make image && git checkout -"
        )
    return found[0]


def present(image: Image) -> str:
    """A name by which Docker runs an image: by its digest where a registry gave it one, else by its id.

    Raises:
        ProjectError: It is neither here nor in its registry.
    """
    for name in (str(image), image.digest):
        found = _inspected(name)
        if found and (name == image.digest) == (found[0]["Id"] == image.digest):
            return name
    run("pull", "--quiet", str(image))
    return str(image)


def fetch(name: str) -> None:
    """Get an image by its name and tag, where it is not here.

    Raises:
        ProjectError: It is not in its registry either.
    """
    if not _inspected(name):
        run("pull", "--quiet", name)


def last_words(container: str) -> str:
    """The end of what a container has printed, as a sentence; empty where it said nothing."""
    words = [_client(), "logs", "--tail", "3", container]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    return f"Its last words: {' '.join(said.split())}" if said.strip() else ""


def _inspected(image: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(run("image", "inspect", image))
    except ProjectError:
        return []
    return found


def _client() -> str:
    return os.environ.get("DOCKER") or "docker"
