"""Send a promotion or a rollback to the shared repository: ``make publish``, and in CI ``make publish PULL_REQUEST=1``.

Only what changes overlays goes this way. A pull request is merged by the forge as soon as its rules allow, and this
waits for that, or closes it; tags of the registry follow once the main branch tells the same as they do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from goldenpath.delivery import desired_state, registry
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

REMOTE, BRANCH = "origin", "main"
PAUSE = 5.0
"""Seconds between two looks at the main branch."""
_TOKEN = ("-c", "credential.helper=!gh auth git-credential")


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish the last commits.

    Returns:
        0, or 1 after a refusal, whose reason went to standard error.
    """
    parser = argparse.ArgumentParser(prog="publish", description=__doc__)
    parser.add_argument("--pull-request", action="store_true", help="by a pull request, with the program gh")
    parser.add_argument("--seconds", type=float, default=1800, help="how long to wait for its merge")
    given = parser.parse_args(arguments)
    try:
        print(publish(Path.cwd(), pull_request=given.pull_request, seconds=given.seconds))
    except ProjectError as refusal:
        print(f"publish refused.\n{refusal}", file=sys.stderr)
        return 1
    return 0


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
    _git(root, "fetch", "--quiet", REMOTE, BRANCH)
    upstream = f"{REMOTE}/{BRANCH}"
    changed = git.run(root, "diff", "--name-only", "--relative", f"{upstream}...HEAD").split("\n")
    changed = [path for path in changed if path]
    if not changed:
        raise ProjectError(f"Nothing to publish: {upstream} has all commits of this branch. First: make promote")
    if others := [path for path in changed if not path.startswith(f"{desired_state.OVERLAYS}/")]:
        raise ProjectError(
            f"{', '.join(others[:5])}: a deployment changes {desired_state.OVERLAYS} and nothing else. Bring the rest "
            f"by a pull request of its own, then: git pull --rebase"
        )
    if pull_request:
        _by_pull_request(root, changed, upstream, seconds)
    else:
        _git(root, "push", "--quiet", REMOTE, f"HEAD:refs/heads/{BRANCH}")
    stages = f"refs/tags/{registry.product_name(root)}#*"
    _git(root, "push", "--quiet", REMOTE, f"{stages}:{stages}")
    return f"Published: {git.run(root, 'log', '-1', '--format=%s')}"


def _by_pull_request(root: Path, changed: Sequence[str], upstream: str, seconds: float) -> None:
    branch = f"deliver/{git.run(root, 'rev-parse', '--short', 'HEAD')}"
    subject, body = (git.run(root, "log", "-1", f"--format={field}") for field in ("%s", "%b"))
    _git(root, "push", "--quiet", REMOTE, f"HEAD:refs/heads/{branch}")
    _forge(root, "pr", "create", "--base", BRANCH, "--head", branch, "--title", subject, "--body", body)
    _forge(root, "pr", "merge", branch, "--rebase", "--auto", "--delete-branch")
    deadline = time.monotonic() + seconds
    while git.run(root, "diff", "--name-only", "--relative", "HEAD", upstream, "--", *changed):
        if time.monotonic() > deadline:
            # Merged later, it would change what runs while nobody looks, and without its tag.
            _forge(root, "pr", "close", branch, "--delete-branch")
            raise ProjectError(
                f"The pull request of {branch} was not merged within {seconds:g} s, so it was closed and nothing has "
                "changed. It says why; once that is mended, run the job again, or: make publish PULL_REQUEST=1"
            )
        time.sleep(min(PAUSE, seconds))
        _git(root, "fetch", "--quiet", REMOTE, BRANCH)
    git.run(root, "reset", "--quiet", "--keep", upstream)  # the forge gave the commits other ids


def _git(root: Path, *words: str) -> None:
    """Run git against the remote; with the forge's token where a job has been given one."""
    git.run(root, *(_TOKEN if os.environ.get("GH_TOKEN") else ()), *words)


def _forge(root: Path, *words: str) -> None:
    try:
        done = subprocess.run(["gh", *words], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError("The program gh is not installed. Without a pull request: make publish") from error
    if done.returncode:
        raise ProjectError(f"gh {' '.join(words[:2])}: {' '.join(done.stderr.split()) or 'it gave no reason'}")


if __name__ == "__main__":
    sys.exit(main())
