"""What a machine lacks to work on a project: for which verb it is needed, and how to get it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from goldenpath.fleet import locks
from goldenpath.repository import lock_file

Status = Literal["ok", "missing", "broken"]
FIRST_PYTHON, NEXT_PYTHON = (3, 11), (3, 14)
"""The first Python that a project works with, and the first after those."""
FREE_GIB = 5
"""An environment takes 2 GiB, and a few runs' data and models as much again."""
SECONDS = 5
"""How long a program may take to say its version, or an index to take a connection."""
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)([^\n]*)", re.MULTILINE)
_DEFAULT_INDEX = ""


@dataclass(frozen=True)
class Finding:
    """One thing that a machine has, or lacks.

    Attributes:
        name: What it is.
        status: Whether it is there and works.
        detail: Its version, or what is wrong.
        needed_for: The verbs and targets that need it.
        fix: How to get it; empty where it is there.
        is_required: Whether setup, run or test fail without it.
    """

    name: str
    status: Status
    detail: str
    needed_for: str
    fix: str = ""
    is_required: bool = False

    def to_json(self) -> dict[str, object]:
        """The finding as ``goldenpath doctor --json`` lists it."""
        return asdict(self)


@dataclass(frozen=True)
class Program:
    """A program that verbs call.

    Attributes:
        name: Its name on PATH.
        needed_for: The verbs and targets that call it.
        fix: How to get it.
        words: How to ask for its version.
        is_required: Whether setup, run or test fail without it.
    """

    name: str
    needed_for: str
    fix: str
    words: Sequence[str] = ("--version",)
    is_required: bool = False


PROGRAMS = (
    Program("git", "everything", "apt-get install git, or https://git-scm.com", is_required=True),
    Program("make", "make setup, make test, …", "apt-get install make", is_required=True),
    Program("npm", "web", "apt-get install npm, or https://nodejs.org"),
    Program("promtool", "alerts check", "apt-get install prometheus"),
    Program("amtool", "alerts check, alerts page", "apt-get install prometheus-alertmanager"),
    Program("kubectl", "gate deploy, infra-diff, deploy to Kubernetes", "make setup", ("version", "--client")),
    Program("gh", "pr-comment, retrain publish --pull-request, receipts", "https://cli.github.com"),
)


def examine(root: Path) -> list[Finding]:
    """Look at this machine and at the environment of the project in a folder.

    Args:
        root: The project's folder, or any other: then nothing is said of locked packages.

    Returns:
        One finding for each thing that verbs need, those without which nothing works first.
    """
    checks: list[Callable[[], Finding]] = [
        python,
        *(lambda program=program: installed(program) for program in PROGRAMS if program.is_required),
        installer,
        index,
        lambda: disk(root),
        lambda: environment(root),
        docker,
        *(lambda program=program: installed(program) for program in PROGRAMS if not program.is_required),
    ]
    with ThreadPoolExecutor(len(checks)) as pool:  # all but one of them wait for a program or the network
        return list(pool.map(lambda check: check(), checks))


def python() -> Finding:
    """Whether a project's environment can be made of the Python that runs this, or of another on PATH."""
    uses = "everything"
    own = ".".join(map(str, sys.version_info[:3]))
    if find_spec("ensurepip") is None:  # as Debian's Python comes
        fix = "apt-get install python3-venv"
        return Finding("Python", "broken", f"{own} cannot make environments", uses, fix, is_required=True)
    if FIRST_PYTHON <= sys.version_info[:2] < NEXT_PYTHON:
        return Finding("Python", "ok", own, uses, is_required=True)
    names = (f"python{major}.{minor}" for major, minor in [(3, minor) for minor in range(13, 10, -1)])
    found = next((name for name in names if shutil.which(name)), None)
    if found:
        return Finding("Python", "ok", f"{found} beside {own}", uses, is_required=True)
    fix = "install Python 3.11, 3.12 or 3.13: https://www.python.org, pyenv, or uv python install 3.13"
    return Finding("Python", "broken", f"{own} is none that the library works with", uses, fix, is_required=True)


def installed(program: Program) -> Finding:
    """Whether a program is on PATH and says its version."""
    place = shutil.which(program.name)
    uses, fix, required = program.needed_for, program.fix, program.is_required
    if place is None:
        return Finding(program.name, "missing", "not on PATH", uses, fix, required)
    said = _output([place, *program.words])
    if said is None:
        return Finding(program.name, "broken", f"{place} does not say its version", uses, fix, required)
    version = _VERSION.search(said)
    return Finding(program.name, "ok", version[0] if version else place, uses, is_required=required)


