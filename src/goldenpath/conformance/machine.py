"""What this machine has of what the verbs need: programs, the package index, the locked environment, disk."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

PYTHONS = ((3, 11), (3, 14))
"""The lowest version of Python that is supported, and the first that is not: ``requires-python``."""
GIB = 1024**3
DISK_TO_INSTALL, DISK_TO_WORK = 3 * GIB, GIB // 2
"""Free bytes that are asked for. The locked environment takes 2 GiB, uv's or pip's cache as much as half of that; the
sample's data, models and reports take 100 MiB a run."""
INDEX_SECONDS, PROGRAM_SECONDS = 5, 10
"""How long the index and a program may take to respond."""
OK, MISSING, LIMITED = "ok", "missing", "limited"
MOST_NAMED = 3
"""Most packages that a line names."""
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)
_VERSION = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True)
class Finding:
    """What was looked for, and what is here.

    Attributes:
        name: What was looked for.
        status: ``ok``; ``missing``; or ``limited``, where it is here and does not do all that is needed.
        detail: The version, or what is wrong.
        verbs: The commands that need it.
        essential: Whether nobody can set up, run and test a project without it.
        remedy: How to get it; empty where it is here.
    """

    name: str
    status: str
    detail: str
    verbs: tuple[str, ...]
    essential: bool = False
    remedy: str = ""


@dataclass(frozen=True)
class Program:
    """A program that verbs call.

    Attributes:
        name: Its name on PATH.
        verbs: The commands that need it.
        remedy: How to get it.
        essential: Whether nobody can set up, run and test a project without it.
        version: The words that make it tell its version.
        variable: The environment variable that names another program instead; empty where there is none.
    """

    name: str
    verbs: tuple[str, ...]
    remedy: str
    essential: bool = False
    version: tuple[str, ...] = ("--version",)
    variable: str = ""


SETUP, EVERYDAY = ("make setup",), ("make setup", "make run", "make test")
_LOCKED = "It comes with the locked tools: make setup"
PROGRAMS: Sequence[Program] = (
    Program("git", EVERYDAY, "Debian: apt-get install git; macOS: xcode-select --install", essential=True),
    Program("make", EVERYDAY, "Debian: apt-get install make; macOS: xcode-select --install", essential=True),
    Program("npm", ("web",), "It comes with Node.js: https://nodejs.org"),
    Program("promtool", ("alerts check",), "Debian: apt-get install prometheus; macOS: brew install prometheus"),
    Program(
        "amtool",
        ("alerts check", "alerts page"),
        "Debian: apt-get install prometheus-alertmanager; macOS: brew install alertmanager",
    ),
    Program("kubectl", ("gate deploy", "infra-diff"), _LOCKED, version=("version", "--client"), variable="KUBECTL"),
    Program("gh", ("ci-green", "publish --pull-request", "retrain publish", "retrain ask"), "https://cli.github.com"),
)
_DOCKER = Program(
    "docker",
    ("image", "gate image", "deploy", "undeploy"),
    "https://docs.docker.com/engine/install; or name another program: DOCKER=path",
    version=("version", "--format", "{{.Server.Version}}"),
    variable="DOCKER",
)


def look(root: Path) -> list[Finding]:
    """Look for everything that a verb needs.

    Args:
        root: The project's folder; outside of a project its locked environment is not looked for.
    """
    environment = locked_environment(root)
    installed = environment is not None and environment.status == OK
    searched = search_path(root)
    questions: list[Callable[[], Finding]] = [
        *(partial(program, one, searched) for one in PROGRAMS if one.essential),
        partial(installer, searched),
        partial(index, needed=not installed),
        partial(identity, root, searched),
        partial(docker, searched),
        *(partial(program, one, searched) for one in PROGRAMS if not one.essential),
    ]
    with ThreadPoolExecutor(len(questions)) as threads:  # each waits for another program
        programs = list(threads.map(lambda ask: ask(), questions))
    findings = [python(), *virtual_environments(root), *([environment] if environment else [])]
    findings += [disk(root, DISK_TO_WORK if installed else DISK_TO_INSTALL), *programs]
    return sorted(findings, key=lambda finding: not finding.essential)


def is_ready(findings: Sequence[Finding]) -> bool:
    """Whether a project can be set up, run and tested here."""
    return all(finding.status == OK for finding in findings if finding.essential)


