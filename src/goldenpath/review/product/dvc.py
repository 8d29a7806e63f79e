"""The DVC pipeline: the stages of ``dvc.yaml``, and whether ``dvc.lock`` still describes them.

``dvc status`` is not asked: it exits 0 on a fresh clone whose outputs are missing, and starting it takes a second. The
lock is compared with commands, parameters and files directly.
"""

from __future__ import annotations

import ast
import configparser
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from goldenpath.review.product import python_source
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.files import Files
from goldenpath.review.product.tree import LARGEST

FILE, LOCK, PARAMS, CONFIG = "dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config"

MODELS = (
    *(".onnx", ".skops", ".joblib", ".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".hdf5"),
    *(".keras", ".pb", ".tflite", ".cbm", ".xgb", ".ubj", ".bst", ".gguf", ".mlmodel", ".mar", ".pmml"),
)
"""How the names of model files end."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        cached: Those of ``outs`` that DVC keeps; the others are in git.
    """

    name: str
    command: str
    desc: str = ""
    deps: tuple[str, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    cached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remote:
    """Where DVC keeps data: the remote's name, its address, and the line of the configuration that gives it."""

    name: str
    url: str
    line: int | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of a machine, and not a service."""
        return "://" not in self.url or self.url.startswith("file://")


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


def read(files: Files) -> Pipeline:
    """Read ``dvc.yaml`` and ``dvc.lock``; without the former there is no pipeline.

    Raises:
        BrokenFileError: One of them cannot be used.
    """
    content = files.mapping(FILE)
    raw = content.get("stages") or {}
    lock = files.mapping(LOCK).get("stages") or {}
    if not isinstance(raw, dict) or not isinstance(lock, dict):
        raise BrokenFileError(FILE if not isinstance(raw, dict) else LOCK, "stages: want one entry for each stage")
    values = _variables(files, content) if "${" in (files.text(FILE) or "") else {}
    try:
        stages = tuple(stage for name, item in raw.items() for stage in _stages(str(name), item, values))
    except (TypeError, AttributeError) as error:
        raise BrokenFileError(FILE, f"a stage is not what DVC takes: {error}") from error
    return Pipeline(stages, lock)


def parse_lock(text: str) -> Pipeline:
    """The record alone, of another commit.

    Raises:
        BrokenFileError: It is none.
    """
    try:
        stages = yaml.load(text, Loader=_Loader)["stages"]  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BrokenFileError(LOCK, "is not a record of stages") from error
    return Pipeline(lock=stages if isinstance(stages, dict) else {})


def is_model(path: str) -> bool:
    """Whether an output is a model, by its name: a known ending, or a folder for models."""
    return path.lower().endswith(MODELS) or re.search(r"(?:^|/)models?/?$", path.lower()) is not None


def md5(content: bytes) -> str:
    """The digest that DVC gives a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def not_as_written(files: Files, pipeline: Pipeline, path: str) -> str:
    """Why a file is not what the pipeline wrote; empty where it is, by the digest in ``dvc.lock``."""
    for record in pipeline.lock.values():
        if out := outs_of(record).get(path):
            written = out["digest"] == md5(files.tree.read(path) or b"")
            return "" if written else f"{path} is not what the pipeline wrote"
    return f"no stage of dvc.lock has written {path}"


def outs_of(record: Any, kind: str = "outs") -> dict[str, dict[str, Any]]:
    """What the lock says of one stage's outputs (or ``deps``), by path: its ``digest`` and ``size``."""
    items = record.get(kind) if isinstance(record, dict) else None
    return {
        str(item["path"]): {"digest": _digest_of(item), "size": item.get("size")}
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and "path" in item
    }


def remote(files: Files) -> Remote | None:
    """The remote that DVC pushes to; None where the repository names none.

    Raises:
        BrokenFileError: DVC's configuration does not parse.
    """
    text = files.text(CONFIG)
    if text is None:
        return None
    found = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        found.read_string(text)
    except configparser.Error as error:
        raise BrokenFileError(CONFIG, f"is not DVC's configuration: {error.message.splitlines()[0]}") from error
    name = found.get("core", "remote", fallback="")
    for section in found.sections():
        if section.strip("'") == f'remote "{name}"' and (url := found.get(section, "url", fallback="")):
            return Remote(name, url, files.line_of(CONFIG, r"^\s*url\s*="))
    return None


def stale(files: Files, pipeline: Pipeline) -> list[Stale]:
    """Everything in which the lock differs from the files, or is silent; empty where it is fresh.

    Files that DVC itself keeps (outputs of stages, and what has a ``.dvc`` pointer) are not in git; those that lie here
    are compared, and for the others the lock must agree with itself: what a stage read must be what another wrote.
    """
    found: list[Stale] = []
    written = {path: str(out["digest"]) for record in pipeline.lock.values() for path, out in outs_of(record).items()}
    for stage in pipeline:
        record = pipeline.lock.get(stage.name)
        if not isinstance(record, dict):
            found.append(Stale(stage.name, "has never run: dvc.lock does not know it"))
            continue
        found += _stale_stage(files, stage, record, written)
    return found


def _stale_stage(files: Files, stage: Stage, record: dict[str, Any], written: Mapping[str, str]) -> Iterator[Stale]:
    locked_command = record.get("cmd")
    if isinstance(locked_command, list):
        locked_command = "\n".join(map(str, locked_command))
    if str(locked_command).strip() != stage.command.strip():
        yield Stale(stage.name, "its command is not the one that ran", FILE)
    deps, outs = outs_of(record, "deps"), outs_of(record)
    for path in sorted(set(stage.deps) ^ set(deps)):
        yield Stale(stage.name, f"{path} is read {'now' if path in stage.deps else 'no longer'}", FILE)
    for path in sorted(set(stage.outs) ^ set(outs)):
        yield Stale(stage.name, f"{path} is written {'now' if path in stage.outs else 'no longer'}", FILE)
    for path in sorted(set(stage.deps) & set(deps)):
        same = _is_as_recorded(files, path, deps[path])
        if same is False:
            yield Stale(stage.name, f"{path} has changed since it ran", path)
        elif path in written and written[path] != deps[path]["digest"]:
            yield Stale(stage.name, f"{path} is not what the stage before it wrote", path)
        elif same is None and not _is_kept_elsewhere(files, path, str(deps[path]["digest"]), written):
            yield Stale(stage.name, f"{path} is missing", path)
    for path in sorted(set(stage.outs) & set(outs)):
        if _is_as_recorded(files, path, outs[path]) is False:
            yield Stale(stage.name, f"{path} is not what it wrote", path)
    params = record.get("params")
    yield from _stale_params(files, stage, params if isinstance(params, dict) else {})


def _stale_params(files: Files, stage: Stage, locked: Mapping[str, Any]) -> Iterator[Stale]:
    for path, names in stage.params.items():
        now, then = _parameters(files, path), locked.get(path)
        then = then if isinstance(then, dict) else {}
        for name in names or tuple(now):
            if name not in then or not is_same(_lookup(now, name), then[name]):
                yield Stale(stage.name, f"parameter {name} has changed since it ran", path)


def _parameters(files: Files, path: str) -> Mapping[str, Any]:
    """A file of parameters, in any of the formats that DVC reads."""
    if path.endswith(".toml"):
        return files.toml(path) or {}
    if path.endswith(".json"):
        content = files.json(path)
        return content if isinstance(content, dict) else {}
    if not path.endswith(".py"):
        return files.mapping(path)
    found = {}
    for node in python_source.parse(path, files.text(path) or "").body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def is_same(now: Any, then: Any) -> bool:
    """Whether two values are the same, although DVC reads and writes YAML 1.2 and a review reads YAML 1.1.

    In 1.2, ``1e-3`` is a number and ``yes`` is text, which the lock holds without quotes.
    """
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return now.keys() == then.keys() and all(is_same(now[key], then[key]) for key in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(is_same, now, then))
    if isinstance(now, str) != isinstance(then, str):
        word, other = (now, then) if isinstance(now, str) else (then, now)
        if isinstance(other, bool):
            return _WORDS_OF_1_1.get(word.lower()) is other
        try:
            return float(now) == float(then)
        except (TypeError, ValueError):
            return str(now) == str(then)
    return bool(now == then)


_WORDS_OF_1_1 = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def _is_kept_elsewhere(files: Files, path: str, digest: str, written: Mapping[str, str]) -> bool:
    """Whether something that is not here is known to DVC all the same, or is read from another system."""
    if "://" in path or path in written or _pointer(files, path) == digest:
        return True
    above = [path[: found.start()] for found in re.finditer("/", path)]
    return any(folder in written or f"{folder}.dvc" in files.paths for folder in above)


def _is_as_recorded(files: Files, path: str, record: Mapping[str, Any]) -> bool | None:
    """Whether a file or folder is as the lock says; None where it is not here.

    Data larger than text is compared by size, because hashing gigabytes has no place in a review of half a second: a
    receipt of a forced rerun proves the content.
    """
    if any(other.startswith(f"{path.rstrip('/')}/") for other in files.paths):
        return _folder_digest(files, path.rstrip("/")) == str(record["digest"])
    size = files.tree.size(path)
    if size is None:
        return None
    if size > LARGEST:
        return bool(record["size"] in (None, size))
    content = files.tree.read(path) or b""
    return md5(content) == str(record["digest"])


def _folder_digest(files: Files, folder: str) -> str:
    entries = []
    for path in sorted(other for other in files.paths if other.startswith(f"{folder}/")):
        content = files.tree.read(path) or b""
        file_digest = md5(content)
        entries.append({"md5": file_digest, "relpath": path.removeprefix(f"{folder}/")})
    listing = json.dumps(entries).encode()
    return f"{md5(listing)}.dir"


def _pointer(files: Files, path: str) -> str | None:
    """The digest in the ``.dvc`` file of something that DVC keeps and that is not here."""
    outs = files.mapping(f"{path}.dvc").get("outs")
    listed = outs if isinstance(outs, list) else []
    return next((str(out.get("md5")) for out in listed if isinstance(out, dict)), None)


def _digest_of(item: Any) -> str:
    return str(item.get("md5") or item.get("etag") or item.get("checksum") or "") if isinstance(item, dict) else ""


def _lookup(content: Mapping[str, Any], dotted: str) -> Any:
    found: Any = content
    for key in dotted.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _variables(files: Files, content: Mapping[str, Any]) -> dict[str, Any]:
    """What ``${…}`` may name: ``params.yaml`` and the entries of ``vars``."""
    found = dict(files.mapping(PARAMS))
    listed = content.get("vars")
    for item in listed if isinstance(listed, list) else []:
        found |= item if isinstance(item, dict) else _parameters(files, str(item).partition(":")[0])
    return found


def _filled(raw: Any, values: Mapping[str, Any]) -> Any:
    """The same with every ``${name}`` replaced by its value; what has none stays as it is."""
    if isinstance(raw, dict):
        return {_filled(key, values): _filled(value, values) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_filled(item, values) for item in raw]
    if not isinstance(raw, str) or "${" not in raw:
        return raw

    def value_of(found: re.Match[str]) -> str:
        value = _lookup(values, re.sub(r"\[(\w+)\]", r".\1", found[1].strip()))
        return found[0] if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return re.sub(r"\$\{([^}]+)\}", value_of, raw)


def _variants(name: str, raw: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The stages that one entry stands for: itself, or one for each item of ``foreach`` or ``matrix``."""
    if "foreach" in raw:
        items = raw["foreach"]
        if isinstance(items, str):
            items = _lookup(values, items.strip().removeprefix("${").removesuffix("}").strip()) or []
        if isinstance(items, dict):
            for key, item in items.items():
                yield f"{name}@{key}", raw.get("do"), {**values, "key": key, "item": item}
        else:
            for number, item in enumerate(items):
                label = number if isinstance(item, (dict, list)) else item
                yield f"{name}@{label}", raw.get("do"), {**values, "item": item}
    elif isinstance(raw.get("matrix"), dict):
        axes = {key: axis if isinstance(axis, list) else [axis] for key, axis in _filled(raw["matrix"], values).items()}
        for chosen in itertools.product(*(enumerate(axis) for axis in axes.values())):
            labels = [
                f"{key}{number}" if isinstance(item, (dict, list)) else str(item)
                for key, (number, item) in zip(axes, chosen, strict=True)
            ]
            item = {key: value for key, (_, value) in zip(axes, chosen, strict=True)}
            yield f"{name}@{'-'.join(labels)}", raw, {**values, "item": item}
    else:
        yield name, raw, values


def _stages(name: str, entry: Any, values: dict[str, Any]) -> Iterator[Stage]:
    if not isinstance(entry, dict):
        raise BrokenFileError(FILE, f"stage {name}: want keys and values")
    for label, variant, known in _variants(name, entry, values):
        if not isinstance(variant, dict):
            raise BrokenFileError(FILE, f"stage {label}: want keys and values")
        raw = _filled({key: value for key, value in variant.items() if key != "matrix"}, known)
        command = raw.get("cmd") or ""
        metrics, plots = tuple(_names(raw.get("metrics"))), tuple(_names(raw.get("plots")))
        outs = (*_names(raw.get("outs")), *metrics, *plots)
        in_git = {path for kind in ("outs", "metrics", "plots") for path in _not_cached(raw.get(kind))}
        yield Stage(
            name=label,
            command="\n".join(map(str, command)) if isinstance(command, list) else str(command),
            desc=" ".join(str(raw.get("desc") or "").split()),
            deps=tuple(_names(raw.get("deps"))),
            params=_params(raw.get("params")),
            outs=outs,
            metrics=metrics,
            cached=tuple(path for path in outs if path not in in_git),
        )


def _names(items: Any) -> Iterator[str]:
    for item in items or []:
        yield from map(str, item) if isinstance(item, dict) else (str(item),)


def _not_cached(items: Any) -> Iterator[str]:
    for item in items or []:
        if isinstance(item, dict):
            yield from (str(path) for path, how in item.items() if isinstance(how, dict) and how.get("cache") is False)


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
