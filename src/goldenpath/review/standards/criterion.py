"""What a criterion is: a small class whose docstring says why it exists."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product
    from goldenpath.review.standards.verdict import Verdict


class Part(StrEnum):
    """The five parts of the catalogue; each has a level, and the product's is the lowest of them."""

    DOCUMENTATION = "documentation"
    CODE_QUALITY = "code quality"
    TRACEABILITY = "traceability & reproducibility"
    MONITORING = "monitoring & support"
    SECURITY = "security & governance"


class Proof(StrEnum):
    """How a criterion is proved, from the cheapest to the dearest to forge.

    PARSED: read in the checkout and held against other files. EXECUTED: run again, offline. RECEIPT: recorded on the
    commit by a command that ran, and derived again where that is possible. ATTESTED: signed by a person, for a time.
    """

    PARSED = "P"
    EXECUTED = "X"
    RECEIPT = "R"
    ATTESTED = "T"


class Effort(StrEnum):
    """How long meeting a criterion takes on a project of this template."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"

    @property
    def days(self) -> float:
        """A round figure in working days, to rank by."""
        return {Effort.MINUTES: 0.1, Effort.HOURS: 0.5, Effort.DAYS: 3.0}[self]


class Criterion:
    """One criterion of the catalogue. The docstring of each says why it exists, in words for the team.

    Attributes:
        id: Permanent: never given to another criterion.
        title: A few words; what holds when it is met.
        level: The maturity level it belongs to, 0-4.
        part: The part it belongs to.
        proofs: How it is proved; all are needed.
        verify: What is looked at, and what makes it fail.
        fix: The step that meets it on the golden path: a command where there is one.
        effort: How long that takes.
        sources: Where the demand comes from.
        requires: Criteria without which this one cannot be judged; while one of them is not met, it is unknown.
        gaming: How one might try to fool it, and what stops that; empty where it cannot be.
        is_anchor: Whether no attestation may stand in for it.
        attestable: Days for which an attestation may prove its human part; 0 where none can.
        waits: Whether most of its time is another program's, so that it is asked beside the others.
        by_library: Whether code of the library counts as the product's. It does by the digest in the locks: while the
            wheel or a lock contradicts it, the criterion fails.
        rendered: Folders whose generated files it reads; while one of them was edited by hand, it fails.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    level: ClassVar[int]
    part: ClassVar[Part]
    proofs: ClassVar[tuple[Proof, ...]] = (Proof.PARSED,)
    verify: ClassVar[str]
    fix: ClassVar[str]
    effort: ClassVar[Effort] = Effort.HOURS
    sources: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    gaming: ClassVar[str] = ""
    is_anchor: ClassVar[bool] = False
    attestable: ClassVar[int] = 0
    waits: ClassVar[bool] = False
    by_library: ClassVar[bool] = False
    rendered: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def why(cls) -> str:
        """Why the criterion exists: its docstring."""
        return inspect.cleandoc(cls.__doc__ or "")

    @staticmethod
    def check(product: Product) -> Verdict:
        """Judge a product.

        Raises:
            BrokenFileError: A file that it needs cannot be used; the review turns that into a failed verdict.
        """
        raise AssertionError(f"{product.root}: asked of a criterion without a check")
