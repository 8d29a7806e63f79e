"""Receipts: what a command proved about a commit, kept as a git note on that commit.

A receipt is one line of JSON under ``refs/notes/goldenpath``. Notes of two clones are merged by taking the union of
their lines. A receipt counts for a commit when it was written on it, or on an earlier commit of the same line from
which none of the files that the criterion is about has changed since, but for the image and the model that an overlay
names. What can be derived again is: the tree of the
commit, and the digests of the files that it names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath.repository.receipts import REF
from goldenpath.review.product import makefile, promotions
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.tree import sha256

if TYPE_CHECKING:
    from goldenpath.review.product.git import Git
    from goldenpath.review.product.product import Product

SCHEMA = 1
_ONLY_TELLS = re.compile(r"\S*goldenpath\s(?:\S+\s+)*(?:--help|-h|--version)$")
"""A verb that only tells how it is used."""
LOOK_BACK = 50
"""First-parent commits whose receipts are looked at."""
PATIENCE = 30.0
"""Seconds to wait for another process that writes receipts."""


@dataclass(frozen=True)
class Receipt:
    """What one command proved.

    Attributes:
        id: The criterion.
        commit: The commit it was run on.
        tree: That commit's tree.
        when: When it ended, ISO 8601 with an offset.
        who: Who ran it: an address, or the CI system.
        run: A link to the run; empty for one on a laptop.
        command: The command.
        exit_code: How it ended.
        product: The product's folder in the repository; empty for its root.
        facts: What it reported, as the criterion wants it.
        artifacts: SHA-256 of files that it was about, by path.
        schema: The version of this format.
    """

    id: str
    commit: str
    tree: str
    when: str
    who: str
    command: str
    exit_code: int
    run: str = ""
    product: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def to_line(self) -> str:
        """The receipt as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Found:
    """The newest receipt that counts, or why none does.

    Attributes:
        receipt: The receipt; None where none counts.
        rejected: Why each of the others was not taken, the newest first.
        failed: The newest receipt that is about the product as it is, where its command failed; else None.
    """

    receipt: Receipt | None
    rejected: tuple[str, ...] = ()
    failed: Receipt | None = None


def find(product: Product, name: str, about: tuple[str, ...] = (), days: int = 0) -> Found:
    """Look for the newest receipt of a criterion that counts for the product as it is.

    Args:
        product: The product.
        name: The criterion's id.
        about: Paths, relative to the product, on which the proof depends; none means all of its files.
        days: How old it may be; 0 for any age.

    A receipt of a command that failed proves that it fails: none before it counts any more.
    """
    git, commit = product.git, product.commit
    if git is None or commit is None:
        return Found(None, ("there is no commit that a receipt could stand on",))
    rejected: list[str] = []
    for receipt in _of(product, name):
        fault = _fault(product, git, commit, receipt, about, days)
        if fault is None and receipt.exit_code == 0:
            return Found(receipt, tuple(rejected))
        why = fault or f"`{receipt.command}` ended with exit code {receipt.exit_code}"
        rejected.append(f"of {receipt.when[:10]} on {receipt.commit[:9]}: {why}")
        if fault is None:
            return Found(None, tuple(rejected), receipt)
    return Found(None, tuple(rejected))


def read(git: Git, commit: str) -> tuple[list[Receipt], list[str]]:
    """The receipts of the commits up to ``commit``, the newest first, and the lines that are none."""
    receipts, bad = [], []
    line = git.history(commit, LOOK_BACK)
    on_line = {found.sha for found in line}
    tree = line[0].tree if line else None
    for note, annotated in _notes(git):
        # A squashed or rebased merge leaves the proved commit behind and keeps its tree.
        if annotated not in on_line and git.tree_of(annotated) != tree:
            continue
        for text in (git.objects.read(note) or b"").decode("utf-8", "surrogateescape").splitlines():
            if not text.strip():
                continue
            try:
                receipt = _parse(text)
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                bad.append(f"{annotated[:9]}: not a receipt: {error}")
                continue
            if receipt.commit != annotated:
                bad.append(f"{annotated[:9]}: a receipt of {receipt.commit[:9]} stands on another commit")
                continue
            receipts.append(receipt)
    return sorted(receipts, key=lambda item: _moment(item.when), reverse=True), bad


