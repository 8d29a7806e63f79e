"""Tell whether the model is to be trained anew now, and why: ``make retrain-check``.

Writes ``reports/retrain.json`` and ``.md``. Both answers end with 0: waiting is no fault. In a workflow, the job's
outputs ``go`` and ``event`` tell them apart.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from goldenpath.gates.gate import STEP_SUMMARY, cell, table
from goldenpath.project import params
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Retraining
from goldenpath.project.paths import DRIFT, PERFORMANCE, RETRAIN, SIGNATURE, STALENESS
from goldenpath.retraining import history
from goldenpath.retraining.decide import ASKED, BUDGET_DAYS, Asked, Decision, Facts, decide

SCHEMA = 1
OUTPUT = "GITHUB_OUTPUT"
"""The environment variable by which GitHub names a file for what later steps and jobs read."""


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


def report(found: Decision, model: str, settings: Retraining, now: datetime) -> dict[str, Any]:
    """The content of ``retrain.json``; the schema stands in docs/retraining.md."""
    return {
        "schema": SCHEMA,
        "decision": "go" if found.goes else "wait",
        "reasons": [f"{item.name}: {item.why}" for item in found.reasons],
        "holds": list(found.holds),
        "measured": now.isoformat(timespec="seconds"),
        "model": model,
        "triggers": [
            {"name": item.name, "enabled": item.is_enabled, "fires": item.fires, "why": item.why}
            for item in found.triggers
        ],
        "last": None if found.last is None else found.last.isoformat(timespec="seconds"),
        "budget": {
            "days": BUDGET_DAYS,
            "runs": found.runs,
            "minutes": round(found.minutes, 2),
            "most_runs": settings.budget.runs,
            "most_minutes": settings.budget.minutes,
        },
    }


def markdown(told: Mapping[str, Any]) -> str:
    """The report in words."""
    budget = told["budget"]
    head = {"go": "Train anew", "wait": "Wait"}[told["decision"]]
    why = [*told["holds"]] if told["holds"] else [*told["reasons"]] or ["Nothing asks for it."]
    rows = [
        [
            item["name"],
            "asks" if item["fires"] else "rests",
            "" if item["enabled"] else "off in params.yaml",
            item["why"],
        ]
        for item in told["triggers"]
    ]
    lines = [f"### Retraining: {head}", "", *(f"- {cell(reason)}" for reason in why), ""]
    lines += table(["trigger", "says", "", "what was seen"], rows)
    lines.append(
        f"Last training: {told['last'] or 'none'}. In {budget['days']} days: {budget['runs']} of {budget['most_runs']} "
        f"trainings, {budget['minutes']:.1f} of {budget['most_minutes']:g} minutes."
    )
    return "\n".join([*lines, ""])


def run(root: Path, asked: Asked, now: datetime) -> str:
    """Decide, write both reports, and tell the workflow.

    Returns:
        The report in words.

    Raises:
        ProjectError: Parameters or reports cannot be used.
    """
    settings, facts = params.load(root / params.PATH).retraining, known(root, now)
    found = decide(facts, settings, asked)
    told = report(found, facts.model, settings, now)
    text = markdown(told)
    (root / RETRAIN).parent.mkdir(parents=True, exist_ok=True)
    (root / RETRAIN).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (root / RETRAIN).with_suffix(".md").write_text(text, encoding="utf-8", newline="\n")
    event = next((item.name for item in found.reasons if item.name in ("drift", "performance", "age")), "")
    _append(OUTPUT, f"go={str(found.goes).lower()}\nevent={event}\n")
    _append(STEP_SUMMARY, text)
    return text


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProjectError(f"{path}: is no JSON: {error}. Remove it, and make it anew.") from error
    return content if isinstance(content, dict) else None


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def main() -> int:
    """The command; see the module.

    Returns:
        0, or 2 where it could not be decided; the reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="retrain-check", description="Tell whether to train the model anew now.")
    parser.add_argument("--trigger", default="", help=f"who asks: {', '.join(filter(None, ASKED))}")
    asked = parser.parse_args().trigger
    try:
        if asked not in ASKED:
            raise ProjectError(f"TRIGGER={asked}: want {', '.join(filter(None, ASKED))}, or none.")
        print(run(Path(), cast("Asked", asked), datetime.now(UTC)))
    except ProjectError as refusal:
        print(f"retrain-check failed.\n{refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
