"""Receipts between clones: they are git notes, which git neither fetches nor pushes unless told."""

from __future__ import annotations

from pathlib import Path

from goldenpath.repository import git

REF = "refs/notes/goldenpath"
"""The notes that hold the receipts."""
REMOTE = "origin"


def pull(root: Path) -> str:
    """Fetch tags and the receipts that others have recorded, and join them line by line with those here.

    Args:
        root: The project's folder.

    Returns:
        What was done.

    Raises:
        ProjectError: The remote cannot be reached, or the notes cannot be joined.
    """
    git.to_remote(root, "fetch", "--quiet", "--tags", REMOTE)
    if not git.to_remote(root, "ls-remote", REMOTE, REF):
        return f"{REMOTE} has no receipts yet; its tags are here."
    fetched = f"{REF}-fetched"
    git.to_remote(root, "fetch", "--quiet", REMOTE, f"+{REF}:{fetched}")
    git.run(root, "notes", f"--ref={REF}", "merge", "--quiet", "--strategy=cat_sort_uniq", fetched)
    return f"Fetched tags and receipts from {REMOTE}."


def push(root: Path) -> str:
    """Share the receipts that were recorded here, after those of others were fetched.

    Args:
        root: The project's folder.

    Returns:
        What was done.

    Raises:
        ProjectError: The remote cannot be reached or refuses them.
    """
    pull(root)
    if git.run_or_none(root, "rev-parse", "--verify", "--quiet", REF) is None:
        return "No receipt was recorded here, so there is nothing to share."
    git.to_remote(root, "push", "--quiet", REMOTE, REF)
    return f"Shared the receipts with {REMOTE}."
