"""Writes attestations and waivers: adds an entry to the files in ``checklist/``, and keeps what stands in them.

An entry that could never count is refused with the reason. Whether it could is asked of the code that will judge it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import yaml

from goldenpath.review.evidence import signed
from goldenpath.review.evidence.signed import PATHS, WAIVER_DAYS, Kind
from goldenpath.review.product.errors import ReviewError
from goldenpath.review.product.product import Product
from goldenpath.review.product.tree import LARGEST, Tree
from goldenpath.review.standards.criterion import Criterion

LINE = 110


class SignError(ReviewError):
    """The entry could never count; the message says why."""


@dataclass(frozen=True)
class Edit:
    """A file's new text, not yet written, and the last day that its new entry counts."""

    path: str
    text: str
    expires: date


def attest(product: Product, item: type[Criterion], by: str, statement: str, link: str, days: int | None) -> Edit:
    """Add an attestation of a criterion's human part.

    Args:
        product: The product.
        item: The criterion.
        by: Who attests; a handle in CODEOWNERS.
        statement: What is attested.
        link: Where to read more: an address, or a file of the product.
        days: How long it counts; the longest that the criterion allows unless told.

    Raises:
        SignError: It could never count.
        BrokenFileError: The file is not a list of entries.
    """
    if item.is_anchor:
        raise SignError(f"{item.id} is an anchor: only what a command or a file proves counts. Do: {item.fix}")
    if not item.attestable:
        raise SignError(f"{item.id} has no part that a person must attest. Do: {item.fix}")
    return _add(product, item, "attestation", {"by": by, "statement": statement}, link, days, item.attestable)


def waive(product: Product, item: type[Criterion], approver: str, reason: str, link: str, days: int | None) -> Edit:
    """Add a waiver of a criterion.

    Args:
        product: The product.
        item: The criterion.
        approver: Who agrees; a handle in CODEOWNERS.
        reason: Why it is excused.
        link: Where to read more: an address, or a file of the product.
        days: How long it counts; the longest that is allowed unless told.

    Raises:
        SignError: It could never count.
        BrokenFileError: The file is not a list of entries.
    """
    [edit] = waive_all(product, [item], approver, reason, link, days)
    return edit


def waive_all(
    product: Product, items: Sequence[type[Criterion]], approver: str, reason: str, link: str, days: int | None
) -> list[Edit]:
    """Add a waiver of each of several criteria, one entry for each; the last edit's text holds them all.

    Args:
        product: The product.
        items: The criteria.
        approver: Who agrees; a handle in CODEOWNERS.
        reason: Why they are excused.
        link: Where to read more: an address, or a file of the product.
        days: How long they count; the longest that is allowed unless told.

    Raises:
        SignError: One of them could never count.
        BrokenFileError: The file is not a list of entries.
    """
    edits: list[Edit] = []
    for item in items:
        words = {"approver": approver, "reason": reason}
        edits.append(_add(product, item, "waiver", words, link, days, WAIVER_DAYS))
        product = replace(product, tree=_Edited(product.tree, edits[-1]))
    return edits


def lasting(product: Product, item: type[Criterion], days: int | None) -> date | None:
    """The last day of a waiver that is there already and ends no earlier than one of today would; None without one."""
    found, _ = signed.valid(product, "waiver", item.id, WAIVER_DAYS)
    expires = product.now.date() + timedelta(days=days or WAIVER_DAYS)
    return found.expires if found and found.expires and found.expires >= expires else None


def _add(
    product: Product, item: type[Criterion], kind: Kind, words: dict[str, str], link: str, days: int | None, most: int
) -> Edit:
    if days is not None and not 1 <= days <= most:
        raise SignError(f"{days} days: an {kind} of {item.id} may last from 1 to {most} days".replace("an w", "a w"))
    _check_link(product, link)
    today = product.now.date()
    expires = today + timedelta(days=days or most)
    entry: dict[str, Any] = {"id": item.id} | {key: " ".join(text.split()) for key, text in words.items()}
    entry |= {"link": link, "when": today, "expires": expires}
    path = PATHS[kind]
    edit = Edit(path, _appended(product, path, entry), expires)
    after = replace(product, tree=_Edited(product.tree, edit))
    good, refused = signed.valid(after, kind, item.id, most)
    if good is None or good.expires != expires:
        reason = (
            refused[-1].fault if refused else f"one that lasts until {good.expires if good else ''} is there already"
        )
        raise SignError(f"the {kind} would not count: it {reason}" if refused else f"nothing to add: {reason}")
    return edit


def _check_link(product: Product, link: str) -> None:
    if signed.is_link(product, link):
        return
    raise SignError(f"--link {link}: want an address that begins with https://, or a file of the product")


def _appended(product: Product, path: str, entry: dict[str, Any]) -> str:
    """The file's text with one more entry at its end; comments and layout stay as they are."""
    entries = product.records(path)
    before = product.text(path) or ""
    lines = before.splitlines()
    # An empty list in brackets would be followed by a second document's worth of entries.
    kept = [line for line in lines if entries or not re.fullmatch(r"\[\s*\]\s*(#.*)?|---|null|~", line.strip())]
    dashes = [len(line) - len(line.lstrip()) for line in kept if re.match(r"\s*- ", line)]
    indent = " " * (min(dashes) if entries and dashes else 0)
    block = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=LINE)
    added = [indent + line for line in block.splitlines()]
    text = "\n".join([*kept, *added]) + "\n"
    try:
        now = yaml.safe_load(text)
    except yaml.YAMLError:
        now = None
    if now != [*entries, entry]:
        raise SignError(f"{path}: cannot be added to as it is laid out: write one entry a line, each after a dash")
    return text


class _Edited:
    """A tree in which one file is already edited."""

    def __init__(self, tree: Tree, edit: Edit) -> None:
        self._tree, self._edit = tree, edit

    @property
    def paths(self) -> frozenset[str]:
        return self._tree.paths | {self._edit.path}

    def size(self, path: str) -> int | None:
        return len(self._edit.text.encode()) if path == self._edit.path else self._tree.size(path)

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:
        return self._edit.text.encode() if path == self._edit.path else self._tree.read(path, largest)
