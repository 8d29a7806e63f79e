"""What a project asks for and what its locks pin: ``pyproject.toml`` beside hash-locked files."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

PYPROJECT, DOCKERFILE = "pyproject.toml", "Dockerfile"
TOOLS = ("uv.lock", "poetry.lock", "pylock.toml", "conda-lock.yml", "Pipfile.lock")
"""Locks that tools write in forms of their own."""
TEXT = ("requirements.txt", "requirements-*.txt", "requirements/*.txt")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)\)?\s*(@[^;]*)?(?:;(.*))?")
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;*]+)(?=[\s;]|$)")
_HASH = re.compile(r"--hash=(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?!\w)")
_ITSELF = re.compile(r"(?:-e\s+)?\.(?:\[[\w, -]*\])?")
"""The project itself, in its own requirements."""
MOST_MINORS = 5
"""Minor versions of Python that one lock can be made for; a range without an end names more."""
_IMAGE = re.compile(r"^(?:FROM|ARG)\s+(?:\w+=)?\S*\bpython:3\.(\d+)", re.MULTILINE)
"""A base image that is named for its Python."""
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([0-9][^\s,]*)")


@dataclass(frozen=True)
class Requirement:
    """One thing that the project asks for.

    Attributes:
        name: The distribution, normalized.
        specifier: The versions it takes.
        marker: When it is needed; empty for always.
        group: ``dependencies``, or the name of the extra or group.
        path: The file that asks for it.
    """

    name: str
    specifier: str
    marker: str
    group: str
    path: str = PYPROJECT


@dataclass(frozen=True)
class Locks:
    """What the lock files pin.

    Attributes:
        paths: The lock files.
        pins: The versions of each distribution, by normalized name.
        loose: What stands in them without an exact version or without a hash: file, line, words.
    """

    paths: tuple[str, ...] = ()
    pins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    loose: tuple[tuple[str, int | None, str], ...] = ()


def declared(product: Product) -> list[Requirement]:
    """Everything that ``pyproject.toml`` asks for (dependencies, extras, groups, Poetry's), or the older files do.

    Raises:
        BrokenFileError: One of the files does not parse.
    """
    content = product.pyproject
    project = _table(content, "project")
    found = [*_requirements(project.get("dependencies"), "dependencies")]
    for name, items in {**_table(project, "optional-dependencies"), **_table(content, "dependency-groups")}.items():
        found += _requirements(items, name)
    poetry = _table(_table(content, "tool"), "poetry")
    groups = {name: group for name, group in _table(poetry, "group").items() if isinstance(group, dict)}
    tables = {"dependencies": poetry, "dev": {"dependencies": poetry.get("dev-dependencies")}, **groups}
    for name, table in tables.items():
        for item, wanted in _table(table, "dependencies").items():
            if item != "python":
                found.append(Requirement(normal(item), wanted if isinstance(wanted, str) else "", "", name))
    itself = normal(str(project.get("name") or ""))  # an extra may name another one of the same project
    return [item for item in found if item.name != itself] or [*_of_setup(product), *_of_sources(product)]


def _of_setup(product: Product) -> Iterator[Requirement]:
    """What ``setup.cfg`` and the literals of ``setup.py`` ask for."""
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read_string(product.text("setup.cfg") or "")
    except configparser.Error as error:
        raise BrokenFileError("setup.cfg", f"does not parse: {error.message.splitlines()[0]}") from error
    listed = settings.get("options", "install_requires", fallback="").splitlines()
    yield from _requirements(list(filter(None, listed)), "dependencies", "setup.cfg")
    for name, call in product.python.calls("setup.py") if "setup.py" in product.paths else ():
        for given in call.keywords if name.rpartition(".")[2] == "setup" else ():
            if given.arg == "install_requires" and isinstance(given.value, ast.List):
                items = [item.value for item in given.value.elts if isinstance(item, ast.Constant)]
                yield from _requirements(items, "dependencies", "setup.py")


def _of_sources(product: Product) -> Iterator[Requirement]:
    """What pip-tools compiles from, and what Conda's environment names."""
    for path in product.matching("requirements*.in", "requirements/*.in"):
        lines = [line.partition(" #")[0] for line in (product.text(path) or "").splitlines()]
        yield from _requirements([line for line in lines if line[:1].isalnum()], "dependencies", path)
    for path in ("environment.yml", "environment.yaml"):
        listed = product.mapping(path).get("dependencies")
        for item in listed if isinstance(listed, list) else ():
            inner = item.get("pip") if isinstance(item, dict) else [str(item).partition("=")[0]]
            yield from _requirements([word for word in inner or () if word != "python"], "dependencies", path)


@lru_cache(maxsize=16)
def locked(product: Product) -> Locks:
    """Everything that the project's lock files pin.

    Raises:
        BrokenFileError: One of them does not parse.
    """
    pins: dict[str, set[str]] = {}
    loose: list[tuple[str, int | None, str]] = []
    paths = [*product.matching(*TEXT)]
    entries: list[tuple[str, tuple[str, str, int | None, bool]]] = [
        (path, entry) for path in paths for entry in _of_text(product.text(path) or "")
    ]
    for path in TOOLS:
        if path in product.paths:
            paths.append(path)
            entries += [(path, (name, version, None, hashed)) for name, version, hashed in _of_lock(product, path)]
    for path, (name, version, line, hashed) in entries:
        if version and hashed:
            pins.setdefault(normal(name), set()).add(version)
        else:
            loose.append((path, line, f"{name} has no {'hash' if version else 'exact version'}"))
    return Locks(tuple(paths), {name: frozenset(found) for name, found in pins.items()}, tuple(loose))


def python_pin(product: Product) -> tuple[str, str, int | None] | None:
    """The one minor version of Python that the project runs on, with the file and line that say so; None without."""
    wanted = str(_table(product.pyproject, "project").get("requires-python") or "")
    poetry = _table(_table(_table(product.pyproject, "tool"), "poetry"), "dependencies").get("python")
    if not wanted and isinstance(poetry, str):
        wanted = re.sub(r"^~(?=\d+\.\d+)", "~=", f"{poetry}.0" if re.fullmatch(r"~\d+\.\d+", poetry) else poetry)
        wanted = f"=={wanted}" if re.fullmatch(r"\d+\.\d+\.(?:\*|\d+)", wanted) else wanted
    minors = [minor for minor in range(6, 40) if wanted and satisfies(f"3.{minor}.99", wanted)]
    if len(minors) == 1:
        return f"3.{minors[0]}", PYPROJECT, product.line_of(PYPROJECT, r"^requires-python")
    for version in locked(product).pins.get("python", ()):  # Conda locks Python itself
        return version.rpartition(".")[0], next(path for path in TOOLS if path in product.paths), None
    found = re.match(r"\s*(?:cpython-)?(3\.\d+)(?:\.\d+)?\s*$", product.text(".python-version") or "")
    if found:
        return found[1], ".python-version", 1
    image = _IMAGE.search(product.text(DOCKERFILE) or "")
    # A lock for several Pythons that the project names one by one: what runs in production decides.
    if image and int(image[1]) in minors[:MOST_MINORS] and len(minors) <= MOST_MINORS:
        return f"3.{image[1]}", DOCKERFILE, product.line_of(DOCKERFILE, _IMAGE.pattern)
    return None


def normal(name: str) -> str:
    """A distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def satisfies(version: str, specifier: str) -> bool:
    """Whether a final release meets a specifier (PEP 440); what is no final release is taken as meeting it."""
    have = _numbers(version)
    if have is None:
        return True
    for operator, text in _CLAUSE.findall(specifier):
        want = _numbers(text.removesuffix(".*"))
        if want is not None and not _meets(have, operator, want, any_below=text.endswith(".*")):
            return False
    return True


def _meets(have: tuple[int, ...], operator: str, want: tuple[int, ...], *, any_below: bool) -> bool:
    if operator == "~=":
        return _padded(have) >= _padded(want) and have[: len(want) - 1] == want[:-1]
    equal = have[: len(want)] == want if any_below else _padded(have) == _padded(want)
    below = _padded(have) < _padded(want)
    return {
        "==": equal,
        "===": equal,
        "!=": not equal,
        "<=": below or equal,
        "<": below,
        ">=": not below,
        ">": not below and not equal,
    }[operator]


def _numbers(version: str) -> tuple[int, ...] | None:
    found = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:\.post\d+)?(?:\+\S+)?", version)
    return tuple(map(int, found[1].split("."))) if found else None


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    return version + (0,) * (6 - len(version))


def _requirements(items: Any, group: str, path: str = PYPROJECT) -> Iterator[Requirement]:
    for item in items if isinstance(items, list) else []:
        found = _NAME.match(item) if isinstance(item, str) else None  # a table includes another group
        if found:
            yield Requirement(normal(found[1]), (found[2] or "").strip(), (found[4] or "").strip(), group, path)


def _of_text(text: str) -> Iterator[tuple[str, str, int | None, bool]]:
    """Name, version, line and whether there is a hash, of each entry of a requirements file."""
    waiting: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if waiting else number
        if line.endswith("\\"):
            waiting.append(line[:-1])
            continue
        if not waiting and line.lstrip()[:1] in ("", "#"):
            continue  # most lines of a lock are comments that tell what asked for the package
        entry = " ".join([*waiting, line]).strip()
        waiting = []
        own = entry.startswith((".", "-")) and _ITSELF.fullmatch(entry)
        if entry and not own and not entry.startswith(("#", "-r", "-c", "--")):
            found = _PINNED.match(entry)
            words = re.split(r"[\s;<>=!~\[@]", entry, maxsplit=1)[0]
            yield found[1] if found else words, found[2] if found else "", first, bool(_HASH.search(entry))


def _of_lock(product: Product, path: str) -> Iterator[tuple[str, str, bool]]:
    """Name, version and whether there are hashes, of each entry of a tool's own lock."""
    if path == "conda-lock.yml":
        for item in _tables(product.mapping(path).get("package")):
            yield str(item.get("name")), str(item.get("version") or ""), bool(_table(item, "hash").get("sha256"))
    elif path == "Pipfile.lock":
        content = product.json(path)
        for part in ("default", "develop"):
            for name in _table(content, part):
                item = _table(_table(content, part), name)
                yield name, str(item.get("version") or "").lstrip("="), bool(item.get("hashes"))
    else:
        content = product.toml(path) or {}
        for item in _tables(content.get("package") or content.get("packages")):
            source = _table(item, "source")
            if {"editable", "virtual"} & source.keys() or "directory" in item:
                continue  # the project itself
            wheels = [*(item.get("wheels") or []), *(item.get("files") or []), item.get("sdist"), item.get("archive")]
            files = [file for file in wheels if isinstance(file, dict)]
            hashed = bool(files) and all(file.get("hash") or file.get("hashes") for file in files)
            yield str(item.get("name")), str(item.get("version") or ""), hashed or "git" in source or "vcs" in item


def _tables(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _table(content: Any, name: str) -> dict[str, Any]:
    found = content.get(name) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else {}
