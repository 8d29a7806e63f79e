"""Show that the model gate can refuse: give it a model made worse on purpose.

It runs in a throwaway clone of the last commit, where the committed model is the champion and the candidate is the same
model, blind for its most important columns. Nothing but the command ``goldenpath gate model`` judges.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.gates.model.degrade import blinded
from goldenpath.gates.model.quality import CANDIDATE
from goldenpath.gates.model.render import headline
from goldenpath.model import signature
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import GATES, IMPORTANCE, METRICS, MODEL, SIGNATURE
from goldenpath.repository import facts
from goldenpath.repository.clone import clone, environment_of_commit


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


def run(root: Path) -> str:
    """Degrade the committed model until the gate refuses it.

    Args:
        root: The project's folder.

    Returns:
        What the gate said of the degraded model.

    Raises:
        ProjectError: The gate let it through, or could not judge.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
            project = clone(root, Path(folder), share_cache=True)
            proved = prove(root, project)
        metric, score = _score(json.loads((root / METRICS).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, ProjectError):
            raise
        raise ProjectError(f"The committed results cannot be read: {error!r}. Run `make run`, and commit.") from error
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
    scores = f"{metric} {proved.score:.4g} beside {score:.4g}, without {', '.join(proved.hidden)}"
    if not is_refused(proved, metric):
        raise ProjectError(
            f"The gate let a degraded model through: {scores}.\n"
            "Set gates.non_inferiority in params.yaml, or narrow its margin."
        )
    return f"The gate refused a degraded model: {scores}.\n{headline(proved.report)}"


def prove(root: Path, project: Path) -> Refusal:
    """Let the gate judge a degraded model: first without the more important half of its columns, then without any.

    Args:
        root: The project's folder.
        project: A clone whose model may be overwritten.

    Raises:
        ProjectError: The committed model cannot be had, or does worse nowhere however little it sees.
    """
    variables = environment_of_commit(root, project)
    variables.pop(facts.TOLD, None)
    _checked_out(project)
    model, described = (project / MODEL).read_bytes(), signature.load(project / SIGNATURE)
    by_importance = _by_importance(project, [column.name for column in described.inputs])
    metric = HEADLINE[described.task]
    for hidden in (by_importance[: (len(by_importance) + 1) // 2], by_importance):
        worse = blinded(model, described, hidden)
        signed = replace(described, model_sha256=hashlib.sha256(worse).hexdigest())
        # The file may be a link into DVC's cache, whose content must stay what it is.
        (project / MODEL).unlink()
        (project / MODEL).write_bytes(worse)
        (project / SIGNATURE).write_text(json.dumps(signed.to_json()), encoding="utf-8")
        proved = _judged(project, variables, hidden, metric)
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
            "`make run`, and commit what it wrote."
        )


def _judged(project: Path, variables: Mapping[str, str], hidden: list[str], metric: str) -> Refusal:
    done = subprocess.run(
        [sys.executable, "-m", "goldenpath", "gate", "model", "--base", "HEAD"],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if not (project / GATES).is_file():
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise ProjectError(f"The gate judged nothing: {reason}")
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
