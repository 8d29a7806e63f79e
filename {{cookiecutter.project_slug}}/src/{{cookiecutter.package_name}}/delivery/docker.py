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


def run(*words: str) -> str:
    """What a docker command prints.

    Raises:
        ProjectError: Docker is not installed, does not run, or refused; with its reason.
    """
    docker = os.environ.get("DOCKER") or "docker"
    try:
        done = subprocess.run([docker, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError(f"{docker} is not installed. Install Docker, or name it: DOCKER=path/to/docker") from error
    if done.returncode:
        raise ProjectError(f"docker {words[0]}: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}")
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
        try:
            found: list[dict[str, Any]] = json.loads(run("image", "inspect", name))
        except ProjectError:
            continue
        if found and (name == image.digest) == (found[0]["Id"] == image.digest):
            return name
    run("pull", "--quiet", str(image))
    return str(image)
