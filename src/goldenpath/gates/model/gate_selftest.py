"""Show that the gate can refuse: give it a model made worse on purpose (``make prove-gate``).

It runs in a throwaway clone of the last commit, where the committed model is the champion and the candidate is the same
model, blind for its most important columns. Nothing but ``make gate``'s own command judges.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.gates.model.degrade import blinded
from goldenpath.gates.model.quality import CANDIDATE
from goldenpath.gates.model.render import headline
from goldenpath.model import signature
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import GATES, METRICS, MODEL, PLOTS, SIGNATURE
from goldenpath.repository import facts
from goldenpath.repository.clone import clone, environment

IMPORTANCE = PLOTS / "importance.json"


@dataclass(frozen=True)
class Refusal:
    """How the gate took a degraded model.

    Attributes:
        hidden: The columns that the model no longer saw.
        score: Its headline metric.
        exit_code: How the gate ended.
        report: What the gate wrote.
    """

    hidden: list[str]
    score: float
    exit_code: int
    report: dict[str, Any]


def main() -> int:
    """Degrade the committed model until the gate refuses it.

    Returns:
        0 where the gate refused it for being worse, 1 where it let it through or could not judge.
    """
    root = Path.cwd()
    try:
        with tempfile.TemporaryDirectory(prefix="prove-gate-") as folder:
            project = clone(root, Path(folder), share_cache=True)
            proved = prove(project)
        metric, score = _score(json.loads((root / METRICS).read_text(encoding="utf-8")))
    except (ProjectError, OSError, ValueError, KeyError) as refusal:
        print(f"prove-gate failed.\n{refusal}", file=sys.stderr)
        return 1
    facts.tell(
        {
            "metric": metric,
            "current_score": score,
            "degraded_score": proved.score,
            "gate_exit_code": proved.exit_code,
            "failed": _failed(proved.report),
            "hidden_columns": proved.hidden,
        }
    )
    told = f"{metric} {proved.score:.4g} beside {score:.4g}, without {', '.join(proved.hidden)}"
    if not is_refused(proved, metric):
        print(f"prove-gate failed.\nThe gate let a degraded model through: {told}.", file=sys.stderr)
        print("Set gates.non_inferiority in params.yaml, or narrow its margin.", file=sys.stderr)
        return 1
    print(f"The gate refused a degraded model: {told}.\n{headline(proved.report)}")
    return 0


def prove(project: Path) -> Refusal:
    """Let the gate judge a degraded model: first without the more important half of its columns, then without any.

    Args:
        project: A clone whose model may be overwritten.

    Raises:
        ProjectError: The committed model cannot be had, or does worse nowhere however little it sees.
    """
    _checked_out(project)
    model, described = (project / MODEL).read_bytes(), signature.load(project / SIGNATURE)
    by_importance = _by_importance(project, [column.name for column in described.inputs])
    metric = HEADLINE[described.task]
    for hidden in (by_importance[: (len(by_importance) + 1) // 2], by_importance):
        worse = blinded(model, described, hidden)
        told = replace(described, model_sha256=hashlib.sha256(worse).hexdigest())
        # The file may be a link into DVC's cache, whose content must stay what it is.
        (project / MODEL).unlink()
        (project / MODEL).write_bytes(worse)
        (project / SIGNATURE).write_text(json.dumps(told.to_json()), encoding="utf-8")
        proved = _judged(project, hidden, metric)
        if is_refused(proved, metric):
            break
    return proved


def _checked_out(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "checkout", "--quiet"], cwd=project, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProjectError(
            f"The committed model and rows are not here: {' '.join(done.stderr.split())} Run `dvc fetch`, or "
            "`make pipeline`, and commit what it wrote."
        )


def _judged(project: Path, hidden: list[str], metric: str) -> Refusal:
    variables = environment(project) | {"PYTHONPATH": str(project / "src")}
    variables.pop(facts.TOLD, None)
    done = subprocess.run(
        [sys.executable, "-m", str(__package__), "--base", "HEAD"],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if not (project / GATES).is_file():
        raise ProjectError(f"The gate judged nothing: {' '.join(done.stderr.split())}")
    report = json.loads((project / GATES).read_text(encoding="utf-8"))
    return Refusal(hidden, report["measured"][CANDIDATE][metric], done.returncode, report)


def is_refused(proved: Refusal, metric: str) -> bool:
    """Whether the gate failed because the model is worse than the champion, and not for another reason alone."""
    return proved.exit_code == 1 and f"non_inferiority.{metric}" in _failed(proved.report)


def _failed(report: dict[str, Any]) -> list[str]:
    return [gate["name"] for gate in report["gates"] if gate["verdict"] == "fail"]


def _by_importance(project: Path, columns: list[str]) -> list[str]:
    """The model's columns, the most important first; those that nobody measured last."""
    path = project / IMPORTANCE
    measured = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    known = [item["column"] for item in measured if item["column"] in columns]
    return [*known, *(name for name in columns if name not in known)]


def _score(reported: dict[str, Any]) -> tuple[str, float]:
    name = HEADLINE[reported["task"]]
    return name, float(reported["model"][name]["value"])


if __name__ == "__main__":
    sys.exit(main())
