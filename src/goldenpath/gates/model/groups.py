"""The gates by group: floors, non-inferiority in each segment, and fairness between protected groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenpath.evaluation import intervals, segments
from goldenpath.evaluation.metrics import HIGHER_IS_BETTER
from goldenpath.evaluation.segments import MOST_RESAMPLES, Group
from goldenpath.gates.model import quality
from goldenpath.gates.model.findings import Gate, held, off
from goldenpath.gates.model.quality import CANDIDATE, CHAMPION, Predictions
from goldenpath.project.params import Floor, Margin
from goldenpath.reports import formatting

NO_GROUPS = "No column of contract.yaml has the role segment or protected."


@dataclass(frozen=True)
class Found:
    """What a group shows.

    Attributes:
        group: The group in words.
        value: What was measured.
        low: The lower end of its interval.
        high: The upper end of its interval.
    """

    group: str
    value: float
    low: float
    high: float


def floors(limits: Mapping[str, Floor], found: Predictions) -> Iterator[Gate]:
    """Whether every group with enough rows holds the floor."""
    if not limits:
        yield off("segments")
        return
    named = {name: found.metrics[CANDIDATE][name] for name in limits}
    least = found.settings.min_segment_rows
    records = segments.by_segment(found.contract, found.rows, named, found.actual, found.scores[CANDIDATE], least)
    judged = [record for record in records if record["metrics"] is not None]
    for name, floor in limits.items():
        gate, limit = f"segments.{name}", _limit(floor)
        if not judged:
            yield Gate(gate, "n/a", _unjudged(records, least), limit=limit)
            continue
        low = floor.min is not None
        values = [(f"{item['column']} {item['group']}", item["metrics"][name]) for item in judged]
        known = [(group, value) for group, value in values if value is not None]
        worst = (min if low else max)(known, key=lambda item: item[1], default=("", None))
        missing = [f"{group} ({formatting.number(value)})" for group, value in values if not floor.holds(value)]
        groups = formatting.counted(len(judged), "group")
        yield held(
            gate,
            not missing,
            value=worst[1],
            limit=limit,
            reason=f"{len(missing)} of {groups} miss it: {formatting.listed(missing, 8)}."
            if missing
            else f"All {len(judged)} groups hold it; the worst is {worst[0]} with {formatting.number(worst[1])}.",
            fix="Look at these groups in reports/evaluation.html (make report): which rows or features do they lack?"
            if missing
            else "",
        )


def non_inferiority(limits: Mapping[str, Margin], found: Predictions) -> Iterator[Gate]:
    """Whether no group is shown to be worse than under the champion by more than the margin.

    The whole has to be shown as good; a group, of which there are many and small ones, only must not be shown worse.
    Of twenty groups one would be beyond a 95 % interval by chance alone, so each is judged at a level that leaves the
    chance of any false alarm at 1 - confidence (Bonferroni), with the standard error of the bootstrap.
    """
    groups, all_groups = _judged(found)
    for name, margin in limits.items():
        gate = f"segment_non_inferiority.{name}"
        if not groups:
            yield Gate(gate, "n/a", _unjudged(all_groups, found.settings.min_segment_rows))
            continue
        z = _z(found.settings.confidence, len(groups) * len(limits))
        sign = 1.0 if name in HIGHER_IS_BETTER else -1.0
        seen, bad = [], []
        for group in groups:
            gain = _gain(found, group, name, sign, z)
            if gain is None:
                continue
            one, champion = gain
            seen.append(one)
            if one.high < -margin.beside(champion):
                bad.append(one)
        most = (
            f"{margin.absolute:g}"
            if margin.relative is None
            else f"{formatting.share(margin.relative)} of the champion's"
        )
        limit = f"in no group shown to be worse by more than {most}"
        if not seen:
            yield Gate(gate, "n/a", f"{name} is not defined in any group.", limit=limit)
            continue
        worst = min(bad or seen, key=lambda item: item.high if bad else item.value)
        told = f"{worst.group}, {quality.difference(worst.value, worst.low, worst.high)}"
        yield held(
            gate,
            not bad,
            value=worst.value,
            low=worst.low,
            high=worst.high,
            limit=limit,
            reason=f"Worse, beyond chance: {formatting.listed([item.group for item in bad], 8)}. The worst is {told}."
            if bad
            else f"None of {formatting.counted(len(seen), 'group')} is; the furthest is {told}.",
            fix=f"Look at what changed for {worst.group}: its rows, its features, its labels." if bad else "",
        )


def fairness(limits: Mapping[str, float], found: Predictions) -> Iterator[Gate]:
    """Whether no two groups of a protected column are shown to be further apart than the limit.

    With recall, the gap is that of equal opportunity (Hardt et al., NeurIPS 2016). Every pair of groups is judged at a
    level that leaves the chance of any false alarm at 1 - confidence (Bonferroni).
    """
    if not limits:
        yield off("fairness")
        return
    if not found.contract.having("protected"):
        yield Gate("fairness", "n/a", "No column of contract.yaml has the role protected.")
        return
    groups, all_groups = _judged(found, "protected")
    pairs = [pair for pair in combinations(groups, 2) if pair[0].column == pair[1].column]
    for name, most in limits.items():
        gate, limit = f"fairness.{name}", f"no gap shown to be above {most:g}"
        if not pairs:
            yield Gate(gate, "n/a", _unjudged(all_groups, found.settings.min_segment_rows), limit=limit)
            continue
        z = _z(found.settings.confidence, len(pairs) * len(limits))
        gaps = [gap for pair in pairs if (gap := _gap(found, pair, name, z)) is not None]
        if not gaps:
            yield Gate(gate, "n/a", f"{name} is not defined in two groups.", limit=limit)
            continue
        bad = [gap for gap in gaps if gap.low > most]
        worst = max(bad or gaps, key=lambda item: item.low if bad else item.value)
        chance = ", which may be chance" if not bad and worst.value > most else ""
        yield held(
            gate,
            not bad,
            value=worst.value,
            low=worst.low,
            high=worst.high,
            limit=limit,
            reason=f"The largest gap in {name} is between {worst.group}: {_told(worst)}{chance}.",
            fix=f"Find out why {name} differs (make report shows both groups) and whom it harms; docs/risk.md is the "
            "place for what is decided."
            if bad
            else "",
        )


def _judged(found: Predictions, role: str = "") -> tuple[list[Group], list[Group]]:
    """The groups with enough rows, and all of them."""
    listed = [group for group in segments.groups(found.contract, found.rows) if not role or group.role == role]
    return [group for group in listed if group.rows.sum() >= found.settings.min_segment_rows], listed


def _gain(found: Predictions, group: Group, name: str, sign: float, z: float) -> tuple[Found, float] | None:
    """How much better the candidate is in a group, and the champion's value; None where it is undefined."""
    values, drawn = _in_group(found, group, name)
    gain = sign * (values[CANDIDATE] - values[CHAMPION])
    spread = _spread(drawn[CANDIDATE] - drawn[CHAMPION])
    if np.isnan(gain) or spread is None:
        return None
    label = f"{group.column} {group.name}"
    return Found(label, gain + 0.0, gain - z * spread, gain + z * spread), values[CHAMPION]


