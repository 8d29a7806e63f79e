"""The human part of a criterion: what somebody must have looked at, after everything that a machine can look at."""

from __future__ import annotations

from goldenpath.evidence import signed
from goldenpath.product.product import Product
from goldenpath.standards.verdict import Evidence, Status, Verdict


def with_signature(product: Product, name: str, days: int, what: str, verdict: Verdict) -> Verdict:
    """A verdict that was met by machine, once a person has signed what no machine can see; else it fails.

    Args:
        product: The product.
        name: The criterion.
        days: The longest time that an attestation may be signed for.
        what: What is to be signed, in words that fit after "nobody has signed".
        verdict: The verdict so far.
    """
    entry, refused = signed.valid(product, "attestation", name, days)
    if entry is None:
        faults = [Evidence(f"an attestation does not count: it {item.fault}", item.path, item.line) for item in refused]
        how = Evidence("needs an attestation", signed.PATHS["attestation"], command=f"goldenpath attest {name}")
        return verdict.but(Status.FAIL, f"nobody has signed {what}", *faults, how)
    words = f"signed by {entry.signer} on {entry.when}, until {entry.expires}: {entry.words}"
    return verdict.but(Status.ATTESTED, f"{verdict.reason}; {words}", Evidence(words, entry.path, entry.line))
