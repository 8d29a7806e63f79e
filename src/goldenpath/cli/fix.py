"""``goldenpath fix``: meets a criterion where a machine can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from goldenpath import fixes
from goldenpath.cli.inputs import FOLDER, CriterionId, InputError, speaking
from goldenpath.product.product import open_product
from goldenpath.reports.report import plain
from goldenpath.standards.criterion import Criterion


@click.command()
@click.argument("item", metavar="ID", type=CriterionId())
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@speaking
def fix(item: type[Criterion], yes: bool, path: Path) -> None:
    """Meet a criterion where a machine can. Shows the diff, asks, and writes."""
    product = open_product(path)
    try:
        texts = fixes.propose(product, item.id)
        if not texts:
            click.echo(f"{item.id}: nothing to change.")
            return
        for name, text in texts.items():
            _show(fixes.diff(product, name, text))
        if not yes and not click.confirm(f"Write {', '.join(map(plain, texts))}?"):
            click.echo("Nothing written.")
            return
        for name, text in texts.items():
            fixes.write(product, name, text)
    except fixes.FixError as error:
        raise InputError(plain(str(error))) from error
    click.echo(f"Written: {', '.join(map(plain, texts))}.")


def _show(lines: Sequence[str]) -> None:
    longest = 200
    for line in lines:
        # An image in a notebook is one line of a megabyte.
        shown = plain(line[1:]) if line[:1] in "+- " else plain(line)
        sign = line[:1] if line[:1] in "+- " else ""
        indent = " " * (len(line[1:]) - len(line[1:].lstrip())) if sign else ""
        cut = shown if len(shown) <= longest else f"{shown[:longest]}… ({len(shown)} characters)"
        click.secho(f"{sign}{indent}{cut}", fg={"+": "green", "-": "red"}.get(sign))