def installer() -> Finding:
    """Whether packages can be installed: by uv, or by pip."""
    uv = locks.uv_program()
    said = _output([uv, "--version"]) if uv else _output([sys.executable, "-m", "pip", "--version"])
    if said is None:
        fix = "python -m ensurepip, or https://docs.astral.sh/uv"
        return Finding("uv or pip", "missing", "neither works", "make setup, lock, upgrade", fix, is_required=True)
    version = _VERSION.search(said)
    detail = f"{'uv' if uv else 'pip'} {version[0] if version else ''}".strip()
    return Finding("uv or pip", "ok", detail, "make setup, lock, upgrade", is_required=True)


def index() -> Finding:
    """Whether the package index takes connections, by the settings of pip and uv."""
    variables = locks.uv_environment()
    address = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL") or _DEFAULT_INDEX
    parts = urlsplit(address)
    proxy = variables.get("HTTPS_PROXY") or variables.get("https_proxy")
    through = urlsplit(proxy) if proxy else parts
    port = through.port or (443 if through.scheme == "https" else 80)
    shown = f"{parts.scheme}://{parts.hostname}{parts.path}"  # without the user's password
    try:
        socket.create_connection((through.hostname or "", port), SECONDS).close()
    except OSError as error:
        fix = "name one: pip config set global.index-url URL, or UV_DEFAULT_INDEX=URL"
        words = f"{shown} cannot be reached: {error.strerror or error}"
        return Finding("package index", "broken", words, "make setup, lock, gate deps, upgrade", fix, is_required=True)
    return Finding("package index", "ok", shown, "make setup, lock, gate deps, upgrade", is_required=True)


def disk(root: Path) -> Finding:
    """Whether the disk has room for an environment, data and models."""
    free = shutil.disk_usage(root).free / 2**30
    if free < FREE_GIB:
        fix = "remove what is not needed: make clean, dvc gc --workspace, docker system prune"
        return Finding("disk", "broken", f"{free:.1f} GiB free, want {FREE_GIB}", "everything", fix, is_required=True)
    return Finding("disk", "ok", f"{free:.0f} GiB free", "everything", is_required=True)


def environment(root: Path) -> Finding:
    """Whether the environment that runs this holds what the project's lock names."""
    lock = root / "requirements" / "dev.txt"
    uses = "make run, make test and every verb"
    if not lock.is_file():
        return Finding("locked environment", "ok", "no project here", uses)
    text = lock.read_text(encoding="utf-8")
    differing = [f"{name} {version}" for name, version in _pins(text) if _installed_version(name) != version]
    if differing:
        shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
        return Finding("locked environment", "broken", f"is without {shown}", uses, "make setup", is_required=True)
    return Finding("locked environment", "ok", f"{len(list(_pins(text)))} packages", uses, is_required=True)


def docker() -> Finding:
    """Whether a Docker engine takes commands."""
    name = os.environ.get("DOCKER") or "docker"
    uses = "image build, image check, gate image, deploy"
    place = shutil.which(name)
    if place is None:
        return Finding("Docker", "missing", f"{name} is not on PATH", uses, "https://docs.docker.com/engine/install")
    said = _output([place, "version", "--format", "{{.Server.Version}}"])
    if said is None or not said.strip():
        fix = "start it: systemctl start docker; or add yourself to the group docker"
        return Finding("Docker", "broken", "the engine does not respond", uses, fix)
    return Finding("Docker", "ok", f"engine {said.strip().splitlines()[-1]}", uses)


def missing_for_work(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without which setup, run or test fail."""
    return [item for item in findings if item.is_required and item.status != "ok"]


def _pins(lock: str) -> list[tuple[str, str]]:
    """Packages of a lock with their versions; those for other Pythons and systems only are left out."""
    return [(name, version) for name, version, rest in _PIN.findall(lock) if ";" not in rest]


def _installed_version(name: str) -> str | None:
    if name == lock_file.PACKAGE:
        import goldenpath

        return goldenpath.__version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _output(command: Sequence[str]) -> str | None:
    """What a program says, or None where it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout or done.stderr if done.returncode == 0 else None
