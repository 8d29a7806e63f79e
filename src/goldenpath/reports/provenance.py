"""The lineage statement as a table of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PACKAGE_URL = "pkg:pypi/"


@dataclass(frozen=True)
class StageCost:
    """What one stage cost: wall seconds, and the most memory it held in MiB."""

    name: str
    seconds: float | None
    peak_memory_mib: float | None


@dataclass(frozen=True)
class Provenance:
    """Where the model comes from; empty where the statement is silent.

    Attributes:
        commit: The git commit.
        dirty: Whether files that git tracks differed from the commit.
        finished: When the model was exported, ISO 8601.
        builder: Who or what ran the pipeline.
        digests: SHA-256 of everything that went in and came out, by file.
        versions: Versions of the libraries that matter, Python and platform first.
        stages: What the stages cost.
        parameters: The parameters at the time, as they stand in the statement.
    """

    commit: str = ""
    dirty: bool = False
    finished: str = ""
    builder: str = ""
    digests: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    stages: tuple[StageCost, ...] = ()
    parameters: Mapping[str, Any] | None = None


def read(statement: Mapping[str, Any] | None) -> Provenance:
    """Pick the facts out of an in-toto statement with SLSA provenance; None gives an empty answer."""
    if statement is None:
        return Provenance()
    definition = _within(statement, "predicate", "buildDefinition")
    details = _within(statement, "predicate", "runDetails")
    resolved = definition.get("resolvedDependencies") or []
    git: Mapping[str, Any] = next((item for item in resolved if "gitCommit" in (item.get("digest") or {})), {})
    internal = definition.get("internalParameters") or {}
    files = [*(statement.get("subject") or []), *resolved]
    costs: Mapping[str, Any] = next(
        (item for item in details.get("byproducts") or [] if item.get("name") == "stage-costs"), {}
    )
    stages = sorted((costs.get("annotations") or {}).items(), key=lambda item: str(item[1].get("started")))
    return Provenance(
        commit=(git.get("digest") or {}).get("gitCommit", ""),
        dirty=bool((git.get("annotations") or {}).get("dirty")),
        finished=_within(details, "metadata").get("finishedOn", ""),
        builder=_within(details, "builder").get("id", ""),
        digests=tuple((item.get("name", ""), item["digest"]["sha256"]) for item in files if _has_sha256(item)),
        versions=(
            *((name, str(internal[name])) for name in ("python", "platform") if name in internal),
            *(_name_and_version(item["uri"]) for item in resolved if str(item.get("uri", "")).startswith(PACKAGE_URL)),
        ),
        stages=tuple(StageCost(name, cost.get("seconds"), cost.get("peak_memory_mib")) for name, cost in stages),
        parameters=definition.get("externalParameters"),
    )


def _within(content: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        content = content.get(key) or {}
    return content


def _has_sha256(item: Mapping[str, Any]) -> bool:
    return "sha256" in (item.get("digest") or {})


def _name_and_version(uri: str) -> tuple[str, str]:
    name, _, version = uri.removeprefix(PACKAGE_URL).partition("@")
    return name, version
