"""Trainings of the past, and what they took: from the lineages that git holds, and from the receipts of retraining."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import LINEAGE, MODEL, SIGNATURE, STAGE_COSTS
from goldenpath.repository import facts, git, receipts

RETRAINED = "TR-11"
"""The criterion whose receipts tell of retraining, also of those whose candidate lost."""
MOST_COMMITS = 200
ONE_RUN = timedelta(days=1)
"""Stages that began earlier before the end of a training belong to another; so does the same model later."""


@dataclass(frozen=True)
class Run:
    """A training.

    Attributes:
        when: When it ended.
        seconds: What its stages took, as far as that is known.
        model: SHA-256 of the model; empty where it left none.
        link: The run of the CI system; empty for one on a laptop.
    """

    when: datetime
    seconds: float
    model: str
    link: str = ""


def runs(root: Path) -> list[Run]:
    """All trainings that the repository knows, the oldest first; one that left lineage and receipt counts once.

    Raises:
        ProjectError: This is no git repository, or a lineage cannot be read.
    """
    found: list[Run] = []
    for run in sorted((*_of_lineages(root), *_of_receipts(root)), key=lambda run: run.when):
        if not any(run.model and run.model == other.model and run.when < other.when + ONE_RUN for other in found):
            found.append(run)
    return found


def tell(root: Path) -> None:
    """Tell the recorder of a receipt what the retraining that just ended took, and which model came out.

    Args:
        root: The project's folder.
    """
    costs = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (root / STAGE_COSTS).glob("*.json")}
    begun = _time(costs["ingest"]["started"])
    seconds = sum(cost["seconds"] for cost in costs.values() if _time(cost["started"]) >= begun)
    described = json.loads((root / SIGNATURE).read_text(encoding="utf-8"))
    facts.tell({"seconds": round(seconds, 2), "model": described["model_sha256"]})


def _of_lineages(root: Path) -> Iterator[Run]:
    words = ("log", f"--max-count={MOST_COMMITS}", "--format=%H", "--", str(LINEAGE))
    commits = git.run(root, *words).split() if _has_commits(root) else []
    texts = git.contents(root, [f"{commit}:./{LINEAGE}" for commit in commits])
    here = root / LINEAGE
    for text in [*texts, here.read_text(encoding="utf-8") if here.is_file() else None]:
        if text is not None:
            yield _of_lineage(text)


def _of_lineage(text: str) -> Run:
    try:
        content = json.loads(text)
        details = content["predicate"]["runDetails"]
        ended = _time(details["metadata"]["finishedOn"])
        costs = details["byproducts"][0]["annotations"].values()
        seconds = sum(cost["seconds"] for cost in costs if _time(cost["started"]) > ended - ONE_RUN)
        model = next(item["digest"]["sha256"] for item in content["subject"] if item["name"] == str(MODEL))
        builder = str(details["builder"]["id"])
    except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
        raise ProjectError(f"{LINEAGE}: a version of it is no lineage: {error!r}. Run `make run`.") from error
    return Run(ended, seconds, model, builder if builder.startswith("https://") else "")


def _of_receipts(root: Path) -> Iterator[Run]:
    prefix = git.run(root, "rev-parse", "--show-prefix").rstrip("/")
    if not git.run(root, "for-each-ref", "--format=%(refname)", receipts.REF):
        return
    notes = [line.split()[0] for line in git.run(root, "notes", f"--ref={receipts.REF}", "list").splitlines()]
    for text in git.contents(root, notes):
        for line in (text or "").splitlines():
            receipt = _receipt(line)
            if receipt.get("id") == RETRAINED and receipt.get("product", "") == prefix and receipt.get("when"):
                told = receipt.get("facts") or {}
                seconds, model = told.get("seconds") or 0.0, told.get("model") or ""
                yield Run(_time(receipt["when"]), float(seconds), str(model), str(receipt.get("run") or ""))


def _receipt(line: str) -> Mapping[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _has_commits(root: Path) -> bool:
    git.run(root, "rev-parse", "--git-dir")
    try:
        git.run(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except ProjectError:
        return False
    return True


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
