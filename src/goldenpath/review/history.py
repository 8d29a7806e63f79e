"""The level of a product over its commits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from goldenpath.product.product import Product, open_product
from goldenpath.review import levels
from goldenpath.review.review import Review, review


def history(product: Product, limit: int) -> Iterator[tuple[str, str, Review]]:
    """Judge the newest commits of the first-parent line; yields subject, day and review, the oldest first.

    Each commit is judged by today's catalogue, at the time of the commit after it: that is when all of its receipts had
    been written, and what people had signed for then still counted.

    Raises:
        ValueError: There is no commit.
    """
    if product.git is None or product.commit is None:
        raise ValueError(f"{product.root}: has no commits, so there is no history")
    commits = product.git.history(product.commit, limit)
    until = [product.now, *(datetime.fromisoformat(commit.when) for commit in commits)]
    for commit, end in reversed(list(zip(commits, until, strict=False))):
        moment = max(end, datetime.fromisoformat(commit.when))
        yield commit.subject, commit.when[:10], review(open_product(product.root, commit.sha, moment, product.git))


def met(found: Review) -> frozenset[str]:
    """The ids of the criteria that are met."""
    return frozenset(result.criterion.id for result in found.results if levels.is_met(result))
