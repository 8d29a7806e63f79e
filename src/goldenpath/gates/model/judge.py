"""The model gate as a whole: who is judged beside whom, on which rows, by which limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from goldenpath.evaluation import metrics
from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.gates import base
from goldenpath.gates.model import artifact_checks, budgets, comparable, groups, held_out, quality
from goldenpath.gates.model.candidate import Candidate, Incumbent, limits_of, load, load_champion, scores
from goldenpath.gates.model.findings import Champion, Gate, Report, off
from goldenpath.gates.model.quality import CANDIDATE, CHAMPION, Predictions
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.model import signature
from goldenpath.model.predictor import Predictor
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Gates
from goldenpath.reports import formatting

EMPTY = "No model stands at the base, so there is no champion: this first model is judged by the absolute limits alone."


def judge(root: Path, ref: str) -> Report:
    """Judge the work tree's model.

    Args:
        root: The project's folder.
        ref: The revision from whose merge base the champion is taken.

    Raises:
        ProjectError: The candidate cannot be judged at all: its files are missing or do not belong together, or a limit
            is about a metric that the problem does not have.
    """
    candidate = load(root)
    limits = candidate.params.gates
    alone = predictions(candidate, candidate.rows, {CANDIDATE: candidate.predictor})
    quality.refuse_unknown(limits, alone.metrics[CANDIDATE])
    measured = {CANDIDATE: alone.measured(CANDIDATE)}
    champion, other, beside = _beside(candidate, ref)
    if beside is not None:
        measured[CHAMPION] = beside.measured(CHAMPION)
    gates = [
        *artifact_checks.judge(candidate, measured[CANDIDATE][HEADLINE[candidate.task.kind]]),
        *quality.floors(limits.floors, alone),
        *groups.floors(limits.segments, alone),
        *groups.fairness(limits.fairness, alone),
        *quality.calibration(candidate.task.kind, limits.calibration, alone),
        *budgets.latency(limits.latency, candidate.predictor, candidate.rows),
        budgets.size(limits.size_mib, candidate.size),
        *budgets.training(limits.training, candidate.lineage, candidate.predictor.signature.model_sha256),
        *_compared(candidate, champion, other, beside),
    ]
    return Report(
        model=candidate.predictor.signature.model_sha256,
        champion=champion,
        rows=len(candidate.rows),
        compared_rows=0 if beside is None else len(beside.rows),
        measured=measured,
        gates=gates,
        notes=list(_notes(candidate, champion)),
    )


def predictions(candidate: Candidate, rows: pd.DataFrame, models: Mapping[str, Predictor]) -> Predictions:
    """What models predict for rows, each through its own Predictor, with the metrics to judge it by."""
    kind, value = candidate.task.kind, candidate.params.value
    return Predictions(
        contract=candidate.contract,
        rows=rows,
        actual=candidate.task.encode(rows[candidate.task.target]),
        scores={name: scores(candidate.task, model, rows) for name, model in models.items()},
        metrics={
            name: quality.for_task(kind, metrics.for_task(kind, value, model.signature.threshold))
            for name, model in models.items()
        },
        clusters=held_out.clusters(rows, candidate.contract, candidate.params.split),
        settings=candidate.params.evaluation,
    )


def _beside(candidate: Candidate, ref: str) -> tuple[Champion, Predictor | None, Predictions | None]:
    """The champion, its model where it is another one, and both models' predictions where they can be compared."""
    commit, other = "", None
    try:
        commit = base.find(candidate.root, ref).commit
        other = load_champion(candidate.root, commit)
        if other is None:
            return Champion(ref, commit, "", "first", EMPTY), None, None
        met = Champion(ref, commit, other.model, "compared", "")
        if _is_same(candidate, other):
            told = f"The model is that of commit {commit[:9]}, so there is nothing to compare."
            return replace(met, comparison="unchanged", reason=told), None, None
        obstacle = _obstacle(candidate, other)
        if obstacle:
            return _refused(candidate.params.gates, met, obstacle), None, None
        champion = other.predictor()
        by = candidate.params.split.by
        rows = held_out.unseen(candidate.rows, candidate.contract, by, other.learned(by, candidate.lock))
    except InconclusiveError as missing:
        model = "" if other is None else other.model
        return Champion(ref, commit, model, "missing", missing.reason, missing.fix), None, None
    except ProjectError as error:
        return Champion(ref, commit, "", "missing", str(error), "Run it in a clone with its history."), None, None
    obstacle = comparable.too_few(rows, candidate.params.evaluation.min_segment_rows)
    if obstacle:
        return _refused(candidate.params.gates, met, obstacle), champion, None
    left_out = len(rows) - int(rows.sum())
    told = f"Judged beside the model of commit {commit[:9]} on {formatting.counted(int(rows.sum()), 'row')}" + (
        f"; {left_out:,} that hold what it has learned from were left out." if left_out else " that neither has seen."
    )
    compared = candidate.rows[rows].reset_index(drop=True)
    both = predictions(candidate, compared, {CANDIDATE: candidate.predictor, CHAMPION: champion})
    return replace(met, reason=told), champion, both


