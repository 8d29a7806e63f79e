"""Small products, made for one criterion each: one that meets it, ones that do not, and ones that pretend to."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from goldenpath.review.evidence import receipts
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product.git import Git
from goldenpath.review.product.product import Product, open_product
from goldenpath.review.product.tree import DictTree
from goldenpath.review.review import judge
from goldenpath.review.standards import criterion
from goldenpath.review.standards.verdict import Status

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
"""The time of every review in these tests."""

PRODUCT = """\
product:
  name: Churn
  purpose: Which customers leave next month?
  owner: "@acme/churn"
  contact: churn@example.com
  criticality: medium
"""
"""How the manifest of every small product begins."""

Files = Mapping[str, str | bytes | None]
"""Contents by path; None takes a file away."""
Kind = Literal["met", "not met", "gamed", "n/a", "unknown"]
EXPECTED: Mapping[Kind, frozenset[Status]] = {
    "met": frozenset({Status.PASS, Status.ATTESTED}),
    "not met": frozenset({Status.FAIL}),
    "gamed": frozenset({Status.FAIL, Status.UNKNOWN}),
    "n/a": frozenset({Status.NOT_APPLICABLE}),
    "unknown": frozenset({Status.UNKNOWN}),
}


@dataclass(frozen=True)
class Case:
    """One product and what a criterion must say of it.

    Attributes:
        id: The criterion.
        kind: What it must say. ``gamed`` is a product that looks as if it met the criterion.
        why: What is special about the product; names the test.
        says: Words that the verdict's reason or evidence must hold.
        files: What differs from the healthy product of the module.
        build: For what files alone cannot show: commits, receipts, tags. Called with a repository that holds the files
            in one commit.
    """

    id: str
    kind: Kind
    why: str
    says: str = ""
    files: Files = field(default_factory=dict)
    build: Callable[[Repository], object] | None = None

    def __str__(self) -> str:
        return f"{self.id} {self.kind}: {self.why}"


class Repository:
    """A git repository with one product at its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self._minutes = 0

    def git(self, *words: str, **environment: str) -> str:
        """Run git as a fixed person at a fixed time, and return what it prints."""
        base = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            base |= {f"GIT_{role}_NAME": "Test", f"GIT_{role}_EMAIL": "test@example.com"}
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=base | environment, check=True, capture_output=True, text=True
        )
        return done.stdout.rstrip("\n")

    def commit(self, files: Files, message: str = "Change", days_ago: float = 1, **environment: str) -> str:
        """Write and commit files; return the commit's id. Later calls are later commits."""
        for path, text in files.items():
            file = self.root / path
            if text is None:
                file.unlink(missing_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode() if isinstance(text, str) else text)
        self._minutes += 1
        when = (NOW - timedelta(days=days_ago) + timedelta(minutes=self._minutes)).isoformat()
        self.git("add", "--all")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.git("commit", "--quiet", "--allow-empty", "--message", message, **(dates | environment))
        return self.git("rev-parse", "HEAD")

    def receipt(self, name: str, facts: Mapping[str, Any] | None = None, **changed: Any) -> Receipt:
        """Write a receipt for the commit checked out; ``changed`` replaces fields, to forge one."""
        git = Git(self.root)
        head = self.git("rev-parse", "HEAD")
        base: dict[str, Any] = {
            "id": name,
            "commit": head,
            "tree": self.git("rev-parse", "HEAD^{tree}"),
            "when": (NOW - timedelta(hours=1)).isoformat(),
            "who": "ci@example.com",
            "run": "https://ci.example.com/1",
            "command": "make test",
            "exit_code": 0,
            "facts": dict(facts or {}),
        }
        receipt = Receipt(**(base | changed))
        receipts.write(git, receipt)
        return receipt

    def product(self) -> Product:
        """The product as it lies in the work tree."""
        return open_product(self.root, now=NOW)


def product_of(case: Case, healthy: Files, folder: Path) -> Product:
    """Make the product of a case: in memory where files are enough, else as a repository in ``folder``."""
    files = {path: text for path, text in {**healthy, **case.files}.items() if text is not None}
    if case.build is None:
        return Product(DictTree(files), now=NOW)
    repository = Repository(folder)
    repository.commit(files, "Make the product")
    case.build(repository)
    return repository.product()


def hold(case: Case, healthy: Files, folder: Path) -> None:
    """Judge the product of a case by its criterion alone and hold the verdict against the case.

    Raises:
        AssertionError: The verdict is another.
    """

    [result] = judge(product_of(case, healthy, folder), [criterion(case.id)])

    facts = (f"{item.place} {item.text} {item.command}" for item in result.verdict.evidence)
    said = "\n".join([result.verdict.reason, *facts])
    assert result.status in EXPECTED[case.kind], said
    assert case.says in said
