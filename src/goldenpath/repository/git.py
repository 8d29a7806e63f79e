"""Questions to git, and tags."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from goldenpath.project.errors import ProjectError


def run(root: Path, *words: str) -> str:
    """What a git command prints.

    Raises:
        ProjectError: There is no git, no repository, or git refused; with its reason.
    """
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError("git is not installed.") from error
    if done.returncode:
        raise ProjectError(f"git {words[0]}: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}")
    return done.stdout.strip("\n")


def contents(root: Path, names: Sequence[str]) -> list[str | None]:
    """The text of each ``commit:path``; None where there was no such file. One process, however long the history."""
    asked = "".join(f"{name}\n" for name in names).encode()
    done = subprocess.run(["git", "cat-file", "--batch"], cwd=root, input=asked, capture_output=True, check=True)
    found: list[str | None] = []
    rest = done.stdout
    for _ in names:
        head, _, rest = rest.partition(b"\n")
        if head.endswith(b"missing"):
            found.append(None)
            continue
        size = int(head.rsplit(b" ", 1)[1])
        found.append(rest[:size].decode("utf-8", "replace"))
        rest = rest[size + 1 :]
    return found


def refuse_changes(root: Path) -> None:
    """Stop where the work tree is not what the last commit holds.

    Raises:
        ProjectError: Something is not committed; the message names it.
    """
    changed = [line[3:] for line in run(root, "status", "--porcelain", "--", ".").splitlines()]
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise ProjectError(f"Not committed: {', '.join(changed[:5])}{more}. Commit first; a tag stands on a commit.")


def is_ancestor(root: Path, earlier: str, later: str) -> bool:
    """Whether one commit leads to another, or is it."""
    words = ("git", "merge-base", "--is-ancestor", earlier, later)
    return subprocess.run(words, cwd=root, capture_output=True, check=False).returncode == 0


def tags(root: Path, pattern: str) -> list[str]:
    """The tags that match a pattern, oldest version first."""
    return run(root, "tag", "--list", "--sort=version:refname", pattern).split()


def tag(root: Path, name: str, message: str) -> None:
    """Put an annotated tag on the last commit.

    Raises:
        ProjectError: The tag is there already, or git refused.
    """
    run(root, "tag", "--annotate", "--cleanup=verbatim", "--message", message, name)