def _is_same(candidate: Candidate, other: Incumbent) -> bool:
    """Whether both decide alike: another threshold makes another model of the same graph."""
    mine = candidate.predictor.signature
    return mine.model_sha256 == other.model and mine.threshold == other.signature.get("threshold")


def _obstacle(candidate: Candidate, other: Incumbent) -> str:
    try:
        described = signature.parse(other.signature)
    except (KeyError, TypeError, AttributeError):
        return "The champion's signature is of another format."
    return comparable.obstacle(candidate.task, candidate.predictor.signature, described, candidate.contract)


def _refused(limits: Gates, met: Champion, obstacle: str) -> Champion:
    """No comparison: accepted where the parameters retire just this champion, else for people to decide."""
    retires = limits.retires
    if retires is not None and met.model.startswith(retires.model):
        return replace(met, comparison="retired", reason=f"{obstacle} It is retired all the same: {retires.reason}")
    fix = (
        "Decide whether the candidate may replace it without a comparison. If so, say why in params.yaml: "
        f'gates.retires: {{model: {met.model[:12]}, reason: "…"}}. It holds for this champion only.'
    )
    return replace(met, comparison="refused", reason=obstacle, fix=fix)


def _compared(
    candidate: Candidate, champion: Champion, other: Predictor | None, beside: Predictions | None
) -> Iterator[Gate]:
    """The gates that need a champion; where there is none to compare with, why."""
    limits = candidate.params.gates
    margin = limits.calibration.margin if limits.calibration else None
    times = limits.latency.times_champion if limits.latency else None
    limits_set = {
        "non_inferiority": limits.non_inferiority,
        "segment_non_inferiority": limits.segment_non_inferiority,
        "calibration.margin": margin,
        "latency.times_champion": times,
    }
    if candidate.task.kind == "regression":
        del limits_set["calibration.margin"]
    yield from (off(name) for name, limit in limits_set.items() if limit in (None, {}))
    if beside is None or other is None:
        blocked = champion.comparison in ("refused", "missing")
        yield from (
            Gate(name, "inconclusive" if blocked else "n/a", champion.reason, fix=champion.fix)
            for name, limit in limits_set.items()
            if limit not in (None, {})
        )
        return
    yield from quality.non_inferiority(limits.non_inferiority, beside)
    yield from groups.non_inferiority(limits.segment_non_inferiority, beside)
    if margin is not None:
        yield from quality.calibration_beside(candidate.task.kind, margin, beside)
    if times is not None:
        yield budgets.latency_beside(times, candidate.predictor, other, candidate.rows)


def _notes(candidate: Candidate, champion: Champion) -> Iterator[str]:
    """What a reviewer should know besides: what else changed that bears on the verdict."""
    retires = candidate.params.gates.retires
    if retires is not None and champion.comparison != "retired":
        yield f"{params.PATH}: gates.retires has no effect on this champion. Remove it."
    if not champion.commit:
        return
    before = limits_of(base.text(candidate.root, champion.commit, params.PATH))
    now = limits_of((candidate.root / params.PATH).read_text(encoding="utf-8"))
    if before or champion.comparison != "first":
        for name, (old, new) in _changed(before, now).items():
            yield f"The limit gates.{name} changes from {old} to {new} with this change."
    if champion.comparison != "compared":
        return
    if base.text(candidate.root, champion.commit, contract.PATH) != _text(candidate.root / contract.PATH):
        yield f"{contract.PATH} changes too: both models are judged by the rows as they are now."
    other = load_champion(candidate.root, champion.commit)
    if other is not None and candidate.lock is not None and other.lock.ingest != candidate.lock.ingest:
        yield (
            "The source changes too (code, parameters or requirements of ingest): where a column now means something "
            "else, the champion is asked what it was not made for, and looks worse than it was."
        )


def _changed(before: Any, now: Any, name: str = "") -> dict[str, tuple[str, str]]:
    """Values that differ, by dotted name, as they were and as they are."""
    if isinstance(before, dict) or isinstance(now, dict):
        one, other = (item if isinstance(item, dict) else {} for item in (before, now))
        differences: dict[str, tuple[str, str]] = {}
        for key in dict.fromkeys([*one, *other]):
            differences |= _changed(one.get(key), other.get(key), f"{name}.{key}".lstrip("."))
        return differences
    if before == now:
        return {}
    was, is_now = ("nothing" if item is None else str(item) for item in (before, now))
    return {name: (was, is_now)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip("\n")