def write(git: Git, receipt: Receipt) -> None:
    """Add a receipt to the notes of its commit; of several that write at once, none loses a line.

    Raises:
        OSError: git refused, or another process holds the notes; the message says what to do.
    """
    with _alone(git):
        present = git.run("notes", f"--ref={REF}", "show", receipt.commit) or ""
        lines = sorted({*filter(None, present.splitlines()), receipt.to_line()})
        text = ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
        # A note has an author, and a runner of CI is nobody; what counts as who is in the receipt.
        nobody = git.run("var", "GIT_COMMITTER_IDENT") is None
        author = ("-c", "user.name=goldenpath", "-c", "user.email=goldenpath@localhost") if nobody else ()
        if git.run(*author, "notes", f"--ref={REF}", "add", "--force", "--file=-", receipt.commit, data=text) is None:
            raise OSError(f"git notes --ref={REF} add failed on {receipt.commit[:9]}")


@contextmanager
def _alone(git: Git) -> Iterator[None]:
    """Hold the notes: git reads and writes them in two steps, between which another process could write too."""
    common = (git.run("rev-parse", "--git-common-dir") or ".git").rstrip("\n")
    lock = git.root / common / "goldenpath-notes.lock"
    until = time.monotonic() + PATIENCE
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > until:
                raise OSError(f"{lock} is held by another process; remove it if none is running") from None
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _of(product: Product, name: str) -> list[Receipt]:
    folder = product.prefix.rstrip("/")
    return [item for item in all_of(product)[0] if item.id == name and item.product == folder]


@lru_cache(maxsize=128)
def all_of(product: Product) -> tuple[list[Receipt], list[str]]:
    """Every receipt that might count for a product, and the lines of its notes that are none; read once."""
    if product.git is None or product.commit is None:
        return [], []
    return read(product.git, product.commit)


def _fault(product: Product, git: Git, commit: str, receipt: Receipt, about: tuple[str, ...], days: int) -> str | None:
    """Why a receipt says nothing about the product as it is, whatever its command ended with; None where it does."""
    if git.tree_of(receipt.commit) != receipt.tree:
        return "its tree is not that of its commit"
    if _does_nothing(product, receipt.command):
        return f"its command, `{receipt.command}`, does nothing"
    when = _moment(receipt.when)
    if when > product.now + timedelta(minutes=5):
        return "it is dated in the future"
    if days and product.now - when > timedelta(days=days):
        return f"it is older than {days} days"
    paths = tuple(f"{product.prefix}{path}" for path in about) or ((product.prefix,) if product.prefix else ())
    is_other = receipt.commit != commit and git.differs(receipt.commit, commit, paths)
    # Which image an environment runs is no part of what its manifests say, and has proofs of its own.
    if is_other and not promotions.are_all(product, receipt.commit, commit, paths):
        return "what it proved has changed since"
    if not product.from_commit and _is_dirty(git, paths):
        return "what it proved is changed and not committed"
    return _artifact_fault(product, receipt)


def _does_nothing(product: Product, command: str) -> bool:
    """Whether a command can be seen to come to nothing: it only talks, or makes a target whose recipe only does."""
    if makefile.NOTHING.match(command.strip()) or _ONLY_TELLS.match(command.strip()) or not command.strip():
        return True
    made = makefile.read(product)
    targets = list(makefile.called_by(command)) if command.startswith("make ") else []
    return bool(targets) and all(target in made.needs and made.does_nothing(target) for target in targets)


def _is_dirty(git: Git, paths: tuple[str, ...]) -> bool:
    if not paths:
        return bool(git.changed)
    homes = [item.rstrip("/") for item in paths]
    return any(path == home or path.startswith(f"{home}/") for path in git.changed for home in homes)


def _artifact_fault(product: Product, receipt: Receipt) -> str | None:
    for path, then in receipt.artifacts.items():
        try:
            now = sha256(product.tree, path)
        except BrokenFileError as error:
            return f"{path} {error.reason}"
        if now is not None and now != then:  # None: kept by DVC and not here
            return f"{path} is not the file that it names"
    return None


def _notes(git: Git) -> list[tuple[str, str]]:
    """Every note, as the ids of its text and of the commit that it is on."""
    found = git.run("notes", f"--ref={REF}", "list") or ""
    return [(words[0], words[1]) for line in found.splitlines() if len(words := line.split()) == 2]


def _parse(line: str) -> Receipt:
    raw = json.loads(line)
    if not isinstance(raw, dict):
        raise TypeError("want an object")
    if raw.get("schema") != SCHEMA:
        raise ValueError(f"format {raw.get('schema')}, want {SCHEMA}")
    receipt = Receipt(**raw)
    _moment(receipt.when)
    if not all(isinstance(value, str) for value in (receipt.id, receipt.commit, receipt.tree, receipt.command)):
        raise TypeError("id, commit, tree and command must be text")
    if not isinstance(receipt.facts, dict) or not isinstance(receipt.artifacts, dict):
        raise TypeError("facts and artifacts must be objects")
    return receipt


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
