"""Run on this machine's Docker what an environment is told to run: ``goldenpath deploy``.

A version runs in one of two slots. The next one is started in the other and asked directly; only when it predicts by
the promoted model does the proxy hear of it, and only when that sends it requests is the old one told to stop. Where it
does not predict, it is removed, and the old one was never touched.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.delivery import deployment_history, desired_state, docker, proxy, registry, smoke
from goldenpath.delivery.desired_state import DesiredState
from goldenpath.delivery.proxy import Proxy
from goldenpath.project import contract, distribution
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.repository import facts
from goldenpath.serving.rest.request import example_row

LOCAL = "local"
LIMITS = (
    *("--tmpfs", "/tmp:size=64m", "--memory", "512m", "--cpus", "1", "--pids-limit", "256"),  # noqa: S108
    *("--env", "OMP_NUM_THREADS=1"),
    *("--env", "DRAIN_SECONDS=2"),  # the proxy hears within one that no request goes there any more
)
"""The limits that the manifests give the service, in Docker's words."""
MODEL, SLOT = "golden-path/model", "golden-path/slot"
START_SECONDS = 30.0
"""Within which a new container has to answer; a wrong answer does not become right later."""
STOP_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """A container that the proxy may send requests to: its id and its slot."""

    container: str
    slot: str


class InterruptedDeploymentError(ProjectError):
    """A deployment was stopped by the person who had started it."""

    exit_code = Exit.INTERRUPTED
    outcome = "was interrupted"


def own_name(root: Path) -> str:
    """What the product's network is called on this machine, and what the names of its containers begin with."""
    return f"{distribution.name(root)}-{LOCAL}"


def in_front(root: Path, port: int, image: str = "") -> Proxy:
    """The proxy of a product on this machine.

    Args:
        root: The project's folder.
        port: The port of loopback on which people ask.
        image: The proxy's image, a HAProxy; the one that is known to work unless told.
    """
    return Proxy(own_name(root), port, image or proxy.IMAGE, root / proxy.CONFIG)


def deploy(root: Path, environment: str, ahead: Proxy) -> str:
    """Run what an environment is told to run.

    Args:
        root: The project's folder.
        environment: The environment whose state is run; the last one where it is empty.
        ahead: The proxy in front.

    Returns:
        What runs now, and how to end it.

    Raises:
        ProjectError: There is no such environment, nothing was promoted there, or the service does not predict by the
            model; in that case what ran before runs on.
        InterruptedDeploymentError: Somebody stopped it.
    """
    environment = environment or desired_state.environments(root)[-1]
    desired_state.check_environment(root, environment)
    state = desired_state.read(root, environment)
    if state.is_empty:
        raise ProjectError(
            f"{environment}: nothing was promoted there. First: goldenpath promote VERSION {environment}, or name "
            "another environment: goldenpath deploy --env dev"
        )
    seconds = replace(root, state, ahead)
    return f"{state.model} predicts on {ahead.url}, {seconds:.1f} s after the start. To end it: goldenpath undeploy"


def rehearse_rollback(root: Path, environment: str, ahead: Proxy) -> str:
    """Go back from what an environment is told to run to what it ran before, on this machine, and forward again.

    Returns:
        What was done, and in how many seconds.

    Raises:
        ProjectError: There is nothing to go back to, or a version does not predict.
    """
    environment = environment or desired_state.environments(root)[-1]
    desired_state.check_environment(root, environment)
    last = next(deployment_history.standing(deployment_history.changes(root, environment)), None)
    if last is None or last.before is None or last.before.is_empty or last.after is None:
        raise ProjectError(
            f"{environment}: there are no two versions to rehearse with. Promote a second one: goldenpath promote"
        )
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
    count = proxy.remove(name)
    return f"Removed {count} containers of {name}, and its network" if count else f"Nothing of {name} runs here"


def replace(root: Path, state: DesiredState, ahead: Proxy) -> float:
    """Let a version take the place of what runs.

    Returns:
        Seconds until nothing but it answered.

    Raises:
        ProjectError: It does not predict by its model; what ran before runs on.
        InterruptedDeploymentError: Somebody stopped it.
    """
    begun = time.monotonic()
    try:
        _replace(root, state, ahead)
    except KeyboardInterrupt as error:
        raise InterruptedDeploymentError("The old version serves, or both do. Run it again to finish.") from error
    return time.monotonic() - begun


def _replace(root: Path, state: DesiredState, ahead: Proxy) -> None:
    image = docker.present(state.image)
    wanted = registry.by_tag(root, state.model).model_sha256
    row = example_row(contract.load(root / contract.PATH))
    proxy.check(ahead)
    old = tidy(ahead)
    slot = next(name for name in proxy.SLOTS if old is None or name != old.slot)
    new = _start(ahead.owner, slot, state.model, image)
    try:
        _try(new, wanted, row)
    except ProjectError as error:
        before = "so what ran before runs on" if old else "and nothing ran before"
        raise ProjectError(f"{state.model} does not predict, {before}. {error}") from error
    _join(ahead, new, slot)
    if old:
        _retire(old.container)
    smoke.answers(ahead.url, wanted, row, START_SECONDS)


def tidy(ahead: Proxy) -> Running | None:
    """Remove what a deployment that was killed has left: what was never let in, and the older of two that serve.

    Returns:
        What serves; where nothing runs, what should.

    Raises:
        ProjectError: Docker refused.
    """
    owner = ahead.owner
    own = ("ps", "--all", "--no-trunc", "--filter", f"label={proxy.OWNER}={owner}", "--filter", f"label={SLOT}")
    let_in = docker.run(*own, "--filter", f"network={owner}", "--format", f'{{{{.ID}}}} {{{{.Label "{SLOT}"}}}}')
    found = [Running(*line.split()) for line in let_in.splitlines()]  # the newest first, as Docker lists them
    for stray in set(docker.run(*own, "--quiet").split()) - {item.container for item in found}:
        docker.run("rm", "--force", stray)
    alive = docker.run(*own, "--quiet", "--filter", "status=running").split()
    found.sort(key=lambda item: item.container not in alive)
    if len(found) > 1 and found[1].container in alive:
        try:
            proxy.await_slot(ahead, found[0].slot)  # it was perhaps let in a moment ago
        except ProjectError:
            found.reverse()  # nobody is sent to the newer one
    for older in found[1:]:
        _retire(older.container)
    return found[0] if found else None


def _start(owner: str, slot: str, model: str, image: str) -> str:
    """Start a version where the proxy does not see it. It may not restart: one that cannot start would for ever."""
    return docker.run(
        *("run", "--detach", "--name", f"{owner}-{slot}", "--publish", "127.0.0.1::8000"),
        *("--label", f"{proxy.OWNER}={owner}", "--label", f"{SLOT}={slot}", "--label", f"{MODEL}={model}"),
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


def _join(ahead: Proxy, container: str, slot: str) -> None:
    """Let the proxy find a version, and wait until it does."""
    if made := proxy.ensure(ahead):
        print(made)
    docker.run("update", "--restart", "unless-stopped", container)
    docker.run("network", "connect", "--alias", slot, ahead.owner, container)
    try:
        proxy.await_slot(ahead, slot)
    except ProjectError:
        _retire(container)
        raise


def _retire(container: str) -> None:
    """End a version; it answers what was asked of it before it goes."""
    docker.run("stop", "--time", str(STOP_SECONDS), container)
    docker.run("rm", "--force", container)
