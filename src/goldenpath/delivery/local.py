"""Run on this machine's Docker what an environment is told to run: ``make deploy ENV=local [OVERLAY=prod]``.

A version runs under one of two colours. The next one is started under the other and asked directly; only when it
answers by the promoted model does the proxy in front hear of it, and only when that sends it requests is the old one
told to stop. Where it does not answer, it goes, and the old one was never touched.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.delivery import deployment_history, desired_state, docker, registry, smoke
from goldenpath.delivery import proxy as front
from goldenpath.delivery.desired_state import DesiredState
from goldenpath.delivery.proxy import Front
from goldenpath.delivery.typed import typed
from goldenpath.project import contract
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts
from goldenpath.serving.rest.request import example_row

LOCAL = "local"
LIMITS = (
    *("--tmpfs", "/tmp:size=64m", "--memory", "512m", "--cpus", "1", "--pids-limit", "256"),  # noqa: S108
    *("--env", "OMP_NUM_THREADS=1"),
    *("--env", "DRAIN_SECONDS=2"),  # the proxy hears within one that no request goes there any more
)
"""The limits that the manifests give the service, in Docker's words."""
MODEL, COLOUR = "golden-path/model", "golden-path/colour"
START_SECONDS = 30.0
"""Within which a new container has to answer; a wrong answer does not become right later."""
STOP_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """A container that the proxy may send requests to: its id and its colour."""

    container: str
    colour: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy, rehearse a rollback with ``--drill``, or remove it all with ``--undeploy``.

    Returns:
        0, or 1 where it failed; the reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="deploy", description=__doc__)
    parser.add_argument("--overlay", default="", help="the environment whose state is run; the last one unless told")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--proxy", default=front.IMAGE, help="the proxy's image, a HAProxy")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--drill", action="store_true", help="go back to the version before, and time it")
    action.add_argument("--undeploy", action="store_true", help="remove the containers and the network")
    given = parser.parse_args(arguments)
    root = Path.cwd()
    try:
        if given.undeploy:
            print(undeploy(root))
            return 0
        overlay = given.overlay or desired_state.environments(root)[-1]
        ahead = Front(own_name(root), given.port, given.proxy, root / front.CONFIG)
        print(drill(root, overlay, ahead) if given.drill else deploy(root, typed("ENV"), overlay, ahead))
    except ProjectError as refusal:
        print(f"deploy failed.\n{refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("deploy was interrupted: the old version serves, or both do. Say it again to finish.", file=sys.stderr)
        return 130
    return 0


def own_name(root: Path) -> str:
    """What the product's network is called on this machine, and what the names of its containers begin with."""
    return f"{registry.product_name(root)}-{LOCAL}"


def deploy(root: Path, environment: str, overlay: str, ahead: Front) -> str:
    """Run what an overlay says.

    Args:
        root: The project's folder.
        environment: Where; only ``local`` is run from here.
        overlay: The environment whose state is run.
        ahead: The proxy in front.

    Returns:
        What runs now, and how to end it.

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
    seconds = replace(root, state, ahead)
    return f"{state.model} answers on {ahead.url}, {seconds:.1f} s after it was asked for. To end it: make undeploy"


def drill(root: Path, overlay: str, ahead: Front) -> str:
    """Go back from what an overlay says to what it said before, on this machine, and forward again.

    Returns:
        What was done, and in how many seconds.

    Raises:
        ProjectError: There is nothing to go back to, or a version does not answer.
    """
    desired_state.check_environment(root, overlay)
    last = next(deployment_history.standing(deployment_history.changes(root, overlay)), None)
    if last is None or last.before is None or last.before.is_empty or last.after is None:
        raise ProjectError(f"{overlay}: there are no two versions to rehearse with. Promote a second one: make promote")
    replace(root, last.after, ahead)
    seconds = replace(root, last.before, ahead)
    replace(root, last.after, ahead)
    facts.tell(
        {
            "from": last.after.model,
            "to": last.before.model,
            "pulled": last.before.image.digest,
            "seconds": round(seconds, 1),
        }
    )
    return f"From {last.after.model} back to {last.before.model} in {seconds:.1f} s, and forward again"


def undeploy(root: Path) -> str:
    """Remove what was deployed here.

    Returns:
        What was removed.

    Raises:
        ProjectError: Docker refused.
    """
    name = own_name(root)
    count = front.remove(name)
    return f"Removed {count} containers of {name}, and its network" if count else f"Nothing of {name} runs here"


def replace(root: Path, state: DesiredState, ahead: Front) -> float:
    """Let a version take the place of what runs.

    Returns:
        Seconds until nothing but it answered.

    Raises:
        ProjectError: It does not answer by its model; what ran before runs on.
    """
    begun = time.monotonic()
    image = docker.present(state.image)
    wanted = registry.by_tag(root, state.model).model_sha256
    row = example_row(contract.load(root / contract.PATH))
    front.check(ahead)
    old = mend(ahead)
    colour = next(name for name in front.COLOURS if old is None or name != old.colour)
    new = _start(ahead.owner, colour, state.model, image)
    try:
        _try(new, wanted, row)
    except ProjectError as error:
        before = "so what ran before runs on" if old else "and nothing ran before"
        raise ProjectError(f"{state.model} does not answer, {before}. {error}") from error
    _join(ahead, new, colour)
    if old:
        _retire(old.container)
    smoke.answers(ahead.url, wanted, row, START_SECONDS)
    return time.monotonic() - begun


def mend(ahead: Front) -> Running | None:
    """Remove what a deployment that was killed has left: what was never let in, and the older of two that serve.

    Returns:
        What serves; where nothing runs, what should.

    Raises:
        ProjectError: Docker refused.
    """
    owner = ahead.owner
    own = ("ps", "--all", "--no-trunc", "--filter", f"label={front.OWNER}={owner}", "--filter", f"label={COLOUR}")
    let_in = docker.run(*own, "--filter", f"network={owner}", "--format", f'{{{{.ID}}}} {{{{.Label "{COLOUR}"}}}}')
    found = [Running(*line.split()) for line in let_in.splitlines()]  # the newest first, as Docker lists them
    for stray in set(docker.run(*own, "--quiet").split()) - {item.container for item in found}:
        docker.run("rm", "--force", stray)
    alive = docker.run(*own, "--quiet", "--filter", "status=running").split()
    found.sort(key=lambda item: item.container not in alive)
    if len(found) > 1 and found[1].container in alive:
        try:
            front.await_colour(ahead, found[0].colour)  # it was perhaps let in a moment ago
        except ProjectError:
            found.reverse()  # nobody is sent to the newer one
    for older in found[1:]:
        _retire(older.container)
    return found[0] if found else None


def _start(owner: str, colour: str, model: str, image: str) -> str:
    """Start a version where the proxy does not see it. It may not restart: one that cannot start would for ever."""
    return docker.run(
        *("run", "--detach", "--name", f"{owner}-{colour}", "--publish", "127.0.0.1::8000"),
        *("--label", f"{front.OWNER}={owner}", "--label", f"{COLOUR}={colour}", "--label", f"{MODEL}={model}"),
        *docker.LOCKED_DOWN,
        *LIMITS,
        image,
    )


def _try(container: str, wanted: str, row: dict[str, Any]) -> None:
    """Ask a version directly, and remove it where it does not answer, or nobody waits for that any more."""
    has_answered = False

    def has_ended() -> bool:
        return not docker.run("ps", "--quiet", "--filter", f"id={container}")

    try:
        address = docker.run("port", container).rpartition("-> ")[2]
        if not address:
            raise ProjectError("It has ended.")
        smoke.answers(f"http://{address}", wanted, row, START_SECONDS, has_ended)
        has_answered = True
    except ProjectError as error:
        raise ProjectError(f"{error} {docker.last_words(container)}".rstrip()) from error
    finally:
        if not has_answered:
            docker.run("rm", "--force", container)


def _join(ahead: Front, container: str, colour: str) -> None:
    """Let the proxy find a version, and wait until it does."""
    if made := front.ensure(ahead):
        print(made)
    docker.run("update", "--restart", "unless-stopped", container)
    docker.run("network", "connect", "--alias", colour, ahead.owner, container)
    try:
        front.await_colour(ahead, colour)
    except ProjectError:
        _retire(container)
        raise


def _retire(container: str) -> None:
    """End a version; it answers what was asked of it before it goes."""
    docker.run("stop", "--time", str(STOP_SECONDS), container)
    docker.run("rm", "--force", container)


if __name__ == "__main__":
    sys.exit(main())
