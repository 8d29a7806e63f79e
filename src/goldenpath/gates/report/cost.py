"""What the model costs: training, size, answering, and the image around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goldenpath.gates.report import verdicts
from goldenpath.gates.report.collect import Facts, Results
from goldenpath.gates.report.outline import Cell, Section, Table
from goldenpath.project.paths import MODEL
from goldenpath.reports import formatting, provenance

TITLE = "Cost"
MIB = 2**20


def section(facts: Facts) -> Section:
    """Seconds, memory and bytes beside the base's, with the limits of the gates."""
    limits = {item["name"]: item for item in verdicts.of_model(facts).get("gates", [])}
    before, now = (dict(_measured(results)) for results in (facts.before, facts.now))
    rows: list[tuple[Cell, ...]] = [
        (label, *_beside(before.get(label), now.get(label)), _limit(limits, gate))
        for label, gate in (
            ("Training, s", "training.seconds"),
            ("Training, peak memory, MiB", "training.peak_memory_mib"),
            ("Whole pipeline, s", ""),
            ("Model, MiB", "size_mib"),
        )
        if label in before or label in now
    ]
    for label, gate in (("One row, median, ms", "latency.p50_ms"), ("One row, 99th percentile, ms", "latency.p99_ms")):
        found = limits.get(gate)
        if found and found["value"] is not None:
            rows.append(
                (label, formatting.UNKNOWN, formatting.number(found["value"]), formatting.UNKNOWN, found["limit"])
            )
    sentences = [finding["reason"] for name, finding in limits.items() if name == "latency.times_champion"]
    image = next((gate for gate in verdicts.judged(facts) if gate.name == "image"), None)
    size = next((item.text for item in image.findings if item.name == "size"), "") if image else ""
    sentences.append(f"Image: {size}." if size else "The image's size is not known: run `goldenpath gate image`.")
    header = ("What", "Base", "Now", "Change", "Limit")
    notes = (
        "Seconds and memory are those of the machine that ran the pipeline, by the model's lineage.",
        "The image is told beyond its base.",
    )
    tables = (Table(header, tuple(rows), frozenset({1, 2, 3})),) if rows else ()
    return Section(TITLE, tuple(sentences), tables, notes=notes)


def _measured(results: Results) -> Iterator[tuple[str, float]]:
    stages = provenance.read(results.lineage or None).stages
    for stage in stages:
        if stage.name == "train" and stage.seconds is not None:
            yield "Training, s", stage.seconds
        if stage.name == "train" and stage.peak_memory_mib is not None:
            yield "Training, peak memory, MiB", stage.peak_memory_mib
    if stages:
        yield "Whole pipeline, s", sum(stage.seconds or 0.0 for stage in stages)
    if size := results.sizes.get(str(MODEL)):
        yield "Model, MiB", size / MIB


def _beside(before: float | None, now: float | None) -> tuple[str, str, str]:
    if before is None or now is None:
        change = formatting.UNKNOWN
    elif before:
        change = f"\N{MULTIPLICATION SIGN} {formatting.number(now / before, 2)}"
    else:
        change = formatting.signed(now - before)
    return formatting.number(before), formatting.number(now), change


def _limit(limits: Mapping[str, Mapping[str, Any]], gate: str) -> str:
    return str(limits[gate]["limit"]) if gate in limits else ""
