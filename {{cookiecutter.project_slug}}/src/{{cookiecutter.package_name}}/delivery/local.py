"""Run on this machine's Docker what an environment is told to run: ``make deploy ENV=local [OVERLAY=prod]``.

The new container is tried on a port of its own while the old one still serves. Only when it answers by the promoted
model does it take the old one's place; where it does not answer there either, the old one comes back.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import contract
from ..errors import ProjectError
from ..release import facts
from ..serving.request import example_row
from . import desired_state, docker, registry, smoke, trail
from .desired_state import DesiredState
from .typed import typed

LOCAL = "local"
LOCKED_DOWN = (
    *("--read-only", "--tmpfs", "/tmp:size=64m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),  # noqa: S108
    *("--user", "10001:10001", "--memory", "512m", "--cpus", "1", "--pids-limit", "256"),
    *("--env", "OMP_NUM_THREADS=1"),
)
"""The rights and limits that the manifests give the service, in Docker's words."""
MODEL = "golden-path/model"
START_SECONDS = 30.0
"""Within which a new container has to answer; a wrong answer does not become right later."""
STOP_SECONDS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy, or rehearse a rollback with ``--drill``.

    Returns:
        0, or 1 where it failed; the reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="deploy", description=__doc__)
    parser.add_argument("--overlay", default="", help="the environment whose state is run; the last one unless told")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--drill", action="store_true", help="go back to the version before, and time it")
    given = parser.parse_args(arguments)
    root = Path.cwd()
    try:
        overlay = given.overlay or desired_state.environments(root)[-1]
        print(drill(root, overlay, given.port) if given.drill else deploy(root, typed("ENV"), overlay, given.port))
    except ProjectError as refusal:
        print(f"deploy failed.\n{refusal}", file=sys.stderr)
        return 1
    return 0


def deploy(root: Path, environment: str, overlay: str, port: int) -> str:
    """Run what an overlay says.

    Args:
        root: The project's folder.
        environment: Where; only ``local`` is run from here.
        overlay: The environment whose state is run.
        port: The port of loopback.

    Returns:
        What runs now.

    Raises:
        ProjectError: It is another environment, nothing was promoted, or the service does not answer by the model; in
            that case what ran before runs on.
    """
    if environment != LOCAL:
        raise ProjectError(
            f"ENV={environment}: only ENV={LOCAL} is deployed from here; the others follow git: make promote"
        )
    desired_state.check_environment(root, overlay)
    state = desired_state.read(root, overlay)
    if state.is_empty:
        raise ProjectError(f"{overlay}: nothing was promoted there. First: make promote VERSION=… ENV={overlay}")
    seconds = replace(root, state, port)
    return f"{state.model} answers on http://127.0.0.1:{port}, {seconds:.1f} s after it was asked for"


def drill(root: Path, overlay: str, port: int) -> str:
    """Go back from what an overlay says to what it said before, on this machine, and forward again.

    Returns:
        What was done, and in how many seconds.

    Raises:
        ProjectError: There is nothing to go back to, or a version does not answer.
    """
    desired_state.check_environment(root, overlay)
    last = next(trail.standing(trail.changes(root, overlay)), None)
    if last is None or last.before is None or last.before.is_empty or last.after is None:
        raise ProjectError(f"{overlay}: there are no two versions to rehearse with. Promote a second one: make promote")
    replace(root, last.after, port)
    begun = time.monotonic()
    replace(root, last.before, port)
    seconds = time.monotonic() - begun
    replace(root, last.after, port)
    facts.tell(
        {
            "from": last.after.model,
            "to": last.before.model,
            "pulled": last.before.image.digest,
            "seconds": round(seconds, 1),
        }
    )
    return f"From {last.after.model} back to {last.before.model} in {seconds:.1f} s, and forward again"


def replace(root: Path, state: DesiredState, port: int) -> float:
    """Let a version take the place of what runs.

    Returns:
        Seconds until it answered in the old one's place.

    Raises:
        ProjectError: It does not answer by its model; what ran before runs on.
    """
    begun = time.monotonic()
    image = docker.present(state.image)
    wanted = registry.by_tag(root, state.model).model_sha256
    row = example_row(contract.load(root / contract.PATH))
    name = f"{registry.product_name(root)}-{LOCAL}"
    tried = _start(f"{name}-next", state.model, image, 0)
    try:
        _ask(tried, wanted, row)
    except ProjectError as error:
        words = _last_words(tried)
        raise ProjectError(f"{state.model} does not answer, so what ran before runs on. {error} {words}") from error
    finally:
        docker.run("rm", "--force", tried)
    old = _present(name)
    if old:
        docker.run("stop", "--time", str(STOP_SECONDS), old)
        docker.run("rename", old, f"{name}-old")
    try:
        _ask(_start(name, state.model, image, port), wanted, row)
    except ProjectError as error:
        if started := _present(name):
            docker.run("rm", "--force", started)
        if old:
            docker.run("rename", old, name)
            docker.run("start", old)
        raise ProjectError(
            f"{state.model} does not answer on port {port}, so what ran before runs again. {error}"
        ) from error
    if old:
        docker.run("rm", "--force", old)
    return time.monotonic() - begun


def _start(name: str, model: str, image: str, port: int) -> str:
    """Start a container under a name; port 0 is any that is free."""
    if left := _present(name):
        docker.run("rm", "--force", left)
    published = f"127.0.0.1:{port or ''}:8000"
    words = ("--detach", "--name", name, "--label", f"{MODEL}={model}", "--publish", published)
    return docker.run("run", *words, *LOCKED_DOWN, image)


def _ask(container: str, wanted: str, row: dict[str, Any]) -> None:
    address = docker.run("port", container, "8000/tcp").splitlines()
    if not address:
        raise ProjectError("It ended at once.")
    smoke.answers(f"http://{address[0]}", wanted, row, START_SECONDS)


def _present(name: str) -> str:
    """The id of a container by its name, running or not; empty where there is none."""
    return docker.run("ps", "--all", "--quiet", "--no-trunc", "--filter", f"name=^{name}$")


def _last_words(container: str) -> str:
    said = docker.run("logs", "--tail", "3", container)
    return f"Its last words: {' '.join(said.split())}" if said else ""


if __name__ == "__main__":
    sys.exit(main())
