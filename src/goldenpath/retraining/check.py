"""Tell whether to train a candidate now, and why.

Writes ``reports/retrain.json`` and ``.md``. To wait is no failure; in a workflow, the step's outputs ``go`` and
``event`` tell what was decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from goldenpath.gates import github
from goldenpath.gates.gate import cell, table
from goldenpath.project import files, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Retraining
from goldenpath.project.paths import DRIFT, PERFORMANCE, RETRAIN, SIGNATURE, STALENESS
from goldenpath.retraining import history
from goldenpath.retraining.decide import BUDGET_DAYS, Decision, Facts, Trigger, decide

SCHEMA = 1


def known(root: Path, now: datetime) -> Facts:
    """What the project knows about its model.

    Raises:
        ProjectError: A report cannot be read.
    """
    described = _read(root / SIGNATURE) or {}
    return Facts(
        now=now,
        model=str(described.get("model_sha256", "")),
        runs=history.runs(root),
        drift=_read(root / DRIFT),
        performance=_read(root / PERFORMANCE),
        staleness=_read(root / STALENESS),
    )


def report(decision: Decision, model: str, settings: Retraining, trigger: Trigger, now: datetime) -> dict[str, Any]:
    """The content of ``retrain.json``; the schema stands in docs/how-to/retraining.md."""
    return {
        "schema": SCHEMA,
        "decision": "go" if decision.goes else "wait",
        "triggered_by": trigger,
        "reasons": [f"{item.name}: {item.why}" for item in decision.reasons],
        "holds": list(decision.holds),
        "measured": now.isoformat(timespec="seconds"),
        "model": model,
        "triggers": [
            {"name": item.name, "enabled": item.is_enabled, "fires": item.fires, "why": item.why}
            for item in decision.triggers
        ],
        "last": None if decision.last is None else decision.last.isoformat(timespec="seconds"),
        "budget": {
            "days": BUDGET_DAYS,
            "runs": decision.runs,
            "minutes": round(decision.minutes, 2),
            "most_runs": settings.budget.runs,
            "most_minutes": settings.budget.minutes,
        },
    }


def markdown(content: Mapping[str, Any]) -> str:
    """The report in words."""
    budget = content["budget"]
    head = {"go": "Train a candidate", "wait": "Wait"}[content["decision"]]
    why = [*content["holds"]] if content["holds"] else [*content["reasons"]] or ["No trigger calls for it."]
    rows = [
        [
            item["name"],
            "fires" if item["fires"] else "silent",
            "" if item["enabled"] else "off in params.yaml",
            item["why"],
        ]
        for item in content["triggers"]
    ]
    lines = [f"### Retraining: {head}", "", *(f"- {cell(reason)}" for reason in why), ""]
    lines += table(["trigger", "state", "", "what was seen"], rows)
    lines.append(
        f"Last training: {content['last'] or 'none'}. In {budget['days']} days: "
        f"{budget['runs']} of {budget['most_runs']} trainings, "
        f"{budget['minutes']:.1f} of {budget['most_minutes']:g} minutes."
    )
    return "\n".join([*lines, ""])


def run(root: Path, trigger: Trigger, now: datetime) -> str:
    """Decide, write both reports, and tell the workflow.

    Args:
        root: The project's folder.
        trigger: What called for it from outside; empty where nothing did.
        now: The time.

    Returns:
        The report in words.

    Raises:
        ProjectError: Parameters or reports cannot be used.
    """
    settings, facts = params.load(root / params.PATH).retraining, known(root, now)
    decision = decide(facts, settings, trigger)
    content = report(decision, facts.model, settings, trigger, now)
    text = markdown(content)
    files.write_json(root / RETRAIN, content)
    (root / RETRAIN).with_suffix(".md").write_text(text, encoding="utf-8", newline="\n")
    event = next((item.name for item in decision.reasons if item.name in ("drift", "performance", "age")), "")
    github.output("go", str(decision.goes).lower())
    github.output("event", event)
    github.summarize(text)
    return text


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProjectError(f"{path}: not JSON: {error}. Remove it, and run this again.") from error
    return content if isinstance(content, dict) else None
