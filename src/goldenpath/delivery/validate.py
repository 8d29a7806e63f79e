"""Hold what every environment is told to run against schemas and rules: ``goldenpath gate deploy``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from goldenpath.delivery import compose_policy, desired_state, policy
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.repository import facts

KUBERNETES = ("1.35", "1.36", "1.37")
"""The versions that manifests must be valid for: those that the Kubernetes project supports."""
CUSTOM = "argoproj.io/"
"""The API group whose schemas are no part of Kubernetes; rules look at its objects."""
COMPOSE = Path("compose.yaml")
ARGOCD = Path("deploy/argocd")
RENDERED = Path("reports/rendered")
"""Where Kustomize's output lies, for people who want to see what a cluster gets."""


def validate(root: Path) -> Exit:
    """Render the overlays of every environment, and judge them; what is wrong is printed.

    Args:
        root: The project's folder.

    Returns:
        ``OK``, or ``FAILED`` where something is not valid.

    Raises:
        ProjectError: Kustomize is not installed or refuses an overlay, or a file is missing or is no YAML.
    """
    environments = desired_state.environments(root)
    is_kubernetes = all(desired_state.path_of(root, name).name != COMPOSE.name for name in environments)
    if is_kubernetes:
        render(root, root / RENDERED)
        counted, faults = manifests(root, root / RENDERED)
    else:
        counted, faults = compose(root)
    if faults:
        print("\n".join([f"gate deploy failed. {len(faults)} faults:", *faults]), file=sys.stderr)
        return Exit.FAILED
    facts.tell({"objects": counted})
    against = f" against Kubernetes {', '.join(KUBERNETES)}" if is_kubernetes else ""
    print(f"{counted} objects are valid{against}, and keep every rule.")
    return Exit.OK


def render(root: Path, folder: Path) -> None:
    """Write what Kustomize makes of each overlay, as ``ENV.yaml``; what lay in the folder before is gone.

    Args:
        root: The project's folder.
        folder: Where the files go.

    Raises:
        ProjectError: ``kubectl`` is not installed, or refuses an overlay.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = os.environ.get("KUBECTL") or "kubectl"
    for environment in desired_state.environments(root):
        overlay = desired_state.OVERLAYS / environment
        try:
            done = subprocess.run(
                [program, "kustomize", str(overlay)], cwd=root, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise ProjectError(
                f"{program} cannot be run, so no overlay can be rendered. Install it, or name it: KUBECTL=path"
            ) from error
        if done.returncode:
            reason = " ".join(done.stderr.split()) or "it gave no reason"
            raise ProjectError(f"{overlay}: kubectl kustomize refuses it: {reason}")
        (folder / f"{environment}.yaml").write_text(done.stdout, encoding="utf-8")


def manifests(root: Path, rendered: Path) -> tuple[int, list[str]]:
    """Judge the manifests of every environment.

    Args:
        root: The project's folder.
        rendered: The folder that holds what Kustomize made of each overlay, as ``ENV.yaml``.

    Returns:
        How many objects were judged, and what is wrong.

    Raises:
        ProjectError: A file is missing or is no YAML.
    """
    counted, found = 0, []
    for environment in desired_state.environments(root):
        objects = _documents(rendered / f"{environment}.yaml")
        counted += len(objects)
        named = [(item.get("data") or {}).get("ENVIRONMENT") for item in objects if item.get("kind") == "ConfigMap"]
        faults = [*_invalid(objects), *policy.faults(objects), *_misnamed(environment, named)]
        found += [f"{environment}: {fault}" for fault in faults]
    for path in sorted((root / ARGOCD).glob("*.yaml")):
        for item in _documents(path):
            counted += 1
            found += [f"{ARGOCD / path.name}: {fault}" for fault in _application_faults(root, item)]
    return counted, found


def compose(root: Path) -> tuple[int, list[str]]:
    """Judge what Compose makes of the base and each overlay.

    Returns:
        How many services were judged, and what is wrong.

    Raises:
        ProjectError: A file is missing or is no YAML.
    """
    counted, found = 0, []
    [base] = _documents(root / COMPOSE)
    for environment in desired_state.environments(root):
        [overlay] = _documents(root / desired_state.path_of(root, environment))
        project = compose_policy.merged(base, overlay)
        services = (project.get("services") or {}).values()
        counted += len(services)
        named = [(service.get("environment") or {}).get("ENVIRONMENT") for service in services]
        faults = [*compose_policy.faults(project), *_misnamed(environment, named)]
        found += [f"{environment}: {fault}" for fault in faults]
    return counted, found


def _misnamed(environment: str, named: Iterable[Any]) -> Iterator[str]:
    """A service that takes prod for dev would tell so in its log and its metrics."""
    for name in named:
        if name not in (None, environment):
            yield f"ENVIRONMENT is {name}, want {environment}"


def _documents(path: Path) -> list[dict[str, Any]]:
    try:
        found = [item for item in yaml.safe_load_all(path.read_text(encoding="utf-8")) if item]
    except FileNotFoundError as error:
        raise ProjectError(
            f"{path}: no such file. Get it back from git, or render it: goldenpath gate deploy"
        ) from error
    except yaml.YAMLError as error:
        raise ProjectError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    if not found or not all(isinstance(item, dict) for item in found):
        raise ProjectError(f"{path}: holds no object. See what changed it: git log -p -- {path}")
    return found


def _invalid(objects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the official schemas refuse, unknown keys included."""
    for item in objects:
        name = f"{item.get('kind')} {(item.get('metadata') or {}).get('name')}"
        if str(item.get("apiVersion")).startswith(CUSTOM):
            continue
        faults = (_fault(yaml.safe_dump(dict(item)), version) for version in KUBERNETES)
        yield from (f"{name}: {fault}" for fault in islice(filter(None, faults), 1))


@cache  # environments share most objects, and each question reads a schema of megabytes anew
def _fault(text: str, version: str) -> str:
    """What one version's schemas refuse in an object, as YAML; empty where it is valid."""
    try:
        import kubernetes_validate  # 100 MB of schemas are a tool for development, and no part of what runs
    except ImportError as error:
        raise ProjectError(
            "kubernetes-validate is not installed, so no schema is here. Install it: make setup"
        ) from error

    item = yaml.safe_load(text)
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(str(part) for part in error.path)
        return f"{where or 'the object'}: {error.message} (Kubernetes {version})"
    except (kubernetes_validate.SchemaNotFoundError, KeyError):
        return f"Kubernetes {version} knows no such kind in {item.get('apiVersion')}"
    return ""


def _application_faults(root: Path, item: Mapping[str, Any]) -> Iterator[str]:
    if item.get("kind") != "Application":
        return
    spec = item.get("spec") or {}
    path = str((spec.get("source") or {}).get("path"))
    automated = (spec.get("syncPolicy") or {}).get("automated") or {}
    if not (root / path / "kustomization.yaml").is_file():
        yield f"source.path {path} holds no kustomization.yaml"
    for name in ("prune", "selfHeal"):
        if automated.get(name) is not True:
            yield f"syncPolicy.automated.{name} is not true"
