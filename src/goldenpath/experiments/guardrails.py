"""What a better metric must not be paid with: slower or missing responses, other metrics, and single segments.

All are watched at the same time and at every look, so each gets its part of the chance to err. One that is broken stops
the experiment; one that nothing is known of is told as unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from prometheus_client.parser import text_string_to_metric_families

from goldenpath.evaluation import segments
from goldenpath.evaluation.metrics import HIGHER_IS_BETTER
from goldenpath.experiments import confidence_sequences, effects, exposure
from goldenpath.experiments.effects import Effect, Predictions
from goldenpath.experiments.verdict import Gain, Guardrail, State
from goldenpath.model.task import Task
from goldenpath.monitoring.log import INPUT, Format
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params
from goldenpath.reports import formatting
from goldenpath.reports.measures import measure
from goldenpath.serving.routing import CHALLENGER, CHAMPION, MIXED, Experiment

LATENCY, ERRORS, REFUSALS, SEGMENTS = "latency_ratio", "error_rate", "refusal_rate", "segment_harm"
TIMES_CHAMPION = 2.0
"""How much slower the challenger may be where neither the plan nor ``gates.latency`` says."""
NOTABLE_RATE = 0.01
"""The difference of error rates at which their intervals are tightest."""
AIM = 4.0
"""Times a limit, the half-width at which its sequence is tightest: what breaks it by far is to be found early, and
later the width costs little. A relative limit moves with the champion's metric, which settles long before."""
FEWEST_UNITS = 30
"""Of a segment in each variant; of fewer, sums are far from normal."""
MOST_REFUSED = 0.01
REQUESTS = "http_requests"
UNAVAILABLE, SERVER_FAULTS, REFUSED = 503, 500, 400
_UNKNOWN = (formatting.UNKNOWN, formatting.UNKNOWN)


@dataclass(frozen=True)
class Watched:
    """What guardrails look at.

    Attributes:
        plan: The experiment.
        settings: The project's parameters.
        asked: The task.
        agreed: The log's format.
        frame: All predictions of the experiment.
        known: Those whose label is known.
        rows: The same, as metrics take them.
        scrape: A file of metrics as the service tells them; None where none was given.
    """

    plan: Experiment
    settings: Params
    asked: Task
    agreed: Format
    frame: pd.DataFrame
    known: pd.DataFrame
    rows: Predictions
    scrape: Path | None


@dataclass(frozen=True)
class Counts:
    """Requests for predictions, those that failed, and those that were refused."""

    requests: int = 0
    failed: int = 0
    refused: int = 0

    def with_more(self, status: int, count: int) -> Counts:
        """Counted together with others that ended with a status."""
        is_refusal = status == UNAVAILABLE or REFUSED <= status < SERVER_FAULTS
        is_failure = status >= SERVER_FAULTS and not is_refusal
        return Counts(self.requests + count, self.failed + count * is_failure, self.refused + count * is_refusal)

    def variance(self, events: int) -> float:
        """Of a share; one more of each kind is counted, for where nothing happened the error would be none."""
        share = (events + 1) / (self.requests + 2)
        return share * (1 - share) / self.requests


def gain_of(name: str, found: Effect, alpha: float, aim: float) -> Gain:
    """A difference in a metric as a gain, with its confidence sequence."""
    sign = 1.0 if name in HIGHER_IS_BETTER else -1.0
    width = float(confidence_sequences.half_width(found.error, alpha, aim))
    both = [None if math.isnan(value) else value for value in (found.champion, found.challenger)]
    value = None if math.isnan(found.difference) else sign * found.difference
    ends = (None, None) if value is None or not math.isfinite(width) else (value - width, value + width)
    return Gain(name, both[0], both[1], value, ends[0], ends[1], found.units)


def judge(watched: Watched, alpha: float) -> tuple[list[Guardrail], dict[str, list[Gain]]]:
    """All guardrails, and the gain of the deciding metric in every segment by column.

    Args:
        watched: What they look at.
        alpha: How often any of them may be broken by chance, at any look.

    Raises:
        ProjectError: The plan names a guardrail that there is not, or the scrape cannot be read.
    """
    plan, settings = watched.plan, watched.settings
    known = effects.metrics(watched.asked.kind, settings.value)
    others = [name for name in (*settings.gates.non_inferiority, *plan.guardrails) if name in known]
    others = [name for name in dict.fromkeys(others) if name != plan.metric]
    own = (LATENCY, ERRORS, REFUSALS, SEGMENTS)
    if unknown := [name for name in plan.guardrails if name not in (*own, *others)]:
        raise ProjectError(
            f"experiments/{plan.name}.yaml: guardrails: {', '.join(unknown)}: there is no such guardrail. "
            f"There are {', '.join((*own, *(name for name in known if name != plan.metric)))}."
        )
    part = alpha / (len(own) + len(others))
    # A shadow serves nobody, and its time is measured without the way to the caller.
    found = [] if plan.is_shadow else [_latency(watched, part), *_rates(watched, part)]
    found += [_metric(watched, name, known[name], part) for name in others]
    parts = _by_segment(watched, part)
    return [*found, _segments(watched, parts)], parts


