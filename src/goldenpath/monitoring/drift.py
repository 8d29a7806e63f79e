"""Do the rows that the model predicts for still look like those that it learned from?

Reads the prediction log, or a file of rows, counts each column into the bins of ``models/reference.json``, and writes
``reports/drift.json``, ``.prom`` and ``.html``. Exit codes: 0 ok or moved, 3 too few rows to say
anything, 4 alarm.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goldenpath.monitoring import bin_counts, drift_page, exposition, log, rows
from goldenpath.monitoring.compare import Comparison, Move, compare
from goldenpath.monitoring.exposition import Gauge
from goldenpath.monitoring.rows import Read
from goldenpath.pipeline import reference
from goldenpath.pipeline.reference import Reference
from goldenpath.project import contract, files, params
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import DRIFT, PREDICTION_LOG

SCHEMA = 1
CODES = {"ok": Exit.OK, "moved": Exit.OK, "alarm": Exit.ALARM, "inconclusive": Exit.INCONCLUSIVE}


@dataclass(frozen=True)
class Selection:
    """What to compare.

    Attributes:
        log: The prediction log; not used where ``data`` is given.
        data: A file of rows.
        since: The earliest time, inclusive.
        until: The latest time, exclusive.
    """

    log: Path = PREDICTION_LOG
    data: Path | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def source(self) -> str:
        """Where the rows come from, in words."""
        return str(self.data or self.log)


def measure(selection: Selection) -> tuple[Reference, Comparison, Read]:
    """Compare rows with the reference of the project in the working folder.

    Personal inputs can never be seen to move, so the importance is shared out among the others.

    Raises:
        ProjectError: A file is missing or cannot be used.
    """
    settings, agreed, known, seen = params.load(), contract.load(), reference.load(), Read()
    if selection.data is not None:
        tables = rows.of_file(selection.data, agreed, known, selection.since, selection.until)
    else:
        tables = rows.of_log(selection.log, log.of_project(), known, selection.since, selection.until, seen)
    looked_at = rows.watched(known, agreed)
    found = bin_counts.count({**looked_at.columns, **looked_at.predictions}, tables)
    compared = compare(looked_at, found, settings.monitoring.drift)
    personal = tuple(name for name in known.columns if name not in looked_at.columns)
    return known, replace(compared, not_compared=(*personal, *compared.not_compared)), seen


def report(selection: Selection, known: Reference, found: Comparison, seen: Read, now: datetime) -> dict[str, Any]:
    """The content of ``drift.json``; the schema stands in docs/how-to/monitoring.md."""
    return {
        "schema": SCHEMA,
        "verdict": found.overall.verdict,
        "reasons": list(found.overall.reasons),
        "measured": now.isoformat(timespec="seconds"),
        "source": selection.source,
        "since": None if selection.since is None else selection.since.isoformat(),
        "until": None if selection.until is None else selection.until.isoformat(),
        "rows": found.rows,
        "torn_lines": seen.torn,
        "foreign_answers": seen.foreign,
        "reference": {"model": known.model, "data": known.data, "rows": known.rows},
        "overall": {"alarm_share": _short(found.overall.alarm_share), "moved_share": _short(found.overall.moved_share)},
        "columns": [_plain(move) for move in found.columns],
        "predictions": [_plain(move) for move in found.predictions],
        "not_compared": list(found.not_compared),
    }


def metrics(found: Comparison, now: float) -> list[Gauge]:
    """The same as metrics; what may be chance has its value too, because alerts read the verdicts."""
    moves = {(move.column,): move for move in found.columns}
    moved = [move for move in found.columns if move.verdict != "ok"]
    is_alarm = float(found.overall.verdict == "alarm")
    return [
        Gauge(
            "drift_psi", "Population stability index of an input.", {k: m.psi for k, m in moves.items()}, ("column",)
        ),
        Gauge(
            "drift_distance",
            "Kolmogorov-Smirnov distance or total variation of an input.",
            {k: m.distance for k, m in moves.items()},
            ("column",),
        ),
        Gauge("drift_overall", "Importance of the inputs in alarm, as a share.", {(): found.overall.alarm_share}),
        Gauge("drift_alarm", "1 where inputs or predictions moved beyond the limits, else 0.", {(): is_alarm}),
        Gauge(
            "drift_column_alarm",
            "1 where an input moved beyond its limits and not by chance, else 0.",
            {k: float(m.verdict == "alarm") for k, m in moves.items()},
            ("column",),
        ),
        Gauge("drift_columns_moved", "Inputs that moved, chance left out.", {(): float(len(moved))}),
        Gauge("drift_rows", "Rows that were compared.", {(): float(found.rows)}),
        Gauge("drift_last_run_timestamp_seconds", "When drift was measured last.", {(): now}),
        Gauge(
            "prediction_drift_psi",
            "Population stability index of score and decision.",
            {(move.column,): move.psi for move in found.predictions},
            ("column",),
        ),
        Gauge(
            "prediction_drift_alarm",
            "1 where score or decision moved beyond its limits and not by chance, else 0.",
            {(move.column,): float(move.verdict == "alarm") for move in found.predictions},
            ("column",),
        ),
    ]


def run(selection: Selection) -> Exit:
    """Measure, write the three reports, say what came out in one line, and return the exit code."""
    clock, now = time.perf_counter(), datetime.now(UTC)
    known, found, seen = measure(selection)
    told = report(selection, known, found, seen, now)
    files.write_json(DRIFT, told)
    exposition.write(DRIFT.with_suffix(".prom"), metrics(found, now.timestamp()))
    page = DRIFT.with_suffix(".html")
    page.write_text(drift_page.render(told, params.load().monitoring.drift), encoding="utf-8", newline="\n")
    moved = sum(move.verdict != "ok" for move in found.columns)
    seconds = time.perf_counter() - clock
    print(
        f"drift: {found.overall.verdict}; {moved} of {len(found.columns)} inputs moved in {found.rows:,} rows "
        f"({seconds:.1f} s). {page}"
    )
    for reason in found.overall.reasons:
        print(f"  {reason}")
    if seen.foreign:
        print(f"  {seen.foreign:,} predictions are of other models: their scores and decisions are not compared.")
    return CODES[found.overall.verdict]


def _plain(move: Move) -> dict[str, Any]:
    content = asdict(move)
    content["picture"] = {key: _rounded(value) for key, value in content["picture"].items()}
    return {key: _rounded(value) for key, value in content.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return _short(value)
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _short(value: float) -> float:
    return float(f"{value:.6g}")
