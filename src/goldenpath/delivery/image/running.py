"""What an image has to do: start, answer, keep its hands off its root, stop cleanly, refuse a damaged model.

Every container here is locked down as in production: read-only root, no capabilities, no new privileges, the image's
own user, ``/tmp`` in memory, and a port that only this machine reaches.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from goldenpath.delivery.image import docker
from goldenpath.delivery.image.gates import Gate
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL

PORT = 8000
HOME = "/app"
TMP = "/tmp"  # noqa: S108  # the container's own, in memory
LOCKED_DOWN = ("--read-only", "--tmpfs", TMP, "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
PATIENCE_SECONDS = 15.0
"""How long to wait for a start beyond its budget, so that its time can be told."""
TRIES = 3
"""Starts of which the fastest counts: a busy machine only ever adds to the time."""
DRAIN_SECONDS = 1
"""How long the container serves on after SIGTERM while it is judged; how long in production, the manifests say."""
LOOK_SECONDS = 0.5
"""Between looks at whether a container has ended: each is a process, for which a start on few cores has to wait."""
CLIENTS = 4
MANY_ROWS = 200
"""Rows in the requests of one client, so that some request is under way at any moment."""
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Container:
    """A container that was started.

    Attributes:
        id: Docker's id of it.
        begun: When ``docker run`` was called, on the clock of :func:`time.monotonic`.
    """

    id: str
    begun: float

    @property
    def port(self) -> int:
        """The port of loopback behind which the service lies."""
        return docker.published_port(self.id, PORT)

    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return not docker.state(self.id)["Running"]


@dataclass
class Tally:
    """What clients saw that kept asking while the service stopped.

    Attributes:
        answered: Requests with status 200.
        lost: Of each other request, what became of it.
    """

    answered: int = 0
    lost: list[str] = field(default_factory=list)


def gates(image: str, row: dict[str, Any], model_digest: str, ready: float, stop: float) -> Iterator[Gate]:
    """The gates that a running container decides.

    Args:
        image: The image's name.
        row: A row that the service has to answer.
        model_digest: The digest of the model that has to answer, ``sha256:…``.
        ready: Budget in seconds from ``docker run`` to the first 200 of ``/readyz``.
        stop: Budget in seconds from SIGTERM to the end.
    """
    with started(image, *LOCKED_DOWN) as container:
        seconds = until_ready(container)
        if seconds is None:
            yield Gate("start", False, _why_not_ready(image, docker.last_words(container.id)))
        else:
            yield _start(image, seconds, ready)
            yield _answer(container.port, row, model_digest)
            yield _stop(container, row, stop)
    yield _damaged_model(image)


@contextmanager
def started(image: str, *options: str) -> Iterator[Container]:
    """A running container; removed at the end, whatever it does.

    Raises:
        ProjectError: Docker did not start it.
    """
    words = ("--publish", f"127.0.0.1::{PORT}", "--env", f"DRAIN_SECONDS={DRAIN_SECONDS}")
    begun = time.monotonic()
    container = Container(docker.run("run", "--detach", *words, *options, image), begun)
    try:
        yield container
    finally:
        docker.attempt("rm", "--force", "--volumes", container.id)


def until_ready(container: Container) -> float | None:
    """Seconds from ``docker run`` until the service is ready; None when it ended before, or never was."""
    try:
        port = container.port
    except ProjectError:  # a container that has ended publishes nothing
        return None
    looked = time.monotonic()
    while (now := time.monotonic()) - container.begun < PATIENCE_SECONDS:
        if _is_ready(port):
            return time.monotonic() - container.begun
        if now - looked > LOOK_SECONDS:
            looked = now
            if container.has_ended():
                return None
        time.sleep(0.02)
    return None


def ask(port: int, path: str, body: Any = None) -> tuple[int, Any]:
    """Ask the service on loopback: POST where there is a body.

    Returns:
        Status and decoded answer.

    Raises:
        OSError: It cannot be reached.
        HTTPException: It broke off, or does not answer JSON.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body, default=str), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except ValueError as error:
        raise HTTPException(f"{path} does not answer JSON") from error
    finally:
        connection.close()


def _why_not_ready(image: str, said: str) -> str:
    """Why there was no service on a read-only root: because it writes there, or for another reason."""
    with started(image) as container:
        if until_ready(container) is None:
            return f"was not ready within {PATIENCE_SECONDS:g} s, or ended before. It said: {said or 'nothing'}"
        changed = [line[2:] for line in docker.run("container", "diff", container.id).splitlines()]
    written = ", ".join([path for path in changed if not f"{path}/".startswith(f"{TMP}/")][:5])
    return f"writes to its root file system: {written}. Only {TMP} may be written. It said: {said or 'nothing'}"