def segment_margin(watched: Watched, champion: float | None) -> float:
    """By how much the deciding metric may be worse in a segment."""
    plan = watched.plan
    if SEGMENTS in plan.guardrails:
        return plan.guardrails[SEGMENTS]
    margin = watched.settings.gates.segment_non_inferiority.get(plan.metric)
    return plan.minimum_effect if margin is None else margin.beside(champion or 0.0)


def _latency(watched: Watched, alpha: float) -> Guardrail:
    """The ratio of typical (geometric mean) latencies of requests that one variant served alone."""
    gates = watched.settings.gates.latency
    usual = (gates.times_champion if gates else None) or TIMES_CHAMPION
    limit = watched.plan.guardrails.get(LATENCY, usual)
    label, wanted = "Latency beside the champion's", f"at most {limit:g} times"
    frame = watched.frame[(watched.frame["latency_ms"] > 0) & ~_answered_by_both(watched.frame)]
    took = np.log(frame["latency_ms"].to_numpy(dtype=np.float64))
    rows = Predictions(exposure.numbered(frame["unit"]), frame["challenger"].to_numpy(dtype=bool), took, took, took)
    found = effects.between(effects.of_values(lambda part: part.actual), rows)
    if not math.isfinite(found.error):
        return Guardrail(LATENCY, label, *_UNKNOWN, wanted, "too few predictions")
    width = float(confidence_sequences.half_width(found.error, alpha, math.log(limit) if limit > 1 else 0.1))
    ratio = formatting.Estimate(*(math.exp(found.difference + step) for step in (0.0, -width, width)))
    state: State = "broken" if (ratio.low or 0.0) > limit else "kept"
    told = [f"{formatting.number(math.exp(value))} ms" for value in (found.champion, found.challenger)]
    return Guardrail(LATENCY, label, told[0], told[1], wanted, f"{formatting.estimate(ratio)} times", state)


def _answered_by_both(frame: pd.DataFrame) -> pd.Series:
    """Which predictions belong to requests that both variants served: their time is that of both together.

    The predictions of a request of several rows have its id, a dot, and their place as their ids.
    """
    is_one_of_several = frame["id"].str.contains(".", regex=False)
    requests = frame["id"].where(is_one_of_several).str.rpartition(".")[0]
    variants = frame["challenger"].groupby(requests).transform("nunique")
    return variants.eq(2)  # missing, which is no 2, where the request has one row


def _rates(watched: Watched, alpha: float) -> Iterator[Guardrail]:
    """Errors and refusals, which are in no prediction log, from what the service counted.

    What is refused before its rows are read belongs to no variant and is counted as the champion's, so of refusals
    only the challenger's own share is held to a limit.
    """
    counts = _counted(watched.scrape) if watched.scrape else {}
    champion, challenger = (counts.get(name, Counts()) for name in (CHAMPION, CHALLENGER))
    more, most = (watched.plan.guardrails.get(name, usual) for name, usual in ((ERRORS, 0.0), (REFUSALS, MOST_REFUSED)))
    failed = Guardrail(ERRORS, "Requests that failed", *_UNKNOWN, f"at most {more:.2%} more" if more else "no more")
    refused = Guardrail(REFUSALS, "Requests that the challenger refused", *_UNKNOWN, f"at most {most:.2%}")
    if min(champion.requests, challenger.requests) < FEWEST_UNITS:
        told = "not known: give --metrics FILE" if watched.scrape is None else "too few requests in that file"
        yield from (replace(item, found=told) for item in (failed, refused))
        return
    shares = [item.failed / item.requests for item in (champion, challenger)]
    variance = champion.variance(champion.failed) + challenger.variance(challenger.failed)
    width = float(confidence_sequences.half_width(math.sqrt(variance), alpha, max(more, NOTABLE_RATE)))
    found = _points(shares[1] - shares[0], width)
    state: State = "broken" if shares[1] - shares[0] - width > more else "kept"
    both = [formatting.share(share, 2) for share in shares]
    yield replace(failed, champion=both[0], challenger=both[1], found=found, state=state)
    share = challenger.refused / challenger.requests
    width = float(
        confidence_sequences.half_width(math.sqrt(challenger.variance(challenger.refused)), alpha, most or NOTABLE_RATE)
    )
    state = "broken" if share - width > most else "kept"
    yield replace(refused, challenger=formatting.share(share, 2), found=formatting.share(share, 2), state=state)


