"""Bring a candidate that won its gate before people: first a commit, then a branch and a pull request.

A candidate that lost is neither committed nor sent, and is told to have lost. Nothing here merges, registers or
deploys: a person reads the pull request, and a person gives the version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK, GATES, LINEAGE, METRICS, MODEL_CARD, RETRAIN, SIGNATURE, SPLIT_REPORT
from goldenpath.repository import facts, forge, git

REMOTE, BASE, BRANCH = "origin", "main", "retrain/"
REPORT = Path("reports/pull-request.md")
LONGEST_BODY = 60_000
"""Characters; GitHub takes 65,536 bytes, and most of these are one."""


def commit(root: Path) -> str:
    """Commit the results of a training whose gate is green.

    Returns:
        What was done.

    Raises:
        ProjectError: The gate is not green, was about another model, or there is nothing to commit.
    """
    verdict = _won(root)
    written = [path for path in (DVC_LOCK, LINEAGE.parent, METRICS.parent, MODEL_CARD) if (root / path).exists()]
    git.run(root, "add", "--all", "--", *map(str, written))
    if not git.run(root, "diff", "--cached", "--name-only"):
        raise ProjectError("Nothing to commit: the results are those of the last commit.")
    rows = json.loads((root / SPLIT_REPORT).read_text(encoding="utf-8"))
    newest = str(rows["test"].get("to", ""))[:10]
    subject = f"Train the model on rows through {newest}" if newest else "Train the model again"
    why = [
        *_reasons(root),
        f"Gate: {verdict['verdict']}, beside the champion {verdict['champion']['model'] or 'none'}",
    ]
    git.run(root, "commit", "--quiet", "--message", subject, "--message", "\n".join(why))
    return f"Committed: {subject}. Next: goldenpath pr-report, then goldenpath retrain publish"


def publish(root: Path, *, pull_request: bool) -> str:
    """Send the branch, and open a pull request where that is asked for.

    Returns:
        What was done; the address of the pull request.

    Raises:
        ProjectError: The gate is not green, something is not committed, or the remote or the forge refused.
    """
    verdict = _won(root)
    git.refuse_changes(root)
    branch = git.run(root, "branch", "--show-current")
    if not branch.startswith(BRANCH):
        raise ProjectError(
            f"{branch or 'no branch'}: a candidate has a branch of its own. Begin it: goldenpath retrain branch"
        )
    git.to_remote(root, "push", "--quiet", REMOTE, f"HEAD:refs/heads/{branch}")
    if not pull_request:
        return f"Sent {branch}. Open a pull request from it, with {REPORT} as its text."
    subject = git.run(root, "log", "-1", "--format=%s")
    words = ("pr", "create", "--base", BASE, "--head", branch, "--title", subject, "--body-file", "-")
    address = forge.call(root, words, body(root)).strip().splitlines()
    link = address[-1] if address else ""
    facts.tell(
        {
            "event": _decision(root).get("triggered_by", ""),
            "gate": verdict["verdict"],
            "commit": git.run(root, "rev-parse", "HEAD"),
            "pull_request": link,
            "model": verdict["model"],
        }
    )
    return f"Opened {link}: {subject}. A person decides."


def body(root: Path) -> str:
    """The text of the pull request: why there is a candidate, and what ``goldenpath pr-report`` says of it."""
    reasons = [f"- {reason}" for reason in _reasons(root)]
    why = "\n".join(["Why there is this candidate:", "", *reasons]) if reasons else ""
    report = (root / REPORT).read_text(encoding="utf-8") if (root / REPORT).is_file() else ""
    return "\n\n".join(filter(None, (why, report)))[:LONGEST_BODY] or "Trained again; see the checks."


def _won(root: Path) -> dict[str, Any]:
    """The gate's report on the present model, where it is green.

    Raises:
        ProjectError: It is not, or there is none.
    """
    if not (root / GATES).is_file():
        raise ProjectError(f"{GATES}: no such file, so nothing is known of the candidate. Run `goldenpath gate model`.")
    found: dict[str, Any] = json.loads((root / GATES).read_text(encoding="utf-8"))
    model = json.loads((root / SIGNATURE).read_text(encoding="utf-8"))["model_sha256"]
    if found["model"] != model:
        raise ProjectError(f"{GATES} is about another model than {SIGNATURE}. Run `goldenpath gate model`.")
    if found["verdict"] != "pass":
        red = [gate["name"] for gate in found["gates"] if gate["verdict"] in ("fail", "inconclusive")]
        raise ProjectError(
            f"The candidate {model[:12]} lost its gate ({', '.join(red)}): no pull request is opened, and the champion "
            f"{found['champion']['model'][:12]} stays. What was found stands in {GATES}: goldenpath gate model"
        )
    if found["champion"]["comparison"] == "unchanged":
        raise ProjectError("The candidate is the champion, byte for byte: there is nothing to propose.")
    return found


def _reasons(root: Path) -> list[str]:
    return [str(reason) for reason in _decision(root).get("reasons", [])]


def _decision(root: Path) -> dict[str, Any]:
    """What ``goldenpath retrain check`` left; empty where it was not run."""
    if not (root / RETRAIN).is_file():
        return {}
    content: dict[str, Any] = json.loads((root / RETRAIN).read_text(encoding="utf-8"))
    return content
