"""What runs on this host beside what the files of Compose say: the containers of an environment's project.

Compared is what decides which model answers and with which rights: image, labels, user and the read-only root. Compose
names a container's project and service in its labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from goldenpath.delivery import compose_policy, docker
from goldenpath.project.errors import ProjectError

BASE = Path("compose.yaml")
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
"""Labels by which Compose knows its containers."""


def differences(root: Path, path: PurePosixPath) -> list[str]:
    """How the containers of an environment differ from what git names, in words.

    Args:
        root: The project's folder.
        path: The environment's file of Compose, relative to it.

    Raises:
        ProjectError: Docker cannot be asked, or a file cannot be read.
    """
    told = compose_policy.merged(_read(root / BASE), _read(root / path))
    services = told.get("services") or {}
    try:
        running = _containers(str(told.get("name") or root.name))
    except ProjectError as error:
        raise ProjectError(
            f"Docker does not answer on this host, so nothing is known of what runs here: {error}"
        ) from error
    known = set(map(_service, running))
    found = [f"service {name} has no container" for name in services if name not in known]
    for item in running:
        name = str(item.get("Name", "")).lstrip("/")
        if _service(item) not in services:
            found.append(f"container {name} is of service {_service(item)}, which git does not name")
        else:
            found += [f"container {name} {fault}" for fault in _faults(item, services[_service(item)])]
    return found


def _containers(project: str) -> list[dict[str, Any]]:
    ids = docker.run("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT}={project}").split()
    found: list[dict[str, Any]] = json.loads(docker.run("container", "inspect", *ids)) if ids else []
    return found


def _service(container: Mapping[str, Any]) -> str:
    return str(_labels(container.get("Config") or {}, "Labels").get(SERVICE, ""))


def _faults(container: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    config, rights = container.get("Config") or {}, container.get("HostConfig") or {}
    if not (container.get("State") or {}).get("Running"):
        yield "does not run"
    pairs: dict[str, tuple[object, object]] = {
        "image": (config.get("Image"), service.get("image")),
        "user": (config.get("User"), str(service.get("user") or "")),
        "read_only": (bool(rights.get("ReadonlyRootfs")), bool(service.get("read_only"))),
    }
    labels = _labels(config, "Labels")
    pairs |= {f"label {key}": (labels.get(key, ""), value) for key, value in _labels(service, "labels").items()}
    for what, (runs, named) in pairs.items():
        if runs != named:
            yield f"has {what} {'(none)' if runs in (None, '') else runs}, git names {named}"


def _labels(item: Mapping[str, Any], key: str) -> dict[str, str]:
    """Labels as keys and values, or as a list of ``name=value``."""
    found = item.get(key) or {}
    pairs = found.items() if isinstance(found, Mapping) else (str(entry).split("=", 1) for entry in found)
    return {str(name): str(value) for name, value in pairs}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ProjectError(
            f"{path}: cannot be read as a file of Compose. Get it back: git checkout HEAD -- {path}"
        ) from error
    if not isinstance(content, dict):
        raise ProjectError(f"{path}: holds no services. Get it back: git checkout HEAD -- {path}")
    return content
