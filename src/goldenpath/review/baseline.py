"""What a change is held against: the commit that it began from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldenpath.review.product.errors import BrokenFileError, ReviewError
from goldenpath.review.product.git import Git
from goldenpath.review.product.product import Product, open_product
from goldenpath.review.ratchet import Finding, Kind, compare
from goldenpath.review.review import Review, review
from goldenpath.review.standards.verdict import Evidence


def merge_base(path: Path, reference: str) -> str | None:
    """The commit that both lines come from; None where history does not tell.

    Raises:
        ReviewError: There is no repository, no commit, or no such reference.
    """
    git = Git.at(path)
    if git is None or git.head is None:
        raise ReviewError(f"--baseline {reference}: {path} has no commit to hold against it")
    if git.resolve(reference) is None:
        hint = (
            "; the clone is shallow: git fetch --unshallow" if git.is_shallow else f"; try git fetch origin {reference}"
        )
        raise ReviewError(f"--baseline {reference}: no such commit here{hint}")
    found = git.run("merge-base", "--end-of-options", reference, "HEAD")
    return found.strip() if found else None


@dataclass(frozen=True)
class Held:
    """What came of holding a product against its base.

    Attributes:
        findings: What fell back, and what cannot be told.
        before: The review of the base; None where history does not tell it, or the product was not there yet.
    """

    findings: tuple[Finding, ...]
    before: Review | None = None


def held_against(base: str | None, reference: str, head: Review, after: Product) -> Held:
    """Hold a product against a base.

    Args:
        base: The commit of :func:`merge_base`; None gives no answer.
        reference: What the base was asked for by.
        head: The review of ``after``.
        after: The product as it is now.
    """
    if base is None:
        words = f"{reference} and HEAD have no commit in common here, so nothing can be held against it"
        fact = Evidence("history is cut off", command="git fetch --unshallow")
        return Held((Finding(Kind.UNDECIDED, words, evidence=(fact,)),))
    before = open_product(after.root, base, after.now, after.git)
    try:
        was = review(before)
        findings = compare(was, head, before, after).findings
    except BrokenFileError as error:
        fact = Evidence(error.reason, error.path, error.line)
        return Held((Finding(Kind.UNDECIDED, "a file that the gate needs cannot be used", evidence=(fact,)),))
    if before.git is None or any(name.startswith(before.prefix) for name in before.git.files_at(base)):
        return Held(findings, was)
    # A product that begins with this change meets some criteria by being empty at the base: that is nothing to lose.
    return Held(tuple(finding for finding in findings if not finding.id))
