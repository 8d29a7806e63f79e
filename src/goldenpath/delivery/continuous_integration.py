"""What delivery asks the forge and the container registry before anything goes out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from goldenpath.delivery.image import docker
from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError
from goldenpath.repository import forge, git

BRANCH, WORKFLOW = "main", "ci.yml"
USER, PASSWORD = "REGISTRY_USER", "REGISTRY_PASSWORD"
"""The environment variables that hold the name and the password for the container registry."""


def require_green(root: Path) -> str:
    """Ask the forge whether CI ended green on main for this commit; a run that only began is none yet.

    Args:
        root: The project's folder.

    Returns:
        Which run was green.

    Raises:
        ProjectError: No such run is known, or the forge cannot be asked.
    """
    commit = git.run(root, "rev-parse", "HEAD")
    words = ("run", "list", "--workflow", WORKFLOW, "--branch", BRANCH, "--commit", commit, "--status", "success")
    run = forge.call(root, (*words, "--json", "url", "--jq", ".[0].url")).strip()
    if not run:
        raise ProjectError(
            f"Nothing is delivered: no green run of {WORKFLOW} on {BRANCH} is known for {commit[:9]}.\n"
            "Once there is one, run this job again; a version whose gates are red stays where it is."
        )
    return f"Gates of {commit[:9]} are green: {run}"


def sign_in(root: Path) -> str:
    """Sign in to the container registry of the manifest, with the name and the password of the environment.

    Args:
        root: The project's folder.

    Returns:
        Where.

    Raises:
        ProjectError: The manifest names no registry, the environment no user, or Docker or the registry refused.
    """
    registry = manifest.required(manifest.load(root).deploy.registry, "deploy.registry", "ghcr.io/your-org")
    host = registry.partition("/")[0]
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if not user or not password:
        raise ProjectError(f"{USER} and {PASSWORD} are not both set: they say who signs in to {host}.")
    words = (docker.program(), "login", "--username", user, "--password-stdin", host)
    try:
        done = subprocess.run(words, input=password, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError(f"{words[0]} is not installed. Install it, or name it: DOCKER=path/to/docker") from error
    if done.returncode:
        raise ProjectError(f"docker login {host}: {' '.join(done.stderr.split()) or 'it gave no reason'}")
    return f"Signed in to {host} as {user}."
