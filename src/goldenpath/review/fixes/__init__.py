"""Criteria that can be met mechanically: what ``goldenpath fix`` would write, from facts in the checkout."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from goldenpath.review.fixes import audit, cost_label, gate, lint, notebooks, owners, python_version, workflows
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.fixes.files import after, diff, write, write_all
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product
from goldenpath.review.standards import criterion

__all__ = ["FIXES", "FixError", "after", "diff", "propose", "propose_all", "write", "write_all"]

FIXES: Mapping[str, Callable[[Product], dict[str, str]]] = {
    "DOC-01": owners.name_owner,
    "CQ-04": lint.mend,
    "CQ-06": owners.ask_for_reviews,
    "CQ-07": notebooks.strip,
    "CQ-12": gate.wait_for_gate,
    "TR-02": python_version.pin,
    "MON-11": cost_label.label,
    "SEC-02": audit.cover_locks,
    "SEC-03": workflows.harden,
}
"""For each criterion that has one, the new text of each file to change."""


def propose(product: Product, name: str) -> dict[str, str]:
    """The new text of each file that a fix would change; empty where the criterion is met.

    Raises:
        FixError: There is no such fix, it cannot be made here, or what is left to do is a person's.
    """
    if name not in FIXES:
        raise FixError(f"{name} cannot be fixed mechanically; these can: {', '.join(sorted(FIXES))}")
    try:
        verdict = criterion(name).check(product)
        if verdict.status.counts:
            return {}
        texts = FIXES[name](product)
    except BrokenFileError as error:
        raise FixError(f"{error}: mend that first") from error
    if not texts:
        facts = [f"{item.place} {item.text} {item.command}".strip() for item in verdict.evidence[:1]]
        raise FixError(f"what is left no machine can do: {'; '.join([verdict.reason, *facts])}")
    return texts


def propose_all(product: Product) -> tuple[dict[str, str], dict[str, str]]:
    """The new text of each file that all fixes together would change, and why others cannot be made, by criterion."""
    texts: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name in FIXES:
        try:
            # A later fix builds on the texts of the earlier ones: two of them change CODEOWNERS.
            texts |= propose(after(product, texts), name)
        except FixError as error:
            refused[name] = str(error)
    return texts, refused
