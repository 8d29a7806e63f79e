"""What files, receipts and attestations say, read with care: any of them may hold anything."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

from goldenpath.evidence import receipts, signed
from goldenpath.evidence.receipts import Receipt
from goldenpath.product.product import Product
from goldenpath.standards.verdict import Evidence, Status, Verdict, failed


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
    """A receipt as a fact."""
    return Evidence(
        f"receipt of {receipt.when[:16]} by {receipt.who}, on {receipt.commit[:9]}", command=receipt.command
    )


def rejected(found: receipts.Found) -> tuple[Evidence, ...]:
    """Why the receipts that were found do not count."""
    return tuple(Evidence(f"a receipt does not count: {why}") for why in found.rejected[:3])


def unproved(name: str, command: str, found: receipts.Found) -> Verdict:
    """The verdict where the team has to make a receipt and none counts."""
    hint = Evidence("nothing recorded counts", command=f"goldenpath record {name} -- {command}")
    return failed("no run proves it", hint, *rejected(found))


def attestation(product: Product, name: str, days: int, *facts: Evidence) -> Verdict | None:
    """The verdict of a valid attestation; None without one."""
    entry, _ = signed.valid(product, "attestation", name, days)
    if entry is None:
        return None
    words = Evidence(f"{entry.signer}: {entry.words} ({entry.link})", entry.path, entry.line)
    return Verdict(Status.ATTESTED, f"attested by {entry.signer} until {entry.expires}", (words, *facts))


def with_attestation(product: Product, name: str, days: int, what: str, *facts: Evidence) -> Verdict:
    """The verdict where everything else is met: attested, or failed with the reasons why no attestation counts."""
    if verdict := attestation(product, name, days, *facts):
        return verdict
    _, refused = signed.valid(product, "attestation", name, days)
    why = [Evidence(f"an attestation does not count: it {item.fault}", item.path, item.line) for item in refused]
    how = Evidence("needs an attestation", signed.PATHS["attestation"], command=f"goldenpath attest {name}")
    return failed(f"nobody attests that {what}", *why, how, *facts)