def _points(value: float, width: float) -> str:
    numbers = [formatting.number(100 * end, 2) for end in (value - width, value + width)]
    return f"{formatting.signed(100 * value, 2)} points [{numbers[0]} to {numbers[1]}]"


def _counted(scrape: Path) -> dict[str, Counts]:
    """Requests for predictions, those that failed and those that were refused, by variant.

    A request that both have served is one of each; one that failed under a variant is counted under its name.
    """
    try:
        families = list(text_string_to_metric_families(scrape.read_text(encoding="utf-8")))
    except OSError as error:
        raise ProjectError(
            f"{scrape}: cannot be read: {error.strerror}. Name what /metrics told: --metrics FILE."
        ) from None
    except ValueError as error:
        raise ProjectError(f"{scrape}: no metrics of Prometheus: {' '.join(str(error).split())}") from None
    found: dict[str, Counts] = {}
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == f"{REQUESTS}_total" and sample.labels.get("path") == "/predict":
            variant, status = sample.labels.get("variant", ""), int(sample.labels.get("status", 0))
            for name in (CHAMPION, CHALLENGER) if variant == MIXED else (variant,):
                found[name] = found.get(name, Counts()).with_more(status, int(sample.value))
    return found


def _metric(watched: Watched, name: str, metric: effects.Contribution, alpha: float) -> Guardrail:
    """Another metric, which must not be shown to be worse by more than its margin."""
    found = effects.between(metric, watched.rows)
    margin = watched.settings.gates.non_inferiority.get(name)
    limit = watched.plan.guardrails.get(name)
    if limit is None:
        limit = margin.beside(0.0 if math.isnan(found.champion) else found.champion) if margin else 0.0
    gain = gain_of(name, found, alpha, AIM * (limit or NOTABLE_RATE))
    spoken = measure(name)
    told = formatting.Estimate(gain.value, gain.low, gain.high).times(spoken.factor)
    state: State = "unknown" if gain.high is None else "broken" if gain.high < -limit else "kept"
    both = [
        formatting.number(None if value is None else value * spoken.factor)
        for value in (gain.champion, gain.challenger)
    ]
    wanted = f"at most {formatting.number(limit * spoken.factor)} worse"
    return Guardrail(
        name,
        formatting.sentence(spoken.label),
        both[0],
        both[1],
        wanted,
        f"gain {formatting.estimate(told, sign=True)}",
        state,
    )


def _by_segment(watched: Watched, alpha: float) -> dict[str, list[Gain]]:
    """The gain in each group of each segment column; each interval is as sure as all together have to be."""
    plan, agreed = watched.plan, watched.agreed.agreed
    metric = effects.named(plan.metric, watched.asked.kind, watched.settings.value, plan.name)
    held = tuple(column for column in agreed if INPUT + column.name in watched.known.columns)
    named = watched.known.rename(columns={INPUT + column.name: column.name for column in held})
    groups = list(segments.groups(replace(agreed, columns=held), named))
    parts: dict[str, list[Gain]] = {}
    for group in groups:
        found = effects.between(metric, watched.rows.among(group.rows))
        aim = AIM * (segment_margin(watched, found.champion) or plan.minimum_effect)
        gain = gain_of(plan.metric, found, alpha / len(groups), aim)
        if min(found.units) < FEWEST_UNITS:
            gain = replace(gain, low=None, high=None)
        parts.setdefault(group.column, []).append(replace(gain, name=group.name))
    return parts


def _segments(watched: Watched, parts: Mapping[str, list[Gain]]) -> Guardrail:
    spoken = measure(watched.plan.metric)
    judged = [
        (f"{column} {gain.name}", gain, segment_margin(watched, gain.champion))
        for column, gains in parts.items()
        for gain in gains
        if gain.high is not None
    ]
    label, wanted = f"{formatting.sentence(spoken.label)} in every segment", "no segment worse by its margin"
    if not judged:
        return Guardrail(SEGMENTS, label, *_UNKNOWN, wanted, "too few units in each segment")
    harmed = [name for name, gain, margin in judged if gain.high is not None and gain.high < -margin]
    worst, gain, _ = min(judged, key=lambda item: item[1].value if item[1].value is not None else math.inf)
    told = formatting.estimate(formatting.Estimate(gain.value, gain.low, gain.high).times(spoken.factor), sign=True)
    found = f"worse in {formatting.listed(harmed)}" if harmed else f"worst {worst}: gain {told}"
    return Guardrail(SEGMENTS, label, *_UNKNOWN, wanted, found, "broken" if harmed else "kept")
