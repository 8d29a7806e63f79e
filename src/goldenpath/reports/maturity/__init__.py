"""The forms that a review is shown in. A form's module is imported when it is asked for: most need nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.reports.maturity.report import Report


@dataclass(frozen=True)
class Format:
    """One form of the report.

    Attributes:
        module: The module whose ``render`` makes it.
        file: The name of its file where a folder is asked for.
        says: Who reads it.
    """

    module: str
    file: str
    says: str


FORMATS = {
    "text": Format("text", "review.txt", "for a terminal"),
    "md": Format("markdown", "review.md", "for a comment on a pull request"),
    "html": Format("html", "review.html", "for a meeting: one file, no network, no scripts"),
    "json": Format("json_report", "review.json", "for programs: everything, in a versioned form"),
    "sarif": Format("sarif", "review.sarif", "for code scanning: SARIF 2.1.0"),
    "junit": Format("junit", "review.junit.xml", "for CI systems: one suite for each part"),
    "badge": Format("badge", "maturity.svg", "for a README"),
}


def render(name: str, reports: Sequence[Report], **settings: Path | int | None) -> str:
    """Show reviews in one of :data:`FORMATS`.

    Args:
        name: The format.
        reports: One for each product.
        settings: What the format's own ``render`` takes besides.

    Raises:
        KeyError: There is no such format.
    """
    module = import_module(f"{__name__}.{FORMATS[name].module}")
    return str(module.render(reports, **settings))
