"""SEC-02: the audit that there is, made strict and told of every lock."""

from __future__ import annotations

import re

from goldenpath.review.fixes import edits, files
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import audit, requirements
from goldenpath.review.product.product import Product

_TOOL = re.compile(
    r"^(?!\s*#)(?:.*[\s@/])?(?P<tool>pip[-_]audit)(?=\s)(?P<rest>(?:[^\n]*\\\r?\n)*[^\n]*)", re.MULTILINE
)
_NAMED_LOCK = re.compile(r"(?:^|\s)(?:-r|--requirement)[ =]?\S")
_STRICT = re.compile(r"(?:^|\s)(?:--strict|-S)\b")


def cover_locks(product: Product) -> dict[str, str]:
    """Tell the scheduled ``pip-audit`` to be strict and to read the locks that it leaves out.

    Raises:
        FixError: No workflow on a schedule runs it on requirements files, or not in one place that can be changed.
        BrokenFileError: A file is not text.
    """
    audits = list(audit.scheduled(product))
    left_out = _left_out(product)
    if not left_out:
        return {}
    for item in audits:
        path = item.command.path
        text = files.read(product, path)
        places = [found for found in _TOOL.finditer(text) if _NAMED_LOCK.search(found["rest"])]
        if len(places) != 1:
            continue
        words = "" if _STRICT.search(places[0]["rest"]) else " --strict"
        words += "".join(f" -r {lock}" for lock in left_out if lock not in item.locks)
        changed = {path: edits.apply(text, [Edit(places[0].end("tool"), places[0].end("tool"), words)])}
        if not _left_out(files.after(product, changed)):
            _refuse_conflicts(product, places[0]["rest"])
            return changed
    raise FixError(
        f"no one pip-audit -r of a workflow on a schedule can be told to audit {', '.join(left_out)}: "
        "take the target audit and .github/workflows/audit.yml from the template"
    )


def _left_out(product: Product) -> list[str]:
    covered = frozenset[str]().union(*(item.locks for item in audit.scheduled(product) if not item.fault))
    return [path for path in audit.locks(product) if path not in covered]


def _refuse_conflicts(product: Product, words: str) -> None:
    """Without ``--disable-pip`` pip installs all that one command names together, and so in one version each."""
    if "--disable-pip" in words:
        return
    several = [name for name, versions in requirements.locked(product).pins.items() if len(versions) > 1]
    if several:
        raise FixError(f"the locks hold several versions of {several[0]}: give each lock an audit of its own")
