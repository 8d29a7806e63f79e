"""Numbers as OpenMetrics text, for the textfile collector of the node exporter, and from there for a Pushgateway."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import exposition as text_format
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families


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


def in_text_format(path: Path) -> tuple[bytes, int]:
    """What a file of :func:`write` holds in Prometheus' older text format, which is all that a Pushgateway reads.

    Returns:
        The text, and how many series it holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no OpenMetrics.
    """
    text = path.read_text(encoding="utf-8")
    families = [family for family in text_string_to_metric_families(text) if family.samples]  # type: ignore[no-untyped-call]
    return text_format.generate_latest(_Collected(families)), sum(len(family.samples) for family in families)


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
