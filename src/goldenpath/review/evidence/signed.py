"""What people sign in the repository: attestations of what no command can prove, and waivers of what is excused.

Both are lists of entries in ``checklist/``. An entry counts while it has not expired, was signed by somebody whom
``CODEOWNERS`` names, and says where to read more. One that does not count is reported with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

Kind = Literal["attestation", "waiver"]
PATHS: dict[Kind, str] = {"attestation": "checklist/attestations.yaml", "waiver": "checklist/waivers.yaml"}
WAIVER_DAYS = 90
"""A waiver ends at the latest so many days after it was signed."""
SOON = timedelta(days=30)
"""What ends within this time is announced."""
_SAYS_NOTHING = re.compile(r"\W*(?:ok(?:ay)?|yes|done|none|n/?a|tbd|todo|x+)?\W*", re.IGNORECASE)
_MACHINE = re.compile(r"\[bot\]|[-_/@]bot\b|^@?(?:dependabot|renovate|github-actions)\b", re.IGNORECASE)
_SIGNER: dict[Kind, str] = {"attestation": "by", "waiver": "approver"}
_WORDS: dict[Kind, str] = {"attestation": "statement", "waiver": "reason"}


@dataclass(frozen=True)
class Signed:
    """One entry.

    Attributes:
        kind: What it is.
        id: The criterion.
        signer: The handle or address of who signed.
        words: What is attested, or why it is excused.
        when: The day it was signed.
        expires: The last day it counts.
        link: Where to read more.
        line: Its line in the file.
        fault: Why it does not count; empty where it does.
    """

    kind: Kind
    id: str
    signer: str
    words: str
    when: date | None
    expires: date | None
    link: str
    line: int | None
    fault: str = ""

    @property
    def path(self) -> str:
        """The file it stands in."""
        return PATHS[self.kind]

    def ends_soon(self, now: datetime) -> bool:
        """Whether it still counts and ends within 30 days."""
        return not self.fault and self.expires is not None and self.expires <= (now + SOON).date()


def read(product: Product, kind: Kind) -> list[Signed]:
    """Read every entry of a kind.

    Raises:
        BrokenFileError: The file is not a list of entries.
    """
    return [_entry(product, kind, raw) for raw in product.records(PATHS[kind])]


def valid(product: Product, kind: Kind, name: str, days: int) -> tuple[Signed | None, list[Signed]]:
    """The entry of a criterion that counts and lasts longest, and those that do not count.

    Args:
        product: The product.
        kind: Attestation or waiver.
        name: The criterion's id.
        days: The longest time that one may be signed for.

    Raises:
        BrokenFileError: The file is not a list of entries.
    """
    entries = [entry for entry in read(product, kind) if entry.id == name]
    limited = [entry if entry.fault else _limited(entry, days) for entry in entries]
    good = sorted((entry for entry in limited if not entry.fault), key=lambda entry: entry.expires or date.min)
    return (good[-1] if good else None), [entry for entry in limited if entry.fault]


def is_link(product: Product, link: str) -> bool:
    """Whether a link leads somewhere: an address, or a file of the product, with or without a heading."""
    return re.fullmatch(r"https?://\S+", link) is not None or link.partition("#")[0] in product.paths


def _entry(product: Product, kind: Kind, raw: dict[str, Any]) -> Signed:
    name, signer = str(raw.get("id") or ""), str(raw.get(_SIGNER[kind]) or "")
    when, expires = _day(raw.get("when")), _day(raw.get("expires"))
    words, link = (" ".join(str(raw.get(key) or "").split()) for key in (_WORDS[kind], "link"))
    line = product.line_of(PATHS[kind], rf"\bid:\s*['\"]?{re.escape(name)}(?!\w)") if name else None
    given = {"id": name, _SIGNER[kind]: signer, _WORDS[kind]: words, "link": link, "when": when, "expires": expires}
    missing = [key for key, value in given.items() if not value]
    today = product.now.date()
    if missing:
        fault = f"lacks {', '.join(missing)}"
    elif when is not None and when > today:
        fault = f"is dated in the future ({when})"
    elif expires is not None and expires < today:
        fault = f"expired on {expires}"
    elif signer not in product.owners.everyone:
        fault = f"is signed by {signer}, whom CODEOWNERS does not name"
    elif _MACHINE.search(signer):
        fault = f"is signed by {signer}, which is a machine: a person answers for it"
    elif _SAYS_NOTHING.fullmatch(words):
        fault = f"says only {words!r}"
    elif not is_link(product, link):
        fault = f"leads to {link!r}, which is no address and no file of the product"
    else:
        fault = ""
    return Signed(kind, name, signer, words, when, expires, link, line, fault)


def _limited(entry: Signed, days: int) -> Signed:
    if entry.when is None or entry.expires is None or entry.expires - entry.when <= timedelta(days=days):
        return entry
    fault = f"is signed for {(entry.expires - entry.when).days} days, at most {days} are allowed"
    return Signed(**{**entry.__dict__, "fault": fault})


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