def _gap(found: Predictions, pair: tuple[Group, Group], name: str, z: float) -> Found | None:
    """How far two groups, whose rows have nothing in common, are apart; None where a metric is undefined."""
    values, spreads = [], []
    for group in pair:
        value, drawn = _in_group(found, group, name)
        values.append(value[CANDIDATE])
        spreads.append(_spread(drawn[CANDIDATE]))
    if np.isnan(values).any() or spreads[0] is None or spreads[1] is None:
        return None
    gap, spread = abs(values[0] - values[1]), float(np.hypot(spreads[0], spreads[1]))
    label = f"{pair[0].column} {pair[0].name} ({values[0]:.3g}) and {pair[1].name} ({values[1]:.3g})"
    return Found(label, gap, max(0.0, gap - z * spread), gap + z * spread)


def _in_group(found: Predictions, group: Group, name: str) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """A metric of each model in a group, and its resamples."""
    here = group.rows
    scores = {model: score[here] for model, score in found.scores.items()}
    asked = {model: {name: found.metrics[model][name]} for model in scores}
    values = {model: asked[model][name](found.actual[here], scores[model], None) for model in scores}
    fewer = found.settings.model_copy(update={"bootstrap": min(found.settings.bootstrap, MOST_RESAMPLES)})
    clusters = None if found.clusters is None else found.clusters[here]
    drawn = intervals.draws(asked, found.actual[here], scores, fewer, clusters)
    return values, {model: by_name[name] for model, by_name in drawn.items()}


def _spread(drawn: NDArray[np.float64]) -> float | None:
    """The standard error: how far resamples scatter; None where fewer than half of them are defined."""
    defined = drawn[~np.isnan(drawn)]
    return float(np.std(defined, ddof=1)) if len(defined) > len(drawn) / 2 else None


def _z(confidence: float, questions: int) -> float:
    """How many standard errors a finding has to be away, where so many questions are asked at once."""
    return NormalDist().inv_cdf(1 - (1 - confidence) / questions)


def _limit(floor: Floor) -> str:
    return f"at least {floor.min:g}" if floor.min is not None else f"at most {floor.max:g}"


def _unjudged(listed: list[Any], least: int) -> str:
    if not listed:
        return NO_GROUPS
    return f"No two groups have {least:,} rows (evaluation.min_segment_rows), so none is judged on its own."


def _told(found: Found) -> str:
    return formatting.estimate(formatting.Estimate(found.value, found.low, found.high))
