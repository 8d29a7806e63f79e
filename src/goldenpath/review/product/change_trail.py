"""How changes came to the main line: reviewed by somebody else, through a pull request, or straight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.review.product import promotions

if TYPE_CHECKING:
    from goldenpath.review.product.git import Commit, Git
    from goldenpath.review.product.product import Product

LOOK_BACK = 50
_FORGES = frozenset({"noreply@github.com", "noreply@gitlab.com"})
_NUMBER = re.compile(r"\(#\d+\)$|\(!\d+\)$|^Merge pull request #\d+|^Merge branch .+ into ")
_REVIEWED = re.compile(r"^(?:Reviewed|Acked|Approved)-by:.*<([^>]+)>", re.IGNORECASE)
_BOT = re.compile(r"\[bot\]|\bbot@|-bot@|^(?:dependabot|renovate|github-actions)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Trail:
    """The newest changes by people after the first commit, by how they came.

    Attributes:
        reviewed: Somebody other than the author merged or signed them.
        requested: They came through a pull request; git does not say who approved.
        direct: Neither.
        deployed: Promotions and rollbacks: no changes of code, and no part of the count.
        is_cut: Whether the clone holds less history than there is.
    """

    reviewed: tuple[Commit, ...] = ()
    requested: tuple[Commit, ...] = ()
    direct: tuple[Commit, ...] = ()
    deployed: tuple[Commit, ...] = ()
    is_cut: bool = False

    @property
    def changes(self) -> int:
        """How many changes were looked at."""
        return len(self.reviewed) + len(self.requested) + len(self.direct)


def read(product: Product) -> Trail:
    """Sort the newest first-parent commits; the first commit of all and those of bots are left out."""
    git = product.git
    if git is None or product.commit is None:
        return Trail()
    commits = [item for item in git.history(product.commit, LOOK_BACK) if item.parents and not _BOT.search(item.author)]
    merged = _authors(git, [item.parents[1] for item in commits if len(item.parents) > 1])
    known = _known(product, git, product.commit) if any(_signers(item) for item in commits) else frozenset()
    deployments = promotions.among(product, commits)
    kinds: dict[str, list[Commit]] = {"reviewed": [], "requested": [], "direct": [], "deployed": []}
    for item in commits:
        kinds["deployed" if item.sha in deployments else _kind(item, merged, known)].append(item)
    reviewed, requested, direct, deployed = map(tuple, kinds.values())
    return Trail(reviewed, requested, direct, deployed, git.is_shallow)


def _signers(commit: Commit) -> set[str]:
    return {found[1] for line in commit.trailers if (found := _REVIEWED.match(line))}


def _known(product: Product, git: Git, commit: str) -> frozenset[str]:
    """Who may review: those whom CODEOWNERS names, and those who have a commit of their own on the line."""
    authors = git.run("log", "--format=%ae", commit) or ""
    return frozenset(authors.split()) | product.owners.everyone


def _kind(commit: Commit, merged: dict[str, str], known: frozenset[str]) -> str:
    author = merged.get(commit.parents[1], commit.author) if len(commit.parents) > 1 else commit.author
    signers = _signers(commit) & known  # a trailer is the author's word: it may name anybody
    merger = commit.author if len(commit.parents) > 1 else commit.committer
    others = {who for who in (*signers, merger) if who != author and who not in _FORGES and not _BOT.search(who)}
    if others:
        return "reviewed"
    return "requested" if commit.committer in _FORGES and _NUMBER.search(commit.subject) else "direct"


def _authors(git: Git, shas: list[str]) -> dict[str, str]:
    if not shas:
        return {}
    found = git.run("show", "--no-patch", "--format=%H %ae", *shas) or ""
    return dict(line.split(" ", 1) for line in found.splitlines() if " " in line)