def _start(image: str, seconds: float, most: float) -> Gate:
    tries = [seconds]
    while min(tries) > most and len(tries) < TRIES:
        with started(image, *LOCKED_DOWN) as again:
            tries.append(until_ready(again) or PATIENCE_SECONDS)
    allowed = f"of {most:g} allowed by params.yaml: container.ready_seconds"
    message = f"ready {min(tries):.2f} s after `docker run`, {allowed}"
    if min(tries) <= most:
        return Gate("start", True, message)
    return Gate("start", False, f"{message}. `python -X importtime` shows which import takes long")


def _answer(port: int, row: dict[str, Any], model_digest: str) -> Gate:
    try:
        status, answer = ask(port, "/predict", [row])
    except (OSError, HTTPException) as error:
        return Gate("answer", False, f"/predict does not answer: {error}")
    if status != 200:
        return Gate("answer", False, f"/predict refused the contract's example row with {status}: {answer}")
    model, expected = str(answer.get("model")), model_digest.removeprefix("sha256:")
    if model != expected:
        return Gate(
            "answer",
            False,
            f"model {model[:12]} answers, the project's is {expected[:12]}: run `goldenpath image build`",
        )
    return Gate("answer", True, f"model {model[:12]} answers {answer['predictions'][0]}")


def _stop(container: Container, row: dict[str, Any], most: float) -> Gate:
    """Send SIGTERM while clients keep asking; as a load balancer does, they go only when it is not ready any more."""
    port, tally, is_over = container.port, Tally(), threading.Event()
    bodies: list[Any] = [[row] * MANY_ROWS, *[row] * (CLIENTS - 1)]
    clients = [threading.Thread(target=_keep_asking, args=(port, body, tally, is_over)) for body in bodies]
    for client in clients:
        client.start()
    time.sleep(0.2)
    begun = time.monotonic()
    docker.run("kill", "--signal", "TERM", container.id)
    while _is_ready(port) and time.monotonic() - begun < most:
        time.sleep(0.02)
    is_over.set()
    for client in clients:
        client.join()
    while not container.has_ended():
        if time.monotonic() - begun > most:
            words = f"still ran {most:g} s after SIGTERM, the most that params.yaml: container.stop_seconds allows"
            return Gate("stop", False, f"ignores SIGTERM: {words}. Only the first process of a container gets it")
        time.sleep(0.1)
    seconds, code = time.monotonic() - begun, docker.state(container.id)["ExitCode"]
    if tally.lost:
        number = len(tally.lost)
        return Gate("stop", False, f"lost {number} of {number + tally.answered} requests on SIGTERM: {tally.lost[0]}")
    if code:
        return Gate("stop", False, f"ended with status {code} on SIGTERM, want 0: {docker.last_words(container.id)}")
    return Gate("stop", True, f"ended {seconds:.1f} s after SIGTERM, {tally.answered} requests answered, none lost")


def _keep_asking(port: int, body: Any, tally: Tally, is_over: threading.Event) -> None:
    while not is_over.is_set():
        try:
            status, answer = ask(port, "/predict", body)
        except (OSError, HTTPException) as error:
            tally.lost.append(f"{type(error).__name__}: {error}")
            time.sleep(0.05)
        else:
            if status == 200:
                tally.answered += 1
            else:
                tally.lost.append(f"status {status}: {answer}")


def _is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz")[0] == 200
    except (OSError, HTTPException):
        return False


def _damaged_model(image: str) -> Gate:
    """Whether the service refuses to start with a model that is not the one of its signature."""
    container = docker.run("create", "--publish", f"127.0.0.1::{PORT}", image)
    try:
        with tempfile.TemporaryDirectory() as folder:
            damaged = Path(folder) / MODEL.name
            damaged.write_bytes(b"damaged")
            damaged.chmod(0o644)
            docker.run("cp", str(damaged), f"{container}:{HOME}/{MODEL}")
        docker.run("start", container)
        is_served = until_ready(Container(container, time.monotonic())) is not None
        said, code = docker.last_words(container), docker.state(container)["ExitCode"]
    finally:
        docker.attempt("rm", "--force", "--volumes", container)
    if is_served:
        return Gate("damaged model", False, "serves a damaged model: it must compare the model with its signature")
    if code == 0 or "digest" not in said or "Traceback" in said:
        words = f"does not say that the model is damaged: ended with {code}, saying: {said}"
        return Gate("damaged model", False, words)
    return Gate("damaged model", True, f"is refused: {said}")
