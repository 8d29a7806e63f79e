"""``goldenpath history``: the level over commits, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.inputs import FOLDER

if TYPE_CHECKING:
    from goldenpath.review.history import Point


@click.command()
@click.argument("path", type=FOLDER, default=".")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many commits.")
def history(path: Path, limit: int) -> None:
    """Draw the level over the commits of the main line."""
    from goldenpath.reports.maturity.sanitize import plain
    from goldenpath.review.history import history as levels_of
    from goldenpath.review.product.product import open_products
    from goldenpath.review.review import review

    for product in open_products(path):
        drawn = _drawn(levels_of(product, limit))
        click.secho(f"\n{plain(review(product, ['DOC-01']).name)}", bold=True)
        click.echo(drawn)


def _drawn(found: Sequence[Point]) -> str:
    """A column for each commit, and below it what changed with each that changed anything."""
    from goldenpath.reports.maturity.sanitize import plain

    lines = []
    for level in range(4, -1, -1):
        cells = "".join("██ " if point.level >= level else "   " for point in found) if level else "━━━" * len(found)
        lines.append(f"  {level} {'┤' if level else '┼'}{cells}".rstrip())
    lines.append("")
    before = None
    for point in found:
        changes = [*(f"+{name}" for name in point.gained), *(f"-{name}" for name in point.lost)]
        if before is None or changes or point is found[-1]:
            shown = " ".join(changes[:8]) + (f" and {len(changes) - 8} more" if len(changes) > 8 else "")
            subject = plain(point.subject)
            subject = subject if len(subject) <= 40 else f"{subject[:39]}…"
            lines.append(f"  {point.when} {point.commit[:9]} level {point.level}  {subject:<40}  {shown}".rstrip())
        before = point
    return "\n".join(lines)
