"""What files, receipts and attestations say, read with care: any of them may hold anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from goldenpath.review.evidence import receipts, signed
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import pull_request
from goldenpath.review.product.product import Product
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, unknown


def as_mapping(value: object) -> dict[str, Any]:
    """A mapping, or an empty one where the file holds something else."""
    return value if isinstance(value, dict) else {}


def as_mappings(value: object) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_texts(value: object) -> list[str]:
    """The items of a list as text."""
    return [str(item) for item in value] if isinstance(value, list) else []


def as_number(value: object) -> float | None:
    """A finite number, or None; neither a truth value nor a text is one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def numbers(content: object, name: str = "") -> dict[str, float]:
    """Every finite number in nested keys, values and lists, by its dotted name."""
    if (number := as_number(content)) is not None:
        return {name: number}
    items = content.items() if isinstance(content, Mapping) else enumerate(content if isinstance(content, list) else ())
    found: dict[str, float] = {}
    for key, value in items:
        found |= numbers(value, f"{name}.{key}" if name else str(key))
    return found


def numbers_of(product: Product, path: str) -> dict[str, float]:
    """The numbers of a JSON or YAML file, such as one of metrics, by their dotted names."""
    return numbers(product.json(path) if path.endswith(".json") else product.yaml(path))


def elsewhere(product: Product, what: str) -> Verdict | None:
    """The verdict where another CI system may do what no GitHub workflow does; None where there is no other.

    Args:
        product: The product.
        what: What may be done there, in words that go before "in a CI that this review does not read".
    """
    path = pull_request.other_ci(product)
    words = f"{what} in a CI that this review does not read"
    return unknown(words, Evidence("only GitHub workflows are read", path)) if path else None


def as_moment(value: object) -> datetime | None:
    """A time, in UTC where it names no zone, or None."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_day(value: object) -> date | None:
    """A day, or None."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def of_receipt(receipt: Receipt) -> Evidence:
    """A receipt as a fact: who ran which command on which commit."""
    words = f"{receipt.who} ran it on {receipt.when[:10]} on {receipt.commit[:9]} ({receipt.run or 'no CI run'})"
    return Evidence(words, command=receipt.command)


def rejected(found: receipts.Found) -> tuple[Evidence, ...]:
    """Why the receipts that were found do not count."""
    return tuple(Evidence(f"a receipt does not count: {why}") for why in found.rejected[:3])


def unproved(name: str, command: str, found: receipts.Found, words: str = "no run proves it") -> Verdict:
    """The verdict where the team has to make a receipt and none counts.

    Args:
        name: The criterion.
        command: The command to record; empty where the platform has none, and the team's own has to be recorded.
        found: What was found in its place.
        words: The verdict's reason.
    """
    return failed(words, to_record(name, command), *rejected(found))


def to_record(name: str, command: str = "") -> Evidence:
    """That nothing recorded counts, and the command that records it."""
    return Evidence("nothing recorded counts", command=f"goldenpath record {name} -- {command or 'COMMAND'}")


def attestation(product: Product, name: str, days: int, *facts: Evidence) -> Verdict | None:
    """The verdict of a valid attestation; None without one."""
    entry, _ = signed.valid(product, "attestation", name, days)
    if entry is None:
        return None
    words = Evidence(f"{entry.signer}: {entry.words} ({entry.link})", entry.path, entry.line)
    return Verdict(Status.ATTESTED, f"attested by {entry.signer} until {entry.expires}", (words, *facts))


def with_signature(product: Product, name: str, days: int, what: str, verdict: Verdict) -> Verdict:
    """A verdict that was met by machine, once a person has signed what no machine can see; else it fails.

    Args:
        product: The product.
        name: The criterion.
        days: The longest time that an attestation may be signed for.
        what: What is to be signed, in words that fit after "nobody attests".
        verdict: The verdict so far.
    """
    entry, refused = signed.valid(product, "attestation", name, days)
    if entry is None:
        faults = [Evidence(f"an attestation does not count: it {item.fault}", item.path, item.line) for item in refused]
        how = Evidence("needs an attestation", signed.PATHS["attestation"], command=f"goldenpath attest {name}")
        return verdict.but(Status.FAIL, f"nobody attests {what}", *faults, how)
    words = f"signed by {entry.signer} on {entry.when}, until {entry.expires}: {entry.words}"
    reason = f"{verdict.reason}; attested by {entry.signer} until {entry.expires}"
    return verdict.but(Status.ATTESTED, reason, Evidence(words, entry.path, entry.line))
