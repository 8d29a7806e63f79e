"""Send a promotion or a rollback to the shared repository: ``goldenpath publish``, and in CI with ``--pull-request``.

Only what changes overlays goes this way. A pull request is merged by the forge as soon as its rules allow, and this
waits for that, or closes it; tags of the registry follow once the main branch tells the same as they do.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from goldenpath.delivery import desired_state
from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError
from goldenpath.repository import forge, git

REMOTE, BRANCH = "origin", "main"
PAUSE = 5.0
"""Seconds between two looks at the main branch."""


def publish(root: Path, *, pull_request: bool, seconds: float = 1800) -> str:
    """Bring the commits of this work tree to the main branch of the remote, and then the tags of the registry.

    Args:
        root: The project's folder.
        pull_request: Whether to go by a pull request.
        seconds: How long to wait for its merge.

    Returns:
        What was done.

    Raises:
        ProjectError: Something is not committed, there is nothing to publish, it changes more than overlays, or the
            remote refused, or did not merge in time.
    """
    git.refuse_changes(root)
    git.to_remote(root, "fetch", "--quiet", REMOTE, BRANCH)
    upstream = f"{REMOTE}/{BRANCH}"
    changed = git.run(root, "diff", "--name-only", "--relative", f"{upstream}...HEAD").split("\n")
    changed = [path for path in changed if path]
    if not changed:
        raise ProjectError(f"Nothing to publish: {upstream} has all commits of this branch. First: goldenpath promote")
    if others := [path for path in changed if not path.startswith(f"{desired_state.OVERLAYS}/")]:
        raise ProjectError(
            f"{', '.join(others[:5])}: a deployment changes {desired_state.OVERLAYS} and nothing else. Bring the rest "
            f"by a pull request of its own, then: git pull --rebase"
        )
    if pull_request:
        _by_pull_request(root, changed, upstream, seconds)
    else:
        git.to_remote(root, "push", "--quiet", REMOTE, f"HEAD:refs/heads/{BRANCH}")
    stages = f"refs/tags/{distribution.name(root)}#*"
    git.to_remote(root, "push", "--quiet", REMOTE, f"{stages}:{stages}")
    return f"Published: {git.run(root, 'log', '-1', '--format=%s')}"


def _by_pull_request(root: Path, changed: Sequence[str], upstream: str, seconds: float) -> None:
    branch = f"deliver/{git.run(root, 'rev-parse', '--short', 'HEAD')}"
    subject, body = (git.run(root, "log", "-1", f"--format={field}") for field in ("%s", "%b"))
    git.to_remote(root, "push", "--quiet", REMOTE, f"HEAD:refs/heads/{branch}")
    forge.call(root, ("pr", "create", "--base", BRANCH, "--head", branch, "--title", subject, "--body", body))
    forge.call(root, ("pr", "merge", branch, "--rebase", "--auto", "--delete-branch"))
    deadline = time.monotonic() + seconds
    while git.run(root, "diff", "--name-only", "--relative", "HEAD", upstream, "--", *changed):
        if time.monotonic() > deadline:
            # Merged later, it would change what runs while nobody looks, and without its tag.
            forge.call(root, ("pr", "close", branch, "--delete-branch"))
            raise ProjectError(
                f"The pull request of {branch} was not merged within {seconds:g} s, so it was closed and nothing has "
                "changed. It says why; once that is mended, run the job again, or: goldenpath publish --pull-request"
            )
        time.sleep(min(PAUSE, seconds))
        git.to_remote(root, "fetch", "--quiet", REMOTE, BRANCH)
    git.run(root, "reset", "--quiet", "--keep", upstream)  # the forge gave the commits other ids
