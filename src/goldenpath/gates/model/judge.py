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
from goldenpath.gates.model import candidate as contender
from goldenpath.gates.model.candidate import Candidate, Incumbent
from goldenpath.gates.model.findings import Champion, Gate, Report, off
from goldenpath.gates.model.quality import CANDIDATE, CHAMPION, Answers
from goldenpath.gates.verdict import InconclusiveError
from goldenpath.model import signature
from goldenpath.model.predictor import Predictor
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Gates
from goldenpath.reports import formatting

EMPTY = "No model stands at the base, so there is no champion: this first model is judged by the absolute limits alone."


def judge(root: Path, asked: str) -> Report:
    """Judge the work tree's model.

    Args:
        root: The project's folder.
        asked: The revision from whose merge base the champion is taken.

    Raises:
        ProjectError: The candidate cannot be judged at all: its files are missing or do not belong together, or a limit
            is about a metric that the problem does not have.
    """
    found = contender.candidate(root)
    limits = found.params.gates
    alone = answers(found, found.rows, {CANDIDATE: found.predictor})
    quality.refuse_unknown(limits, alone.metrics[CANDIDATE])
    measured = {CANDIDATE: alone.measured(CANDIDATE)}
    champion, other, beside = _beside(found, asked)
    if beside is not None:
        measured[CHAMPION] = beside.measured(CHAMPION)
    gates = [
        *artifact_checks.judge(found, measured[CANDIDATE][HEADLINE[found.task.kind]]),
        *quality.floors(limits.floors, alone),
        *groups.floors(limits.segments, alone),
        *groups.fairness(limits.fairness, alone),
        *quality.calibration(found.task.kind, limits.calibration, alone),
        *budgets.latency(limits.latency, found.predictor, found.rows),
        budgets.size(limits.size_mib, found.size),
        *budgets.training(limits.training, found.lineage, found.predictor.signature.model_sha256),
        *_compared(found, champion, other, beside),
    ]
    return Report(
        model=found.predictor.signature.model_sha256,
        champion=champion,
        rows=len(found.rows),
        compared_rows=0 if beside is None else len(beside.rows),
        measured=measured,
        gates=gates,
        notes=list(_notes(found, champion)),
    )


def answers(found: Candidate, rows: pd.DataFrame, models: Mapping[str, Predictor]) -> Answers:
    """What models answer for rows, each through its own Predictor, with the metrics to judge it by."""
    kind, value = found.task.kind, found.params.value
    return Answers(
        contract=found.contract,
        rows=rows,
        actual=found.task.encode(rows[found.task.target]),
        scores={name: contender.scores(found.task, model, rows) for name, model in models.items()},
        metrics={
            name: quality.for_task(kind, metrics.for_task(kind, value, model.signature.threshold))
            for name, model in models.items()
        },
        clusters=held_out.clusters(rows, found.contract, found.params.split),
        settings=found.params.evaluation,
    )


def _beside(found: Candidate, asked: str) -> tuple[Champion, Predictor | None, Answers | None]:
    """The champion, its model where it is another one, and both models' answers where they can be compared."""
    commit, other = "", None
    try:
        commit = base.find(found.root, asked).commit
        other = contender.incumbent(found.root, commit)
        if other is None:
            return Champion(asked, commit, "", "first", EMPTY), None, None
        met = Champion(asked, commit, other.model, "compared", "")
        if _is_same(found, other):
            told = f"The model is that of commit {commit[:9]}, so there is nothing to compare."
            return replace(met, comparison="unchanged", reason=told), None, None
        obstacle = _obstacle(found, other)
        if obstacle:
            return _refused(found.params.gates, met, obstacle), None, None
        champion = other.predictor()
        rows = held_out.unseen(
            found.rows, found.contract, found.params.split.by, other.learned(found.params.split.by, found.lock)
        )
    except InconclusiveError as missing:
        model = "" if other is None else other.model
        return Champion(asked, commit, model, "missing", missing.reason, missing.fix), None, None
    except ProjectError as error:
        return Champion(asked, commit, "", "missing", str(error), "Run it in a clone with its history."), None, None
    obstacle = comparable.too_few(rows, found.params.evaluation.min_segment_rows)
    if obstacle:
        return _refused(found.params.gates, met, obstacle), champion, None
    left_out = len(rows) - int(rows.sum())
    told = f"Judged beside the model of commit {commit[:9]} on {formatting.counted(int(rows.sum()), 'row')}" + (
        f"; {left_out:,} that hold what it has learned from were left out." if left_out else " that neither has seen."
    )
    compared = found.rows[rows].reset_index(drop=True)
    both = answers(found, compared, {CANDIDATE: found.predictor, CHAMPION: champion})
    return replace(met, reason=told), champion, both


