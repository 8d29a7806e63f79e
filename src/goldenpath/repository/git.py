"""The one layer over git: commands of a project's own repository, and harmless reading of a stranger's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from goldenpath.project.errors import ProjectError

HARMLESS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
"""Options under which git runs nothing that a repository configures."""
_OTHER_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
"""What git sets for its own hooks and aliases, and what would send a command to another repository than asked."""
_TOKEN = ("-c", "credential.helper=", "-c", "credential.helper=!gh auth git-credential")


def run(root: Path, *words: str) -> str:
    """What a git command prints, without the line breaks at its end.

    Args:
        root: The folder in which it runs.
        words: The command, without ``git``.

    Raises:
        ProjectError: There is no git, no repository, or git refused; with its reason.
    """
    try:
        done = _done(root, words)
    except FileNotFoundError as error:
        raise ProjectError("git is not installed.") from error
    if done.returncode:
        raise ProjectError(f"git {_name(words)}: {_reason(done.stderr)}")
    return done.stdout.strip("\n")


def run_or_none(root: Path, *words: str) -> str | None:
    """What a git command prints, or None where there is no git, no repository, or git refused; see :func:`run`."""
    try:
        return run(root, *words)
    except ProjectError:
        return None


def to_remote(root: Path, *words: str) -> str:
    """Run a command against the remote; a job that has the forge's token uses it for as long as this command.

    Raises:
        ProjectError: See :func:`run`.
    """
    return run(root, *(_TOKEN if os.environ.get("GH_TOKEN") else ()), *words)


def contents(root: Path, names: Sequence[str]) -> list[str | None]:
    """The text of each ``commit:path``; None where there was no such file. One process, however long the history.

    Raises:
        ProjectError: There is no git, or no repository.
    """
    lines = "".join(f"{name}\n" for name in names).encode()
    try:
        rest = harmless(root, "cat-file", "--batch", data=lines)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProjectError(f"{root}: git cannot read its history: {error}") from error
    texts: list[str | None] = []
    for _ in names:
        head, _, rest = rest.partition(b"\n")
        if head.endswith(b"missing"):
            texts.append(None)
            continue
        size = int(head.rsplit(b" ", 1)[1])
        texts.append(rest[:size].decode("utf-8", "replace"))
        rest = rest[size + 1 :]
    return texts


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
    return run_or_none(root, "merge-base", "--is-ancestor", earlier, later) is not None


def tags(root: Path, pattern: str) -> list[str]:
    """The tags that match a pattern, oldest version first."""
    return run(root, "tag", "--list", "--sort=version:refname", pattern).split()


def tag(root: Path, name: str, message: str) -> None:
    """Put an annotated tag on the last commit.

    Raises:
        ProjectError: The tag is there already, or git refused.
    """
    run(root, "tag", "--annotate", "--cleanup=verbatim", "--message", message, name)


def harmless(folder: Path, *words: str, data: bytes | None = None) -> bytes:
    """What a git command that only reads prints, in a repository that nobody vouches for.

    Args:
        folder: The folder in which it runs.
        words: The command, without ``git``.
        data: What it reads from standard input.

    Raises:
        OSError: There is no git.
        CalledProcessError: There is no repository, or git refused.
    """
    command = ["git", *HARMLESS, *words]
    # With one pipe to read, Python needs no loop over several.
    with subprocess.Popen(
        command,
        cwd=folder,
        env=harmless_environment(),
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        output, _ = running.communicate(data)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return output


def harmless_environment() -> dict[str, str]:
    """The environment of a git that takes no repository from it, asks nobody, and fetches nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # What a partial clone lacks is unknown here: to fetch it would need the network.
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


def _done(root: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OTHER_REPOSITORY}
    return subprocess.run(
        ["git", "-c", "core.quotePath=false", *words],
        cwd=root,
        env=kept | {"LC_ALL": "C"},
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def _reason(said: str) -> str:
    """Why git refused, among hints and what it did before."""
    lines = said.strip().splitlines() or ["it gave no reason"]
    return next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])


def _name(words: Sequence[str]) -> str:
    """What a command is called, behind git's own options."""
    return _name(words[2:]) if words[0] == "-c" else words[0]
