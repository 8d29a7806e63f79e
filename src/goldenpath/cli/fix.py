"""``goldenpath fix``: meets a criterion where a machine can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goldenpath.cli.inputs import FOLDER, CriterionId

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product
    from goldenpath.review.standards.criterion import Criterion


@click.command()
@click.argument("item", metavar="[ID]", type=CriterionId(), required=False)
@click.option("--all", "everything", is_flag=True, help="Every fix that can be made here, as one change.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
def fix(item: type[Criterion] | None, everything: bool, yes: bool, path: Path) -> None:
    """Meet a criterion where a machine can. Shows the diff, asks, and writes.

    Without ID and --all: says what each fix would do here.
    """
    from goldenpath.reports.maturity.sanitize import plain
    from goldenpath.review import fixes
    from goldenpath.review.product.product import open_product

    if item is not None and everything:
        raise click.UsageError("want an ID or --all, not both")
    product = open_product(path)
    if item is None and not everything:
        _list(product)
        return
    texts, refused = fixes.propose_all(product) if item is None else (fixes.propose(product, item.id), {})
    for name, reason in refused.items():
        click.echo(f"{name}: {plain(reason)}")
    if not texts:
        click.echo(f"{item.id if item else '--all'}: nothing to change.")
        return
    for file, text in texts.items():
        _show(fixes.diff(product, file, text))
    if not yes and not click.confirm(f"Write {', '.join(map(plain, texts))}?"):
        click.echo("Nothing written.")
        return
    fixes.write_all(product, texts)
    click.echo(f"Written: {', '.join(map(plain, texts))}.")
    verdict = item.check(fixes.after(product, texts)) if item else None
    if item and verdict and not verdict.status.counts:
        click.echo(f"{item.id} asks for more: {plain(verdict.reason)}")


def _list(product: Product) -> None:
    """What each fix would do."""
    from goldenpath.reports.maturity.sanitize import plain
    from goldenpath.review import fixes
    from goldenpath.review.standards import criterion

    for name in fixes.FIXES:
        try:
            texts = fixes.propose(product, name)
            words = f"goldenpath fix {name} would change {', '.join(texts)}" if texts else "nothing to change"
        except fixes.FixError as error:
            words = str(error)
        click.echo(f"{name} {criterion(name).title}: {plain(words)}")


def _show(lines: Sequence[str]) -> None:
    from goldenpath.reports.maturity.sanitize import plain

    longest = 200
    for line in lines:
        # An image in a notebook is one line of a megabyte.
        shown = plain(line[1:]) if line[:1] in "+- " else plain(line)
        sign = line[:1] if line[:1] in "+- " else ""
        indent = " " * (len(line[1:]) - len(line[1:].lstrip())) if sign else ""
        cut = shown if len(shown) <= longest else f"{shown[:longest]}… ({len(shown)} characters)"
        click.secho(f"{sign}{indent}{cut}", fg={"+": "green", "-": "red"}.get(sign))