def search_path(root: Path) -> str:
    """Where programs are looked for: in the project's environment, beside this Python, and on PATH."""
    folders = (root.resolve() / ".venv" / "bin", Path(sys.executable).parent)
    return os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """The Python that runs this, or one that ``make setup`` finds by its name."""
    lowest, first_unknown = PYTHONS
    names = [f"3.{minor}" for minor in range(lowest[1], first_unknown[1])]
    detail = ".".join(map(str, version))
    if lowest <= version < first_unknown:
        return Finding("Python", OK, detail, EVERYDAY, essential=True)
    others = [name for name in names if shutil.which(f"python{name}")]
    if others:
        return Finding("Python", OK, f"{others[-1]} beside {detail}", EVERYDAY, essential=True)
    remedy = f"Install Python {', '.join(names[:-1])} or {names[-1]}, such as by: uv python install {names[-1]}"
    return Finding("Python", MISSING, f"{detail} is not supported", EVERYDAY, essential=True, remedy=remedy)


def virtual_environments(root: Path) -> Iterator[Finding]:
    """Whether this Python can make a virtual environment; Debian ships that apart. Nothing where there is one."""
    if (root / ".venv").is_dir():
        return
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    detail = f"{missing[0]} is missing" if missing else "can be made"
    remedy = "Debian: apt-get install python3-venv" if missing else ""
    yield Finding("virtual environments", MISSING if missing else OK, detail, SETUP, essential=True, remedy=remedy)


def program(wanted: Program, searched: str) -> Finding:
    """Whether a program is here and runs.

    Args:
        wanted: The program.
        searched: Folders to look in, as PATH holds them.
    """
    name = os.environ.get(wanted.variable) or wanted.name if wanted.variable else wanted.name
    place = shutil.which(name, path=searched)
    if place is None:
        return _finding(wanted, MISSING, "not installed")
    fault, text = _told([place, *wanted.version])
    if fault:
        return _finding(wanted, LIMITED, f"{place} does not run: {fault}")
    version = _VERSION.search(text)
    return _finding(wanted, OK, version[0] if version else place)


def docker(searched: str) -> Finding:
    """Whether Docker is here, and its engine responds."""
    place = shutil.which(os.environ.get("DOCKER") or "docker", path=searched)
    if place is None:
        return _finding(_DOCKER, MISSING, "not installed")
    fault, text = _told([place, *_DOCKER.version])
    if fault:
        remedy = "Start the engine, and see that you may use it: docker info"
        return Finding("docker", LIMITED, f"its engine does not respond: {fault}", _DOCKER.verbs, remedy=remedy)
    return _finding(_DOCKER, OK, text.strip())


def installer(searched: str) -> Finding:
    """uv, or the slower pip that comes with Python."""
    uv = shutil.which("uv", path=searched)
    if uv is not None:
        fault, text = _told([uv, "--version"])
        if not fault:
            version = _VERSION.search(text)
            return Finding("uv", OK, version[0] if version else uv, (*SETUP, "lock", "upgrade"), essential=True)
    if importlib.util.find_spec("pip") or importlib.util.find_spec("ensurepip"):
        return Finding("uv", OK, "not installed; make setup gets it, or takes pip", SETUP, essential=True)
    remedy = "Debian: apt-get install python3-pip python3-venv; or uv: https://docs.astral.sh/uv"
    return Finding("uv", MISSING, "neither uv nor pip", SETUP, essential=True, remedy=remedy)


def index(*, needed: bool) -> Finding:
    """Whether the package index responds.

    Args:
        needed: Whether packages are still to be installed from it; else only ``lock`` and ``upgrade`` ask it.
    """
    address = index_address()
    verbs = (*(SETUP if needed else ()), "lock", "upgrade", "gate deps")
    shown = without_credentials(address)
    if fault := _index_fault(address):
        remedy = "Name an index that this machine can reach, in UV_DEFAULT_INDEX or PIP_INDEX_URL, or mend the network."
        return Finding("package index", MISSING, f"{shown}: {fault}", verbs, needed, remedy)
    return Finding("package index", OK, shown, verbs, needed)


