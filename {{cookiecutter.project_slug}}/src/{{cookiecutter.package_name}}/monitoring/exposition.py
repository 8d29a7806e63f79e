"""Numbers as OpenMetrics text, for the textfile collector of the node exporter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest


@dataclass(frozen=True)
class Gauge:
    """One metric.

    Attributes:
        name: Its name.
        help: What it is, unit included.
        values: By the values of its labels, in their order; one entry with no labels where it has none.
        labels: Names of its labels.
        is_counter: Whether it only grows; the name then ends in ``_total``.
    """

    name: str
    help: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()
    is_counter: bool = field(default=False)


def write(path: Path, metrics: Iterable[Gauge]) -> None:
    """Write metrics; a collector that reads meanwhile sees the old file or the new one, whole."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    collected = _Collected([_family(metric) for metric in metrics])
    unfinished.write_bytes(generate_latest(collected))  # type: ignore[no-untyped-call]
    unfinished.replace(path)


class _Collected:
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """What the exposition asks of a registry."""
        return self._families


def _family(metric: Gauge) -> Metric:
    kind = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
    family = kind(metric.name.removesuffix("_total"), metric.help, labels=metric.labels)
    for labels, value in metric.values.items():
        family.add_metric(list(labels), value)
    return family