def _is_same(found: Candidate, other: Incumbent) -> bool:
    """Whether both decide alike: another threshold makes another model of the same graph."""
    mine = found.predictor.signature
    return mine.model_sha256 == other.model and mine.threshold == other.signature.get("threshold")


def _obstacle(found: Candidate, other: Incumbent) -> str:
    try:
        described = signature.parse(other.signature)
    except (KeyError, TypeError, AttributeError):
        return "The champion's signature is of another format."
    return comparable.obstacle(found.task, found.predictor.signature, described, found.contract)


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


def _compared(found: Candidate, champion: Champion, other: Predictor | None, beside: Answers | None) -> Iterator[Gate]:
    """The gates that need a champion; where there is none to compare with, why."""
    limits = found.params.gates
    margin = limits.calibration.margin if limits.calibration else None
    times = limits.latency.times_champion if limits.latency else None
    asked = {
        "non_inferiority": limits.non_inferiority,
        "segment_non_inferiority": limits.segment_non_inferiority,
        "calibration.margin": margin,
        "latency.times_champion": times,
    }
    if found.task.kind == "regression":
        del asked["calibration.margin"]
    yield from (off(name) for name, limit in asked.items() if limit in (None, {}))
    if beside is None or other is None:
        blocked = champion.comparison in ("refused", "missing")
        yield from (
            Gate(name, "inconclusive" if blocked else "n/a", champion.reason, fix=champion.fix)
            for name, limit in asked.items()
            if limit not in (None, {})
        )
        return
    yield from quality.non_inferiority(limits.non_inferiority, beside)
    yield from groups.non_inferiority(limits.segment_non_inferiority, beside)
    if margin is not None:
        yield from quality.calibration_beside(found.task.kind, margin, beside)
    if times is not None:
        yield budgets.latency_beside(times, found.predictor, other, found.rows)


def _notes(found: Candidate, champion: Champion) -> Iterator[str]:
    """What a reviewer should know besides: what else changed that bears on the verdict."""
    retires = found.params.gates.retires
    if retires is not None and champion.comparison != "retired":
        yield f"{params.PATH}: gates.retires has no effect on this champion. Remove it."
    if not champion.commit:
        return
    before = contender.limits_of(base.text(found.root, champion.commit, params.PATH))
    now = contender.limits_of((found.root / params.PATH).read_text(encoding="utf-8"))
    if before or champion.comparison != "first":
        for name, (old, new) in _changed(before, now).items():
            yield f"The limit gates.{name} changes from {old} to {new} with this change."
    if champion.comparison != "compared":
        return
    if base.text(found.root, champion.commit, contract.PATH) != _text(found.root / contract.PATH):
        yield f"{contract.PATH} changes too: both models are judged by the rows as they are now."
    other = contender.incumbent(found.root, champion.commit)
    if other is not None and found.lock is not None and other.lock.ingest != found.lock.ingest:
        yield (
            "The source changes too (code, parameters or requirements of ingest): where a column now means something "
            "else, the champion is asked what it was not made for, and looks worse than it was."
        )


def _changed(before: Any, now: Any, name: str = "") -> dict[str, tuple[str, str]]:
    """Values that differ, by dotted name, as they were and as they are."""
    if isinstance(before, dict) or isinstance(now, dict):
        one, other = (item if isinstance(item, dict) else {} for item in (before, now))
        found: dict[str, tuple[str, str]] = {}
        for key in dict.fromkeys([*one, *other]):
            found |= _changed(one.get(key), other.get(key), f"{name}.{key}".lstrip("."))
        return found
    if before == now:
        return {}
    was, is_now = ("nothing" if item is None else str(item) for item in (before, now))
    return {name: (was, is_now)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip("\n")
