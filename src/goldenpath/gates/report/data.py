"""What changed in the data: rows of each table, and how far each column moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldenpath.evaluation import drift_measures
from goldenpath.gates.report import verdicts
from goldenpath.gates.report.collect import Facts, Results
from goldenpath.gates.report.outline import Cell, Name, Picture, Section, Table
from goldenpath.project.paths import QUARANTINE, RAW, VALID, split_file
from goldenpath.reports import charts, formatting
from goldenpath.reports.formatting import Estimate

TITLE = "Data"
PARTS = ("train", "validation", "test")
BLOCK = "█"
PSI_PER_BLOCK = 0.05
MOST_BLOCKS = 10
MOST_BARS = 15
NOTES = (
    f"PSI, the population stability index: below {drift_measures.MODERATE} a column hardly moved, "
    f"above {drift_measures.LARGE} far.",
    "Moved rows: the share that would have to change for the two to be the same.",
)


def section(facts: Facts) -> Section:
    """Rows before and now, and drift as the data gate measured it."""
    report = verdicts.of_data(facts)
    moves = sorted(report.get("drift", []), key=_largest, reverse=True)
    sentences = [_changed(report), *_compared(report)]
    if moves:
        still = sum(move["size"] == "none" for move in moves)
        sentences.append(
            f"{still} of {formatting.counted(len(moves), 'column')} hardly moved (PSI below {drift_measures.MODERATE})."
        )
    return Section(
        TITLE,
        tuple(filter(None, sentences)),
        (_rows(facts), *([_drift(moves)] if moves else [])),
        (_picture(moves),) if moves else (),
        notes=NOTES if moves else (),
    )


def _changed(report: Mapping[str, Any]) -> str:
    if not report:
        return "How far columns moved is not known: `goldenpath gate data` has not told it for this base."
    changed = [item["path"] for item in report.get("changed", [])]
    if not changed:
        return "No data changed."
    if str(RAW) not in changed:
        others = formatting.listed(changed)
        return f"{RAW} is that of the base, so no column moved. What follows from it changed: {others}."
    if not report.get("drift"):
        return f"{RAW} changed. How far columns moved is not known: the base's rows were not there to compare with."
    return ""


def _compared(report: Mapping[str, Any]) -> list[str]:
    found = report.get("comparison")
    if not found:
        return []
    added, bad, lost = (f"{found[key]:,}" for key in ("added", "added_violations", "lost"))
    return [
        f"Rows of {RAW} that the base does not have: {added}; of them break the contract: {bad}.",
        f"Rows of the base that are gone ({found['lost_by']}): {lost}.",
    ]


def _rows(facts: Facts) -> Table:
    lines: list[tuple[Cell, ...]] = []
    before, now = (_counts(results) for results in (facts.before, facts.now))
    for path in dict.fromkeys([*before, *now]):
        then, here = before.get(path), now.get(path)
        moved = formatting.signed(here - then) if then is not None and here is not None else formatting.UNKNOWN
        lines.append((Name(path), formatting.number(then), formatting.number(here), moved))
    return Table(("Table", "Rows, base", "Rows, now", "Difference"), tuple(lines), frozenset({1, 2, 3}))


def _counts(found: Results) -> dict[str, int]:
    checked = {str(RAW): "rows", str(VALID): "valid", str(QUARANTINE): "quarantined"}
    counts = {path: found.validation[key] for path, key in checked.items() if key in found.validation}
    return counts | {str(split_file(part)): found.split[part]["rows"] for part in PARTS if part in found.split}


def _drift(moves: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            Name(move["column"]),
            {"none": "hardly", "moderate": "somewhat", "large": "FAR"}[move["size"]],
            bar(_largest(move)),
            formatting.number(move["psi"], 3),
            formatting.number(move["new_rows_psi"], 3),
            formatting.share(move["total_variation"]),
            f"{formatting.share(move['missing_before'])} → {formatting.share(move['missing_after'])}",
        )
        for move in moves
    )
    header = ("Column", "Moved", "", "PSI, all rows", "PSI, new rows", "Moved rows", "Missing")
    return Table(header, rows, frozenset({3, 4, 5, 6}), title="Drift of each column against the base")


def bar(psi: float) -> str:
    """A stability index as a bar of text; five blocks are a large drift."""
    return BLOCK * min(MOST_BLOCKS, round(psi / PSI_PER_BLOCK)) or "▏"


def _picture(moves: list[dict[str, Any]]) -> Picture:
    drawn = moves[:MOST_BARS]
    left_out = f" The {len(moves) - MOST_BARS:,} that moved least are not drawn." if len(moves) > MOST_BARS else ""
    tones: dict[str, charts.Tone] = {"none": "third", "moderate": "first", "large": "second"}
    rows = [charts.Row(move["column"], Estimate(_largest(move)), tones[move["size"]]) for move in drawn]
    return Picture(
        "How far columns moved",
        f"Grey hardly, blue somewhat, orange far; the larger index of all rows and of the new ones.{left_out}",
        charts.bars(rows, "Population stability index", title="Drift of each column against the base"),
    )


def _largest(move: Mapping[str, Any]) -> float:
    return max(float(move["psi"]), float(move["new_rows_psi"] or 0))
