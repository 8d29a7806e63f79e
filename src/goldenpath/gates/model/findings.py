"""What the gates found: one record for each, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from goldenpath.gates.verdict import EXIT_CODES, SCHEMA, Verdict, overall
from goldenpath.project.exit_codes import Exit
from goldenpath.project.params import PATH

Comparison = Literal["compared", "unchanged", "first", "retired", "refused", "missing"]


@dataclass(frozen=True)
class Gate:
    """What one gate found.

    Attributes:
        name: The gate, and the metric where it has several: ``floors.roc_auc``; the key in ``params.yaml: gates``.
        verdict: ``n/a`` where it was not asked, with the reason; ``inconclusive`` where it could not be judged.
        reason: The finding in a sentence.
        value: What was measured; for a comparison, how much better the candidate is: below zero it is worse.
        low: The lower end of its interval; None where it has none.
        high: The upper end of its interval; None where it has none.
        limit: What was asked, in words.
        fix: What to do about it; empty where there is nothing to do.
    """

    name: str
    verdict: Verdict
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Champion:
    """Whom the candidate was judged beside.

    Attributes:
        ref: The revision that was named.
        commit: The merge base with it, whose model is the champion; empty where there is none.
        model: SHA-256 of the champion; empty where there is none.
        comparison: How the comparison went.
        reason: Why it went so.
        fix: What to do about it; empty where there is nothing to do.
    """

    ref: str
    commit: str
    model: str
    comparison: Comparison
    reason: str
    fix: str = ""


@dataclass(frozen=True)
class Report:
    """The findings of all gates.

    Attributes:
        model: SHA-256 of the candidate.
        champion: Whom it was judged beside.
        rows: Held-out rows.
        compared_rows: Those of them on which the two were compared.
        measured: The task's metrics over the held-out rows, by model (``candidate``, ``champion``) and metric; the
            champion's over the compared rows.
        gates: The findings.
        notes: What a reviewer should know besides.
    """

    model: str
    champion: Champion
    rows: int
    compared_rows: int
    measured: dict[str, dict[str, float | None]]
    gates: Sequence[Gate]
    notes: Sequence[str]

    @property
    def verdict(self) -> Verdict:
        """``fail`` where a gate failed, else ``inconclusive`` where one could not be judged, else ``pass``."""
        return overall(gate.verdict for gate in self.gates)

    @property
    def exit_code(self) -> Exit:
        """What the verdict tells the shell."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """The report as it stands in ``reports/gates.json``."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "exit_code": int(self.exit_code),
            "model": self.model,
            "champion": asdict(self.champion),
            "rows": {"held_out": self.rows, "compared": self.compared_rows},
            "measured": self.measured,
            "gates": [_rounded(asdict(gate)) for gate in self.gates],
            "notes": list(self.notes),
        }


def _rounded(gate: dict[str, Any]) -> dict[str, Any]:
    """A record whose numbers have six significant digits, which is more than any test split supports."""
    return {key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in gate.items()}


def off(name: str) -> Gate:
    """The record of a gate whose limit is not set."""
    return Gate(name, "n/a", f"Off: {PATH} sets no gates.{name}.")


def held(name: str, holds: bool, **rest: Any) -> Gate:
    """The record of a gate that was judged."""
    return Gate(name, "pass" if holds else "fail", **rest)
