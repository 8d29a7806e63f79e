"""The DVC pipeline: the stages of ``dvc.yaml``, and whether ``dvc.lock`` still describes them.

``dvc status`` is not asked: it exits 0 on a fresh clone whose outputs are missing, and starting it takes a second. The
lock is compared with commands, parameters and files directly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath.product.errors import BrokenFileError
from goldenpath.product.tree import LARGEST

if TYPE_CHECKING:
    from goldenpath.product.product import Product

FILE, LOCK, PARAMS = "dvc.yaml", "dvc.lock", "params.yaml"


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: Its name.
        command: What it runs.
        desc: What it does, in words.
        deps: Files and folders it reads.
        params: Parameters it reads, by file; an empty tuple means the whole file.
        outs: What it writes: outputs, metrics and plots.
        metrics: Those of ``outs`` that are metrics.
    """

    name: str
    command: str
    desc: str = ""
    deps: tuple[str, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stale:
    """One thing that ``dvc.lock`` does not describe as it is: the stage, what, and where."""

    stage: str
    what: str
    path: str = LOCK


@dataclass(frozen=True)
class Pipeline:
    """All stages, in the order of the file, and the lock's record of each."""

    stages: tuple[Stage, ...] = ()
    lock: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.stages)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)

    def get(self, name: str) -> Stage | None:
        """The stage of a name, or None."""
        return next((stage for stage in self.stages if stage.name == name), None)

    @cached_property
    def parents(self) -> dict[str, frozenset[str]]:
        """The stages whose outputs each stage reads, by name."""
        return {
            stage.name: frozenset(
                other.name
                for other in self.stages
                if other is not stage and any(_overlap(dep, out) for dep in stage.deps for out in other.outs)
            )
            for stage in self.stages
        }

    def ancestors(self, name: str) -> frozenset[str]:
        """Every stage that must run before the named one."""
        found: set[str] = set()
        waiting = list(self.parents.get(name, ()))
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting += self.parents.get(other, ())
        return frozenset(found)


def read(product: Product) -> Pipeline:
    """Read ``dvc.yaml`` and ``dvc.lock``; without the former there is no pipeline.

    Raises:
        BrokenFileError: One of them cannot be used.
    """
    raw = product.mapping(FILE).get("stages") or {}
    lock = product.mapping(LOCK).get("stages") or {}
    if not isinstance(raw, dict) or not isinstance(lock, dict):
        raise BrokenFileError(FILE if not isinstance(raw, dict) else LOCK, "stages: want one entry for each stage")
    return Pipeline(tuple(stage for name, item in raw.items() for stage in _stages(str(name), item)), lock)


def stale(product: Product, pipeline: Pipeline) -> list[Stale]:
    """Everything in which the lock differs from the files, or is silent; empty where it is fresh.

    Files that DVC itself keeps (outputs of stages, and what has a ``.dvc`` pointer) are not in git; those that lie here
    are compared, and for the others the lock must agree with itself: what a stage read must be what another wrote.
    """
    found: list[Stale] = []
    written = {
        str(out["path"]): _digest_of(out)
        for record in pipeline.lock.values()
        if isinstance(record, dict)
        for out in record.get("outs") or []
    }
    for stage in pipeline:
        record = pipeline.lock.get(stage.name)
        if not isinstance(record, dict):
            found.append(Stale(stage.name, "has never run: dvc.lock does not know it"))
            continue
        found += _stale_stage(product, stage, record, written)
    return found


def _stale_stage(product: Product, stage: Stage, record: dict[str, Any], written: Mapping[str, str]) -> Iterator[Stale]:
    locked_command = record.get("cmd")
    if isinstance(locked_command, list):
        locked_command = "\n".join(map(str, locked_command))
    if str(locked_command).strip() != stage.command.strip():
        yield Stale(stage.name, "its command is not the one that ran", FILE)
    deps, outs = (
        {str(item["path"]): {"digest": _digest_of(item), "size": item.get("size")} for item in record.get(kind) or []}
        for kind in ("deps", "outs")
    )
    for path in sorted(set(stage.deps) ^ set(deps)):
        yield Stale(stage.name, f"{path} is read {'now' if path in stage.deps else 'no longer'}", FILE)
    for path in sorted(set(stage.outs) ^ set(outs)):
        yield Stale(stage.name, f"{path} is written {'now' if path in stage.outs else 'no longer'}", FILE)
    for path in sorted(set(stage.deps) & set(deps)):
        same = _is_as_recorded(product, path, deps[path])
        if same is False:
            yield Stale(stage.name, f"{path} has changed since it ran", path)
        elif path in written and written[path] != deps[path]["digest"]:
            yield Stale(stage.name, f"{path} is not what the stage before it wrote", path)
        elif same is None and path not in written and _pointer(product, path) != deps[path]["digest"]:
            yield Stale(stage.name, f"{path} is missing", path)
    for path in sorted(set(stage.outs) & set(outs)):
        if _is_as_recorded(product, path, outs[path]) is False:
            yield Stale(stage.name, f"{path} is not what it wrote", path)
    yield from _stale_params(product, stage, record.get("params") or {})


