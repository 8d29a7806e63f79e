"""Reviews made by hand, so that the reports' tests do not depend on what the catalogue holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from goldenpath.reports.maturity.report import Report
from goldenpath.review.evidence.signed import Signed
from goldenpath.review.history import Point
from goldenpath.review.ratchet import Finding, Kind
from goldenpath.review.result import Result
from goldenpath.review.review import Review
from goldenpath.review.standards.criterion import Criterion, Effort, Part
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, not_applicable, passed, unknown

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
NASTY = "<script>alert(1)</script> **bold** [red]x[/] @team #1 `<i>code</i> @x` | \x1b[31m \u202e \udcff https://evil.example/x"


def made(name: str, level: int, part: Part, **more: Any) -> type[Criterion]:
    """A criterion that exists only here."""
    attributes = {
        "__doc__": "Why this is asked.\n\nAnd more of the same.",
        "id": name,
        "title": f"Title of {name}",
        "level": level,
        "part": part,
        "verify": "what is looked at",
        "fix": f"make {name.lower()}",
        "effort": Effort.MINUTES,
    }
    return type(name.replace("-", ""), (Criterion,), attributes | more)


RESULTS = (
    Result(made("DOC-01", 0, Part.DOCUMENTATION), passed("owned", Evidence("owner", "golden-path.yaml", 3))),
    Result(
        made("DOC-06", 2, Part.DOCUMENTATION),
        failed("a column lacks a meaning", Evidence("no description", "data & more/contract.yaml", 7)),
    ),
    Result(made("CQ-02", 1, Part.CODE_QUALITY), Verdict(Status.ATTESTED, "attested by @acme/churn")),
    Result(made("CQ-12", 3, Part.CODE_QUALITY), Verdict(Status.WAIVED, "no gate (waived by @acme/churn)")),
    Result(made("TR-11", 2, Part.TRACEABILITY), not_applicable("nothing is retrained")),
    Result(made("MON-12", 4, Part.MONITORING), unknown("only the central catalogue knows")),
    Result(made("SEC-01", 3, Part.SECURITY), Verdict(Status.ERROR, "the check itself broke: KeyError: 1")),
)
SIGNED = (
    Signed(
        "attestation", "CQ-02", "@acme/churn", "Seen.", date(2026, 6, 1), date(2026, 7, 1), "https://example.com/1", 1
    ),
    Signed("waiver", "CQ-12", "@ghost", "Later.", date(2026, 1, 1), date(2026, 3, 1), "note.md", 4, "expired"),
)
FINDINGS = (
    Finding(
        Kind.FELL_BACK,
        "Title of DOC-06: pass at the base, fail now",
        "DOC-06",
        (Evidence("no description", "contract.yaml", 7), Evidence("the way back", command="make doc-06")),
    ),
    Finding(Kind.JUDGE_WEAKENED, "criticality falls", evidence=(Evidence("criticality", "golden-path.yaml", 6),)),
)
TREND = (
    Point("a" * 40, date(2026, 6, 1), "Begin", 0),
    Point("b" * 40, date(2026, 6, 9), "Test <b>more</b>", 1, ("CQ-02",), ("TR-11",)),
)


def report(results: Sequence[Result] = RESULTS, root: Path = Path("nowhere"), **more: Any) -> Report:
    """A report of a review of these results; ``more`` are fields of the review or of the report."""
    of_review = {name: more.pop(name) for name in ("name", "folder", "commit", "signed", "complete") if name in more}
    fields: dict[str, Any] = {"name": "Churn", "folder": ".", "commit": COMMIT, "signed": SIGNED}
    return Report(Review(when=NOW, results=tuple(results), **(fields | of_review)), root=root, **more)


def hostile(root: Path = Path("nowhere")) -> Report:
    """A report in which everything that a repository can choose is chosen with malice."""
    verdict = failed(NASTY, Evidence(NASTY, NASTY, 3, NASTY))
    signed = Signed("waiver", NASTY, NASTY, NASTY, date(2026, 6, 1), date(2026, 6, 20), "javascript:alert(1)", 1)
    return report(
        [Result(made("DOC-01", 0, Part.DOCUMENTATION), verdict)],
        root,
        name=NASTY,
        folder="some where",
        signed=(signed,),
        findings=(Finding(Kind.FELL_BACK, NASTY, "DOC-01", verdict.evidence),),
        trend=(Point("a" * 40, date(2026, 6, 1), NASTY, 0),),
    )
