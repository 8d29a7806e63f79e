"""Secrets: a handful of token shapes that hardly ever occur by chance, looked for in files and in history.

High precision on purpose: a password without a shape is for a real scanner to find, and its report for a receipt.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from goldenpath.repository.git import HARMLESS, harmless_environment
from goldenpath.review.product.git import Git

LARGEST = 4 * 2**20
"""Bytes of a file; what is larger is data."""

MOST_COMMITS = 500
MOST_BYTES = 32 * 2**20
"""Bounds of the history that a review reads: some 0.3 s of git."""

_GITHUB = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")
# Each shape holds a literal, so that a fast search for it can say no before the expression is tried.
_SHAPES: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = tuple(
    (name, literal, re.compile(shape))
    for name, literal, shape in (
        (
            "private key",
            b"PRIVATE KEY",
            rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+[+ ]*[A-Za-z0-9+/=]{32}",
        ),
        ("AWS access key", b"AKIA", rb"\bAKIA[A-Z2-7]{16}\b"),
        *(("GitHub token", kind, rb"\b" + kind + rb"[A-Za-z0-9]{36,255}\b") for kind in _GITHUB),
        ("GitHub token", b"github_pat_", rb"\bgithub_pat_[A-Za-z0-9_]{60,255}\b"),
        ("GitLab token", b"glpat-", rb"\bglpat-[A-Za-z0-9_-]{20,64}\b"),
        ("Slack token", b"xox", rb"\bxox[abprs]-\d{8,}-[A-Za-z0-9-]{10,}"),
        (
            "Slack webhook",
            b"hooks.slack.com",
            rb"hooks\.slack\.com/services/T[A-Z0-9]{7,}/B[A-Z0-9]{7,}/[A-Za-z0-9]{20,}",
        ),
        ("Google API key", b"AIza", rb"\bAIza[A-Za-z0-9_-]{35}\b"),
        ("Stripe key", b"k_live_", rb"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
        ("Hugging Face token", b"hf_", rb"\bhf_[A-Za-z]{34,}\b"),
        ("PyPI token", b"pypi-AgEI", rb"\bpypi-AgEI[A-Za-z0-9_-]{50,}"),
        ("Anthropic or OpenAI key", b"sk-", rb"\bsk-(?:ant-|proj-)[A-Za-z0-9_-]{40,}"),
        ("Azure storage key", b"AccountKey=", rb"AccountKey=[A-Za-z0-9+/]{86}=="),
    )
)
_COMMIT = b"\x1ecommit "


@dataclass(frozen=True)
class Secret:
    """One secret: its kind, never its text.

    Attributes:
        kind: What it gives access to.
        path: The file.
        line: The line, where it is in the checkout.
        commit: The oldest commit read that holds it; empty for a file that is not committed.
    """

    kind: str
    path: str
    line: int | None = None
    commit: str = ""


@dataclass(frozen=True)
class History:
    """What was found in history, how many commits were read, and whether those were all."""

    secrets: tuple[Secret, ...]
    commits: int
    complete: bool


def in_text(content: bytes, path: str) -> list[Secret]:
    """The secrets in a file."""
    return [Secret(kind, path, content.count(b"\n", 0, start) + 1) for kind, start, _ in _matches(content)]


def in_history(git: Git, revision: str, since: str, folder: str) -> History:
    """The secrets in the changes of the commits that lead to a revision.

    Args:
        git: The repository.
        revision: The newest commit.
        since: A commit whose history is known to be clean; empty to read from the first.
        folder: Only changes below it; empty for all.
    """
    content, whole = _patches(git, f"{since}..{revision}" if since else revision, folder)
    commits = content.count(_COMMIT)
    found: dict[bytes, Secret] = {}
    for kind, start, text in _matches(content):
        # The newest commit comes first, so the last that is seen is the oldest.
        mark = content.rfind(_COMMIT, 0, start) + len(_COMMIT)
        commit = content[mark : mark + 9].decode("ascii", "replace")
        name = content.rfind(b"\n+++ b/", mark, start)
        path = content[name + 7 : content.find(b"\n", name + 7)] if name >= 0 else b""
        found[text] = Secret(kind, path.decode("utf-8", "replace").rstrip("\t"), commit=commit)
    return History(tuple(found.values()), commits, whole and commits < MOST_COMMITS and not git.is_shallow)


def _matches(content: bytes) -> Iterator[tuple[str, int, bytes]]:
    for kind, literal, shape in _SHAPES:
        if literal not in content:
            continue
        begins = shape.pattern.startswith(rb"\b" + literal)
        for match in _beginning_with(literal, shape, content) if begins else shape.finditer(content):
            if b"EXAMPLE" not in match[0]:  # the keys of the vendors' own manuals
                yield kind, match.start(), match[0]


def _beginning_with(literal: bytes, shape: re.Pattern[bytes], content: bytes) -> Iterator[re.Match[bytes]]:
    """Every match of a shape that begins with a literal; to look for that first is many times faster."""
    place = content.find(literal)
    while place >= 0:
        match = shape.match(content, place)
        if match is not None:
            yield match
        place = content.find(literal, place + 1 if match is None else match.end())


def _patches(git: Git, revisions: str, folder: str) -> tuple[bytes, bool]:
    """The patches of commits, the newest first, and whether all of them were read."""
    # Files larger than text are taken as binary and not compared.
    command = ["git", *HARMLESS, "-c", "core.bigFileThreshold=4m"]
    command += ["log", f"--max-count={MOST_COMMITS}", "--format=%x1ecommit %H"]
    command += ["--patch", "--unified=0", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv"]
    command += ["--diff-merges=dense-combined", "--src-prefix=a/", "--dst-prefix=b/", revisions, "--", folder or "."]
    with subprocess.Popen(
        command,
        cwd=git.root,
        env=harmless_environment() | {"GIT_LITERAL_PATHSPECS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        pipe = running.stdout
        content = pipe.read(MOST_BYTES + 1) if pipe else b""
        if len(content) > MOST_BYTES:
            running.kill()
    return content[:MOST_BYTES], len(content) <= MOST_BYTES and running.returncode == 0