def index_address(environment: Mapping[str, str] = os.environ) -> str:
    """The index that ``make setup`` takes packages from: uv's setting, then pip's, then Python's own index."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if address := environment.get(name):
            return address
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    own = Path(environment["PIP_CONFIG_FILE"]) if environment.get("PIP_CONFIG_FILE") else None
    for path in filter(None, (own, home / "pip/pip.conf", Path.home() / ".pip/pip.conf", Path("/etc/pip.conf"))):
        settings = ConfigParser(interpolation=None)
        settings.read(path)
        if address := settings.get("global", "index-url", fallback=""):
            return address
    return default_index()


def default_index() -> str:
    """Where pip looks when nothing tells it otherwise; pip alone knows, and offers no public way to ask."""
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def without_credentials(address: str) -> str:
    """An address as it may be shown: without the user and the password that it may hold."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def locked_environment(root: Path) -> Finding | None:
    """Whether ``.venv`` holds what ``requirements/dev.txt`` pins; None outside of a project.

    Args:
        root: The project's folder.
    """
    lock = root / "requirements" / "dev.txt"
    if not lock.is_file():
        return None
    name, verbs = "locked environment", ("every verb",)
    folders = [str(path) for path in (root / ".venv").glob("lib/python*/site-packages")]
    if not folders:
        return Finding(name, MISSING, "there is no .venv", verbs, essential=True, remedy="make setup")
    installed = {_key(one.name): one.version for one in metadata.distributions(path=folders)}
    pins = list(_pins(lock.read_text(encoding="utf-8")))
    wrong = [f"{package} {_told_of(installed.get(_key(package)))}" for package, version in pins
             if installed.get(_key(package)) != version]  # fmt: skip
    if wrong:
        more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        detail = f"{len(wrong)} of {len(pins)} packages are not as locked: {', '.join(wrong[:MOST_NAMED])}{more}"
        return Finding(name, LIMITED, detail, verbs, essential=True, remedy="make --always-make setup")
    return Finding(name, OK, f"{len(pins)} packages, as locked", verbs, essential=True)


def disk(root: Path, needed: int) -> Finding:
    """Whether the disk of the project has room.

    Args:
        root: The project's folder.
        needed: Bytes that are asked for.
    """
    free = shutil.disk_usage(root).free
    detail = f"{free / GIB:.1f} GiB free"
    if free < needed:
        remedy = f"Free {(needed - free) / GIB:.1f} GiB on the disk of {root.resolve()}."
        return Finding("disk", LIMITED, f"{detail}, want {needed / GIB:.1f}", EVERYDAY, essential=True, remedy=remedy)
    return Finding("disk", OK, detail, EVERYDAY, essential=True)


def identity(root: Path, searched: str) -> Finding:
    """Whether git knows who commits: commands that commit and tag, and people, need that."""
    verbs = ("release", "register", "promote", "rollback", "upgrade")
    git = shutil.which("git", path=searched)
    if git is not None and not _told([git, "-C", str(root), "config", "user.email"])[0]:
        return Finding("git identity", OK, "set", verbs)
    remedy = "git config --global user.name 'Your Name' && git config --global user.email you@example.com"
    return Finding("git identity", MISSING, "git does not know who commits", verbs, remedy=remedy)


def _finding(wanted: Program, status: str, detail: str) -> Finding:
    remedy = "" if status == OK else wanted.remedy
    return Finding(wanted.name, status, detail, wanted.verbs, wanted.essential, remedy)


def _told(command: Sequence[str]) -> tuple[str, str]:
    """Why a command failed, empty where it did not; and what it printed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS
        )
    except OSError as error:
        return error.strerror or str(error), ""
    except subprocess.TimeoutExpired:
        return f"no response within {PROGRAM_SECONDS} s", ""
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        return lines[-1] if lines else f"exit code {done.returncode}", done.stdout
    return "", done.stdout


def _index_fault(address: str) -> str:
    """Why an index cannot be used; empty where it can. A page that it does not have is a response like any other."""
    if urlsplit(address).scheme not in ("http", "https"):
        return "" if Path(urlsplit(address).path).is_dir() else "neither a web address nor a folder"
    # Basic credentials of an address are no part of a URL for urllib: they become a header.
    parts = urlsplit(address)
    manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
    if parts.username:
        plain = without_credentials(address)
        manager.add_password(None, plain, parts.username, parts.password or "", is_authenticated=True)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    page = f"{without_credentials(address).rstrip('/')}/pip/"
    request = urllib.request.Request(page, method="HEAD")  # noqa: S310 - a web address, as was just seen
    try:
        opener.open(request, timeout=INDEX_SECONDS).close()
    except urllib.error.HTTPError as error:
        return f"refuses access ({error.code})" if error.code in (401, 403, 407) or error.code >= 500 else ""
    except (OSError, ValueError) as error:
        return f"does not respond: {getattr(error, 'reason', error)}"
    return ""


def _pins(lock: str) -> Iterator[tuple[str, str]]:
    """Package and version of each line of a lock that is meant for this platform."""
    for found in _PIN.finditer(lock):
        if not found[3] or _applies(found[3].strip()):
            yield found[1], found[2]


def _applies(marker: str) -> bool:
    """Whether an environment marker holds; where it cannot be read, its package is not asked for."""
    try:
        from packaging.markers import Marker
    except ModuleNotFoundError:
        return False
    return Marker(marker).evaluate()


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _told_of(version: str | None) -> str:
    return f"is {version}" if version else "is missing"
