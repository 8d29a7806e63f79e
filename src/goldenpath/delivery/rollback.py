"""Take the newest promotion of an environment back: ``goldenpath rollback prod --reason "…"``.

A rollback is the revert of a promotion, so what ran before runs again, to the byte. Said again, it goes one promotion
further back. It asks nothing of the checklist: going back to what has run must always be possible.
"""

from __future__ import annotations

from pathlib import Path

from goldenpath.delivery import commit, deployment_history, desired_state, registry
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git


def rollback(root: Path, environment: str, reason: str) -> str:
    """Revert the newest promotion that still stands.

    Args:
        root: The project's folder.
        environment: One of the manifest's environments.
        reason: Why, for the history.

    Returns:
        What was done and what to do next.

    Raises:
        ProjectError: No reason is given, something is not committed, or there is nothing to go back to.
    """
    desired_state.check_environment(root, environment)
    if not reason.strip():
        raise ProjectError(f'--reason is empty; the history says why: goldenpath rollback {environment} --reason "…"')
    git.refuse_changes(root)
    last = next(deployment_history.standing(deployment_history.changes(root, environment)), None)
    if last is None:
        raise ProjectError(f"{environment}: nothing was promoted that could be taken back. See: goldenpath status")
    if last.before is None or last.before.is_empty:
        ran = last.after.model if last.after else "What runs"
        raise ProjectError(
            f"{environment}: {ran} is the first version there, so there is nothing to go back to: {environment} is "
            f"still told to run it. Mend what runs it and ask `goldenpath smoke {environment} URL` again, or mend the "
            "model and promote its next version."
        )
    older = registry.by_tag(root, last.before.model)
    now = desired_state.read(root, environment)
    subject = f"Roll {environment} back to {older.name}"
    with commit.beside(root) as project:
        desired_state.write(project, environment, last.before)
        trailers = {
            deployment_history.REASON: reason,
            deployment_history.IMAGE: str(last.before.image),
            "Replaces": now.model,
        }
        made = commit.commit(project, subject, trailers, f"This reverts commit {last.commit}.")
    commit.move_to(root, made)
    tag = registry.assign(root, older, environment, f"{subject}\n\n{deployment_history.REASON}: {reason}\n")
    return f"{subject}: commit {made[:9]}, tag {tag}. To publish it: git push origin HEAD '{tag}'"
