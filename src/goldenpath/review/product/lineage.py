"""The papers of a model: an in-toto statement with SLSA provenance that says what went into it.

Formats: https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

PATH = "models/lineage.json"
_STATEMENT, _PROVENANCE = "https://in-toto.io/Statement/", "https://slsa.dev/provenance/"


@dataclass(frozen=True)
class Lineage:
    """What one statement says.

    Attributes:
        subjects: SHA-256 of what was made, by path.
        materials: SHA-256 of what went into it, by path.
        commit: The commit it was made on; empty where it names none.
        dirty: Whether tracked files differed from that commit.
        parameters: Everything else that changed the result.
        builder: Who or what made it.
        run: The run's id.
        finished: When, ISO 8601.
    """

    subjects: Mapping[str, str] = field(default_factory=dict)
    materials: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    dirty: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    builder: str = ""
    run: str = ""
    finished: str = ""


def read(product: Product) -> Lineage | None:
    """The product's lineage; None where there is none.

    Raises:
        BrokenFileError: The file is no such statement.
    """
    text = product.text(PATH)
    return None if text is None else parse(text)


def parse(text: str) -> Lineage:
    """Read a statement.

    Raises:
        BrokenFileError: It is none.
    """
    try:
        raw = json.loads(text)
        if not (raw["_type"].startswith(_STATEMENT) and raw["predicateType"].startswith(_PROVENANCE)):
            raise BrokenFileError(PATH, "is not an in-toto statement with SLSA provenance")
        build, run = raw["predicate"]["buildDefinition"], raw["predicate"]["runDetails"]
        inputs = build["resolvedDependencies"]
        commits = [item for item in inputs if "gitCommit" in (item.get("digest") or {})]
        return Lineage(
            subjects=_digests(raw["subject"]),
            materials=_digests(inputs),
            commit=str(commits[0]["digest"]["gitCommit"]) if commits else "",
            dirty=bool(commits and (commits[0].get("annotations") or {}).get("dirty")),
            parameters=build.get("externalParameters") or {},
            builder=str(run["builder"]["id"]),
            run=str((run.get("metadata") or {}).get("invocationId") or ""),
            finished=str((run.get("metadata") or {}).get("finishedOn") or ""),
        )
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        words = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BrokenFileError(PATH, f"is not an in-toto statement with SLSA provenance: {words}") from error


def _digests(items: list[Mapping[str, Any]]) -> dict[str, str]:
    return {
        str(item["name"]): str(item["digest"]["sha256"]) for item in items if "sha256" in (item.get("digest") or {})
    }
