"""The report as a whole, top-down: the verdict, what the gates said, and what the change does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from goldenpath.gates.base import Base
from goldenpath.gates.report import comparison, cost, data, maturity, plots, settings, verdicts
from goldenpath.gates.report.collect import Facts
from goldenpath.gates.report.outline import Cell, Mark, Name, Outline, Section, Table, Tone
from goldenpath.gates.report.verdicts import Finding, Gate
from goldenpath.gates.verdict import WORST_FIRST, Verdict
from goldenpath.reports import formatting

TONES: dict[Verdict, Tone] = {"pass": "good", "inconclusive": "mixed", "not run": "mixed", "fail": "bad"}
CHAPTERS: tuple[tuple[str, Callable[[Facts], Section]], ...] = (
    (data.TITLE, data.section),
    (settings.TITLE, settings.section),
    (comparison.METRICS, comparison.metrics),
    (comparison.SEGMENTS, comparison.segments),
    (plots.TITLE, plots.section),
    (cost.TITLE, cost.section),
    (maturity.TITLE, maturity.section),
)


def outline(facts: Facts) -> Outline:
    """Put the report together."""
    gates = verdicts.judged(facts)
    commit = facts.commit[:9] + " with uncommitted changes" * (facts.has_changes and bool(facts.commit))
    return Outline(
        product=facts.product,
        branch=facts.branch,
        commit=commit or "no commit",
        base=_base(facts.base),
        tone=TONES[verdicts.overall(gates)],
        verdict=verdicts.sentence(gates),
        headline=_told(comparison.headline, facts),
        sections=(
            _gates(facts, gates),
            *(_section(title, chapter, facts) for title, chapter in CHAPTERS),
            *_details(gates),
        ),
    )


def _base(found: Base | None) -> str:
    if found is None:
        return "no base"
    commit = found.commit[:9]
    return commit if found.commit.startswith(found.ref) else f"{found.ref} at {commit}"


def _gates(facts: Facts, gates: list[Gate]) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for gate in sorted(gates, key=lambda item: WORST_FIRST.index(item.verdict)):
        rows.append(_row(f"{formatting.sentence(gate.about)} ({gate.name})", gate.summary))
        if gate.verdict in ("fail", "inconclusive"):
            open_ones = [item for item in gate.findings if item.verdict in ("fail", "inconclusive")]
            rows += [_row(Name(item.name) if item.name else "", item) for item in open_ones]
    header = ("Gate", "Verdict", "Measured", "Limit", "Finding")
    notes = tuple(str(note) for note in verdicts.of_model(facts).get("notes", []))
    sentences = (f"No base: {facts.no_base}",) if facts.no_base else ()
    return Section("Gates", sentences, (Table(header, tuple(rows), is_prose=True),), notes=notes)


def _details(gates: list[Gate]) -> Iterator[Section]:
    """Everything that gates with several limits found, the green ones included."""
    tables = tuple(
        Table(
            ("Limit on", "Verdict", "Measured", "Limit", "Finding"),
            tuple(_row(Name(item.name), item) for item in gate.findings),
            title=f"{formatting.sentence(gate.about)} ({gate.name})",
            is_prose=True,
        )
        for gate in gates
        if any(item.name and item.verdict in ("pass", "n/a") for item in gate.findings)
    )
    if tables:
        yield Section("Every finding of the gates", tables=tables, is_detail=True)


def _row(name: Cell, found: Finding) -> tuple[Cell, ...]:
    text = " ".join(filter(None, (_ended(found.text), found.fix and f"To fix: {_ended(found.fix)}")))
    return name, Mark(found.verdict, TONES.get(found.verdict)), found.value, found.limit, text


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!")) or not text else f"{text}."


def _section(title: str, chapter: Callable[[Facts], Section], facts: Facts) -> Section:
    # Results that somebody edited by hand may hold anything; the other sections are worth reading all the same.
    try:
        return chapter(facts)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        told = f"The pipeline's results cannot be read here ({type(error).__name__}: {error}). Run `make run`."
        return Section(title, (told,))


def _told(tell: Callable[[Facts], str], facts: Facts) -> str:
    try:
        return tell(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"The model's metrics cannot be read ({type(error).__name__}: {error}). Run `make run`."
