"""The review as JSON, for programs. ``schema`` grows when a field is taken away or changes its meaning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from goldenpath import __version__
from goldenpath.reports.maturity.report import Change, Report, gate_answer
from goldenpath.review import levels
from goldenpath.review.result import Result
from goldenpath.review.standards import CATALOGUE_VERSION
from goldenpath.review.standards.verdict import Evidence

SCHEMA = 1


def render(reports: Sequence[Report]) -> str:
    """Write everything that a review knows."""
    content = {
        "schema": SCHEMA,
        "tool": {"name": "goldenpath", "version": __version__, "catalogue": CATALOGUE_VERSION},
        "gate": gate_answer(reports) or None,
        "products": [_product(report) for report in reports],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _product(report: Report) -> dict[str, Any]:
    review = report.review
    complete = review.complete
    return {
        "name": report.name,
        "folder": report.folder,
        "commit": review.commit,
        "dirty": report.is_dirty,
        "when": review.when.isoformat(timespec="seconds"),
        "catalogue": review.catalogue,
        "complete": complete,
        "level": report.level,
        "level_with_waivers": review.excused_level if complete else None,
        "level_if_unknown_were_met": review.possible_level if complete else None,
        "meaning": report.meaning or None,
        "counts": report.counts,
        "parts": [
            {"name": part.name, "level": part.level, "level_if_unknown_were_met": part.possible}
            | {"criteria": list(map(_criterion, part.results))}
            for part in report.parts
        ],
        "next_steps": [
            {"id": step.id, "title": step.title, "why_now": step.why_now, "do": step.do}
            | {"evidence": _facts(step.evidence)}
            for step in report.steps
        ],
        "base": report.base or None,
        "base_level": report.before.level if report.before else None,
        "changes": None if report.before is None else list(map(_change, report.changes)),
        "findings": None
        if report.findings is None
        else [
            {"kind": item.kind, "id": item.id or None, "reason": item.reason, "evidence": _facts(item.evidence)}
            for item in report.findings
        ],
        "signed": [
            {
                "kind": entry.kind,
                "id": entry.id,
                "signer": entry.signer,
                "words": entry.words,
                "when": _day(entry.when),
                "expires": _day(entry.expires),
                "link": entry.link,
                "path": entry.path,
                "line": entry.line,
                "counts": not entry.fault,
                "fault": entry.fault or None,
                "ends_soon": entry.ends_soon(review.when),
            }
            for entry in report.signed
        ],
        "bad_receipts": list(review.bad_receipts),
        "trend": [
            {
                "commit": point.commit,
                "when": _day(point.when),
                "level": point.level,
                "gained": list(point.gained),
                "lost": list(point.lost),
            }
            for point in report.trend
        ],
    }


def _criterion(result: Result) -> dict[str, Any]:
    item, verdict = result.criterion, result.verdict
    return {
        "id": item.id,
        "title": item.title,
        "level": item.level,
        "anchor": item.is_anchor,
        "proofs": list(item.proofs),
        "requires": list(item.requires),
        "status": verdict.status,
        "met": levels.is_met(result),
        "reason": verdict.reason,
        "evidence": _facts(verdict.evidence),
        "fix": item.fix,
        "effort": item.effort,
    }


def _change(change: Change) -> dict[str, Any]:
    """A criterion that has another status than at the base."""
    return {
        "id": change.now.criterion.id,
        "title": change.now.criterion.title,
        "before": change.then.status,
        "now": change.now.status,
        "met_before": levels.is_met(change.then),
        "met": levels.is_met(change.now),
    }


def _facts(facts: Sequence[Evidence]) -> list[dict[str, Any]]:
    return [
        {"text": fact.text, "path": fact.path or None, "line": fact.line, "command": fact.command or None}
        for fact in facts
    ]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
