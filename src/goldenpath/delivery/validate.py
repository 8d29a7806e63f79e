"""Hold what every environment is told to run against schemas and rules: ``make validate-deploy``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from goldenpath.delivery import compose_policy, desired_state, policy
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

KUBERNETES = ("1.35", "1.36", "1.37")
"""The versions that manifests must be valid for: those that the Kubernetes project supports."""
CUSTOM = "argoproj.io/"
"""The API group whose schemas are no part of Kubernetes; rules look at its objects."""
COMPOSE = Path("compose.yaml")
ARGOCD = Path("deploy/argocd")


def main() -> int:
    """Validate rendered manifests in the folder that is given, or Compose files where none is.

    Returns:
        0, or 1 where something is not valid; it went to standard error.
    """
    root = Path.cwd()
    try:
        if len(sys.argv) > 1:
            counted, found = manifests(root, Path(sys.argv[1]))
        else:
            counted, found = compose(root)
    except ProjectError as refusal:
        counted, found = 0, [str(refusal)]
    if found:
        print("\n".join([f"validate-deploy failed. {len(found)} faults:", *found]), file=sys.stderr)
        return 1
    facts.tell({"objects": counted})
    against = f" against Kubernetes {', '.join(KUBERNETES)}" if len(sys.argv) > 1 else ""
    print(f"{counted} objects are valid{against}, and keep every rule.")
    return 0


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
        raise ProjectError(f"{path}: no such file. Get it back from git, or render it: make validate-deploy") from error
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


if __name__ == "__main__":
    sys.exit(main())
