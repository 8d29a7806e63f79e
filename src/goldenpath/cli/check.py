"""``goldenpath check``: reviews products, holds them against a base, and writes reports."""

from __future__ import annotations

from pathlib import Path

import click

from goldenpath.cli.inputs import FOLDER
from goldenpath.project.exit_codes import Exit
from goldenpath.reports.maturity import FORMATS


@click.command()
@click.argument("path", type=FOLDER, default=".")
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help=f"One or more of {', '.join(FORMATS)}; repeat it or use commas. [default: text]",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file for each format, in their order, or one folder for all of them.",
)
@click.option(
    "--min-level", type=click.IntRange(0, 4), help="Fail below this level; what is validly waived is excused."
)
@click.option("--baseline", metavar="REF", help="Fail where anything met at the merge base of REF and HEAD fell back.")
@click.option("--select", metavar="ID,...", help="Ask only these criteria, or parts such as TR; gives no level.")
@click.option("--trend", type=click.IntRange(0, 200), default=0, metavar="N", help="Show the levels of N commits too.")
def check(
    path: Path,
    formats: tuple[str, ...],
    outputs: tuple[Path, ...],
    min_level: int | None,
    baseline: str | None,
    select: str | None,
    trend: int,
) -> Exit:
    """Review every product in and below PATH.

    Exit codes: 0 fine, 1 something fell back or the level is too low, 2 wrong usage, 3 no answer could be given.
    """
    from goldenpath.reports.maturity.check import check as check_products

    return check_products(path, formats, outputs, min_level, baseline, select, trend)
