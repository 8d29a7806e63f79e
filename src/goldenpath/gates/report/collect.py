"""What the report is made from: results that git keeps, of here and of the base, and what the gates left behind.

Nothing is run again and nothing is fetched. What is missing or cannot be read is told as such, never guessed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from goldenpath.gates import base
from goldenpath.gates.base import Base
from goldenpath.project import manifest, params, yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import (
    DVC_LOCK,
    LINEAGE,
    METRICS,
    PLOTS,
    SEGMENTS,
    SIGNATURE,
    SPLIT_REPORT,
    VALIDATION_REPORT,
)
from goldenpath.repository import git

PULL_REQUEST_BRANCH = "GITHUB_HEAD_REF"
"""The environment variable by which GitHub names the branch to be merged."""

RESULTS = (DVC_LOCK, SEGMENTS, METRICS, LINEAGE, SIGNATURE, VALIDATION_REPORT, SPLIT_REPORT, params.PATH)
"""What git keeps of a run of the pipeline, besides the tables behind the plots."""

Reader = Callable[[Path], str | None]


@dataclass(frozen=True)
class Results:
    """What the pipeline left in git at one commit; empty where it left nothing.

    Attributes:
        metrics: ``metrics.json``.
        segments: ``segments.json``: one record for each group.
        plots: The tables behind the plots, by name.
        lineage: The in-toto statement beside the model.
        signature: What the model takes and predicts.
        validation: ``validation.json``: rows kept and set aside.
        split: ``split.json``: rows of each part.
        params: ``params.yaml``.
        sizes: Bytes of everything that DVC writes, by path.
        digests: Its digest, by path.
    """

    metrics: Mapping[str, Any] = field(default_factory=dict)
    segments: list[dict[str, Any]] = field(default_factory=list)
    plots: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    validation: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything that the report tells of.

    Attributes:
        root: The project's folder.
        product: The product's name.
        branch: The branch to be merged.
        commit: Its last commit; empty without one.
        has_changes: Whether files of the work tree differ from it.
        base: The commit to compare with; None where there is none.
        no_base: Why there is none.
        now: The work tree's results.
        before: The base's results.
        jobs: How each job of CI ended, by its name; empty on a laptop.
    """

    root: Path
    product: str
    branch: str
    commit: str
    has_changes: bool
    base: Base | None
    no_base: str
    now: Results
    before: Results
    jobs: Mapping[str, str] = field(default_factory=dict)


def collect(root: Path, ref: str, jobs: str = "") -> Facts:
    """Read the work tree and the base.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
        jobs: How the jobs of CI ended: GitHub's ``needs``, as JSON; empty on a laptop.
    """
    found, no_base = None, ""
    try:
        found = base.find(root, ref)
    except ProjectError as error:
        no_base = str(error)
    plots = sorted(str(path.relative_to(root)) for path in (root / PLOTS).glob("*.json"))
    return Facts(
        root=root,
        product=_product_name(root),
        branch=os.environ.get(PULL_REQUEST_BRANCH) or git.run_or_none(root, "rev-parse", "--abbrev-ref", "HEAD") or "",
        commit=git.run_or_none(root, "rev-parse", "HEAD") or "",
        has_changes=bool(git.run_or_none(root, "status", "--porcelain", "--untracked-files=no", "--", ".")),
        base=found,
        no_base=no_base,
        now=results(lambda path: _here(root, path), plots),
        before=Results() if found is None else _before(found),
        jobs={name: str(_mapping(job).get("result")) for name, job in _mapping(json_of(jobs)).items()},
    )


def results(read: Reader, plots: list[str]) -> Results:
    """The results of one commit.

    Args:
        read: Gives a file's text by its path; None where there is none.
        plots: Paths of the tables behind the plots.
    """
    outs = _outs(read(DVC_LOCK))
    tables = {Path(path).stem: json_of(read(Path(path))) for path in plots}
    segments = json_of(read(SEGMENTS))
    return Results(
        metrics=_mapping(json_of(read(METRICS))),
        segments=segments if isinstance(segments, list) else [],
        plots={name: table for name, table in tables.items() if isinstance(table, list)},
        lineage=_mapping(json_of(read(LINEAGE))),
        signature=_mapping(json_of(read(SIGNATURE))),
        validation=_mapping(json_of(read(VALIDATION_REPORT))),
        split=_mapping(json_of(read(SPLIT_REPORT))),
        params=_mapping(yaml_of(read(params.PATH))),
        sizes={out["path"]: out["size"] for out in outs if isinstance(out.get("size"), int)},
        digests={out["path"]: str(out.get("md5", "")) for out in outs},
    )


def _before(found: Base) -> Results:
    """The base's results, read by one process of git."""
    plots = found.paths(f"{PLOTS}/*.json")
    wanted = [*RESULTS, *map(Path, plots)]
    texts = git.contents(found.root, [f"{found.commit}:./{path}" for path in wanted])
    return results(dict(zip(wanted, texts, strict=True)).get, plots)


def json_of(text: str | None) -> Any:
    """Text as JSON; None where there is none, or where it is not JSON."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _product_name(root: Path) -> str:
    """The product's name, or its folder's: a report is written about a broken manifest, too."""
    try:
        name = manifest.load(root).product.name
    except ProjectError:
        name = ""
    return name or root.resolve().name


def yaml_of(text: str | None) -> Any:
    """Text as YAML; None where there is none, or where it is not YAML."""
    try:
        return yaml_text.load(text or "")
    except yaml.YAMLError:
        return None


def _outs(lock: str | None) -> list[dict[str, Any]]:
    stages = _mapping(_mapping(yaml_of(lock)).get("stages"))
    return [out for stage in stages.values() for out in _mapping(stage).get("outs") or [] if "path" in out]


def _mapping(content: Any) -> Mapping[str, Any]:
    return content if isinstance(content, Mapping) else {}


def _here(root: Path, path: Path) -> str | None:
    try:
        return (root / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
