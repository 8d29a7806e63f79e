"""What stands in front of the service on this machine's Docker: a proxy, and a network on which it finds the service.

The proxy has the port that people ask. It reads ``deploy/local/haproxy.cfg`` once; versions come and go behind it.
"""

from __future__ import annotations

import hashlib
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from goldenpath.delivery import docker
from goldenpath.project.errors import ProjectError

IMAGE = "haproxy:3.2-alpine"
CONFIG = Path("deploy/local/haproxy.cfg")
SLOTS = ("blue", "green")
"""The two places of the service, by the names that the configuration looks for."""
OWNER, MADE_OF = "golden-path/local", "golden-path/made-of"
"""Labels: on everything that is made here, whose it is; on the proxy, what it was made of."""
INSIDE = "/usr/local/etc/haproxy/haproxy.cfg"
ENOUGH = 3
"""Responses of a slot, until requests count as reaching it; one may be the first that the proxy dared."""
SECONDS = 15.0
"""Within which the proxy has to find a slot; it probes every 200 ms."""
PAUSE = 0.05


@dataclass(frozen=True)
class Proxy:
    """A proxy as it is wanted.

    Attributes:
        owner: The name of the product on this machine, which its network has too.
        port: The port of loopback.
        image: The proxy's image, by name and tag.
        config: Its configuration.
    """

    owner: str
    port: int
    image: str
    config: Path

    @property
    def name(self) -> str:
        """The container's name."""
        return f"{self.owner}-proxy"

    @property
    def url(self) -> str:
        """Where people ask."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def made_of(self) -> str:
        """Changes with everything that the proxy reads only once."""
        return hashlib.sha256(f"{self.port} {self.image} ".encode() + self.config.read_bytes()).hexdigest()


def check(proxy: Proxy) -> None:
    """Stop before anything is touched where the proxy could not be started.

    Raises:
        ProjectError: Its image cannot be had, its configuration is refused, or its port is taken.
    """
    if not proxy.config.is_file():
        raise ProjectError(f"{CONFIG}: no such file. Get it back: git checkout HEAD -- {CONFIG}")
    if _is_running(proxy):
        return
    docker.fetch(proxy.image)
    try:
        docker.run("run", "--rm", *docker.LOCKED_DOWN, *_mounted(proxy), proxy.image, "haproxy", "-c", "-f", INSIDE)
    except ProjectError as error:
        raise ProjectError(f"{CONFIG}: {proxy.image} refuses it. {error}") from error
    if docker.run("ps", "--quiet", "--filter", f"name=^{proxy.name}$", "--filter", f"publish={proxy.port}"):
        return  # its own, of another configuration or image, has the port
    try:
        socket.create_server(("127.0.0.1", proxy.port)).close()
    except OSError as error:
        raise ProjectError(
            f"Port {proxy.port} of 127.0.0.1 cannot be had ({error.strerror}): see what listens there, or name "
            "another: goldenpath deploy --port 8001"
        ) from error


def ensure(proxy: Proxy) -> str:
    """Start network and proxy, where they are not there as they are wanted.

    Returns:
        What was made; empty where nothing was.

    Raises:
        ProjectError: Docker refused.
    """
    if not docker.run("network", "ls", "--quiet", "--filter", f"name=^{proxy.owner}$"):
        docker.run("network", "create", "--label", f"{OWNER}={proxy.owner}", proxy.owner)
    if _is_running(proxy):
        return ""
    old = docker.run("ps", "--all", "--quiet", "--filter", f"name=^{proxy.name}$")
    if old:
        docker.run("rm", "--force", old)
    docker.run(
        *("run", "--detach", "--name", proxy.name, "--restart", "unless-stopped"),
        *("--label", f"{OWNER}={proxy.owner}", "--label", f"{MADE_OF}={proxy.made_of}"),
        *("--network", proxy.owner, "--publish", f"127.0.0.1:{proxy.port}:8000"),
        *docker.LOCKED_DOWN,
        *("--memory", "128m", "--pids-limit", "64"),
        *_mounted(proxy),
        proxy.image,
    )
    return f"Proxy {'replaced' if old else 'started'} on port {proxy.port}"


def await_slot(proxy: Proxy, slot: str) -> None:
    """Wait until requests reach a slot.

    Raises:
        ProjectError: None did, in time.
    """
    deadline = time.monotonic() + SECONDS
    seen, last = 0, "it was never asked"
    while seen < ENOUGH:
        if time.monotonic() > deadline:
            raise ProjectError(f"{proxy.name} sends no request to it after {SECONDS:g} s; last, {last}.")
        try:
            with urlopen(f"{proxy.url}/healthz", timeout=SECONDS) as response:  # noqa: S310  # loopback, by HTTP
                seen += response.headers.get("X-Served-By") == slot
                last = f"{response.headers.get('X-Served-By')} answered"
        except HTTPError as error:
            error.close()
            last = str(error)
        except (URLError, OSError) as error:
            last = str(error)
        time.sleep(PAUSE)


def remove(owner: str) -> int:
    """Remove everything of a product on this machine, the service too.

    Returns:
        How many containers there were.

    Raises:
        ProjectError: Docker refused.
    """
    own = ("--quiet", "--filter", f"label={OWNER}={owner}")
    containers = docker.run("ps", "--all", *own).split()
    if containers:
        docker.run("rm", "--force", *containers)
    if networks := docker.run("network", "ls", *own).split():
        docker.run("network", "rm", *networks)
    return len(containers)


def _is_running(proxy: Proxy) -> bool:
    named = ("--filter", f"name=^{proxy.name}$", "--filter", f"label={MADE_OF}={proxy.made_of}")
    return bool(docker.run("ps", "--quiet", *named))


def _mounted(proxy: Proxy) -> tuple[str, str]:
    return "--volume", f"{proxy.config.resolve()}:{INSIDE}:ro,z"
