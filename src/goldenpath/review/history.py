"""The level of a product over its commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from goldenpath.review import levels
from goldenpath.review.product.errors import ReviewError
from goldenpath.review.product.git import Commit
from goldenpath.review.product.product import Product, open_product
from goldenpath.review.review import Review, review


@dataclass(frozen=True)
class Point:
    """The level at one commit of the history.

    Attributes:
        commit: The commit's id.
        when: The day of the commit.
        subject: Its subject.
        level: The product's strict level.
        gained: Ids of the criteria that became met with it.
        lost: Ids of those that are no longer met since.
    """

    commit: str
    when: date
    subject: str
    level: int
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def history(product: Product, limit: int) -> list[Point]:
    """Judge the newest commits of the first-parent line; the oldest comes first.

    Raises:
        ReviewError: There is no commit.
    """
    points: list[Point] = []
    before: frozenset[str] | None = None
    for commit, found in _reviews(product, limit):
        after = frozenset(result.criterion.id for result in found.results if levels.is_met(result))
        gained, lost = (after - before, before - after) if before is not None else (frozenset(), frozenset())
        when = date.fromisoformat(commit.when[:10])
        points.append(Point(commit.sha, when, commit.subject, found.level, tuple(sorted(gained)), tuple(sorted(lost))))
        before = after
    return points


def _reviews(product: Product, limit: int) -> Iterator[tuple[Commit, Review]]:
    """Each commit is judged by today's catalogue, at the time of the commit after it.

    That is when all of its receipts had been written, and what people had signed for then still counted.
    """
    if product.git is None or product.commit is None:
        raise ReviewError(f"{product.root}: has no commits, so there is no history")
    commits = product.git.history(product.commit, limit)
    until = [product.now, *(datetime.fromisoformat(commit.when) for commit in commits)]
    for commit, end in reversed(list(zip(commits, until, strict=False))):
        moment = max(end, datetime.fromisoformat(commit.when))
        yield commit, review(open_product(product.root, commit.sha, moment, product.git))