def _stale_params(product: Product, stage: Stage, locked: Mapping[str, Any]) -> Iterator[Stale]:
    for path, names in stage.params.items():
        now, then = product.mapping(path), locked.get(path) or {}
        for name in names or tuple(now):
            if name not in then or _lookup(now, name) != then[name]:
                yield Stale(stage.name, f"parameter {name} has changed since it ran", path)


def _is_as_recorded(product: Product, path: str, record: Mapping[str, Any]) -> bool | None:
    """Whether a file or folder is as the lock says; None where it is not here.

    Data larger than text is compared by size, because hashing gigabytes has no place in a review of half a second: a
    receipt of a forced rerun proves the content.
    """
    if any(other.startswith(f"{path.rstrip('/')}/") for other in product.paths):
        return _folder_digest(product, path.rstrip("/")) == str(record["digest"])
    size = product.tree.size(path)
    if size is None:
        return None
    if size > LARGEST:
        return bool(record["size"] in (None, size))
    content = product.tree.read(path) or b""
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == str(record["digest"])


def _folder_digest(product: Product, folder: str) -> str:
    entries = []
    for path in sorted(other for other in product.paths if other.startswith(f"{folder}/")):
        content = product.tree.read(path) or b""
        file_digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        entries.append(f'{{"md5": "{file_digest}", "relpath": "{path.removeprefix(f"{folder}/")}"}}')
    listing = f"[{', '.join(entries)}]".encode()
    return f"{hashlib.md5(listing, usedforsecurity=False).hexdigest()}.dir"


def _pointer(product: Product, path: str) -> str | None:
    """The digest in the ``.dvc`` file of something that DVC keeps and that is not here."""
    outs = product.mapping(f"{path}.dvc").get("outs") or []
    return next((str(out.get("md5")) for out in outs if isinstance(out, dict)), None)


def _digest_of(item: Any) -> str:
    return str(item.get("md5") or item.get("etag") or item.get("checksum") or "") if isinstance(item, dict) else ""


def _lookup(content: Mapping[str, Any], dotted: str) -> Any:
    found: Any = content
    for key in dotted.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _stages(name: str, raw: Any) -> Iterator[Stage]:
    if not isinstance(raw, dict):
        raise BrokenFileError(FILE, f"stage {name}: want keys and values")
    if "foreach" in raw or "matrix" in raw:
        raw = raw.get("do") or raw
    command = raw.get("cmd") or ""
    metrics = tuple(_names(raw.get("metrics")))
    yield Stage(
        name=name,
        command="\n".join(map(str, command)) if isinstance(command, list) else str(command),
        desc=" ".join(str(raw.get("desc") or "").split()),
        deps=tuple(_names(raw.get("deps"))),
        params=_params(raw.get("params")),
        outs=(*_names(raw.get("outs")), *metrics, *_names(raw.get("plots"))),
        metrics=metrics,
    )


def _names(items: Any) -> Iterator[str]:
    for item in items or []:
        yield from map(str, item) if isinstance(item, dict) else (str(item),)


def _params(items: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for item in items or []:
        if isinstance(item, dict):
            found |= {str(path): tuple(map(str, names or ())) for path, names in item.items()}
        else:
            found[PARAMS] = (*found.get(PARAMS, ()), str(item))
    return found


def _overlap(dep: str, out: str) -> bool:
    """Whether a stage that reads ``dep`` reads what ``out`` names: the same, or one inside the other."""
    return dep == out or dep.startswith(f"{out.rstrip('/')}/") or out.startswith(f"{dep.rstrip('/')}/")
