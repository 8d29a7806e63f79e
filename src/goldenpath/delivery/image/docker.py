"""Commands to Docker, and images and containers as it describes them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from goldenpath.project.errors import ProjectError

PROGRAM = "DOCKER"
"""The environment variable that names another program than ``docker``."""


def program() -> str:
    """The name of the program."""
    return os.environ.get(PROGRAM) or "docker"


def run(*words: str, is_shown: bool = False, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints.

    Args:
        words: The command, without ``docker``.
        is_shown: Whether the person sees what it prints, instead of getting it back.
        environment: Added to this process's environment.

    Raises:
        ProjectError: There is no Docker, or it refused; with its reason.
    """
    done = attempt(*words, is_shown=is_shown, environment=environment)
    if done.returncode:
        said = [line.strip() for line in (done.stderr or "").splitlines() if not line.startswith("See 'docker")]
        raise ProjectError(f"docker {words[0]}: {' '.join(said[-3:]).strip() or 'it gave no reason but what is above'}")
    return (done.stdout or "").strip()


def attempt(
    *words: str, is_shown: bool = False, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command, ended, whatever it ended with.

    Raises:
        ProjectError: There is no Docker.
    """
    try:
        return subprocess.run(
            [program(), *words],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=not is_shown,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProjectError(
            f"{program()} is not installed. Install Docker 20.10 or newer, with BuildKit, or name it: "
            "DOCKER=path/to/docker"
        ) from error


def image(name: str) -> dict[str, Any]:
    """An image as ``docker image inspect`` describes it.

    Raises:
        ProjectError: There is no such image here.
    """
    found: list[dict[str, Any]] = json.loads(run("image", "inspect", name))
    return found[0]


def layer_bytes(name: str) -> int:
    """Size of an image's layers, unpacked, base included.

    ``docker image inspect`` gives another size, packed or not, with each of Docker's image stores; the history is the
    same in all.
    """
    return sum(map(int, run("history", "--human=false", "--format", "{{.Size}}", name).split()))


def state(container: str) -> dict[str, Any]:
    """Whether a container runs, and how it ended."""
    found: list[dict[str, Any]] = json.loads(run("container", "inspect", container))
    state: dict[str, Any] = found[0]["State"]
    return state


def last_words(container: str, lines: int = 3) -> str:
    """The last lines that a container printed, on one line."""
    done = attempt("logs", "--tail", str(lines), container)
    return " | ".join(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())


def published_port(container: str, port: int) -> int:
    """The port on loopback behind which a container's port lies."""
    return int(run("port", container, f"{port}/tcp").splitlines()[0].rpartition(":")[2])


def options(pairs: Mapping[str, str], option: str) -> Sequence[str]:
    """One ``option name=value`` for each pair."""
    return [word for name, value in pairs.items() for word in (option, f"{name}={value}")]
