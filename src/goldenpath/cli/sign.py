"""``goldenpath attest`` and ``goldenpath waive``: what people sign for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from goldenpath.cli.inputs import FOLDER, CriterionId, InputError, speaking
from goldenpath.evidence import sign
from goldenpath.fixes import FixError, write
from goldenpath.product.product import Product, open_product
from goldenpath.reports.words import plain
from goldenpath.standards.criterion import Criterion


@click.command()
@click.argument("item", metavar="ID", type=CriterionId())
@click.option("--by", required=True, help="Who attests: a handle in CODEOWNERS.")
@click.option("--statement", required=True, help="What is attested.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts. [default: as long as the criterion allows]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@speaking
def attest(item: type[Criterion], by: str, statement: str, link: str, days: int | None, path: Path) -> None:
    """Attest what no command can prove. Merge the change to make it count."""
    product = open_product(path)
    _sign(product, item, lambda: sign.attest(product, item, by, statement, link, days))


@click.command()
@click.argument("item", metavar="ID", type=CriterionId())
@click.option("--approver", required=True, help="Who agrees: a handle in CODEOWNERS.")
@click.option("--reason", required=True, help="Why it is excused.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts, at most 90. [default: 90]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@speaking
def waive(item: type[Criterion], approver: str, reason: str, link: str, days: int | None, path: Path) -> None:
    """Excuse a criterion for a time. The gate lets it pass, the level does not rise."""
    product = open_product(path)
    _sign(product, item, lambda: sign.waive(product, item, approver, reason, link, days))


def _sign(product: Product, item: type[Criterion], make: Callable[[], Any]) -> None:
    try:
        edit = make()
        write(product, edit.path, edit.text)
    except (sign.SignError, FixError) as error:
        raise InputError(plain(str(error))) from error
    click.echo(f"{item.id}: added to {edit.path}, counts until {edit.expires}. Commit it and have it reviewed.")
