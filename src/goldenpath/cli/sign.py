"""``goldenpath attest`` and ``goldenpath waive``: what people sign for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.inputs import FOLDER, CriterionId

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product
    from goldenpath.review.standards.criterion import Criterion


@click.command()
@click.argument("item", metavar="ID", type=CriterionId())
@click.option("--by", required=True, help="Who attests: a handle in CODEOWNERS.")
@click.option("--statement", required=True, help="What is attested.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts. [default: as long as the criterion allows]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
def attest(item: type[Criterion], by: str, statement: str, link: str, days: int | None, path: Path) -> None:
    """Attest what no command can prove. Merge the change to make it count."""
    from goldenpath.review.evidence import sign
    from goldenpath.review.product.product import open_product

    product = open_product(path)
    _sign(product, item, lambda: sign.attest(product, item, by, statement, link, days))


@click.command()
@click.argument("item", metavar="[ID]", type=CriterionId(), required=False)
@click.option(
    "--level", type=click.IntRange(0, 4), help="Every criterion up to this level that is not met, each by name."
)
@click.option("--approver", required=True, help="Who agrees: a handle in CODEOWNERS.")
@click.option("--reason", required=True, help="Why it is excused.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts, at most 90. [default: 90]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
def waive(
    item: type[Criterion] | None,
    level: int | None,
    approver: str,
    reason: str,
    link: str,
    days: int | None,
    path: Path,
) -> None:
    """Excuse a criterion for a time. The gate lets it pass, the level does not rise.

    With --level: all that is not met now up to that level, one entry each.
    """
    from goldenpath.reports.maturity.sanitize import plain
    from goldenpath.review import levels
    from goldenpath.review.evidence import sign
    from goldenpath.review.fixes import write
    from goldenpath.review.product.product import open_product
    from goldenpath.review.review import review

    if (item is None) == (level is None):
        raise click.UsageError("want an ID or --level, and not both")
    product = open_product(path)
    if item is not None:
        chosen = item
        _sign(product, chosen, lambda: sign.waive(product, chosen, approver, reason, link, days))
        return
    found = review(product)
    unmet = [result for result in found.results if result.criterion.level <= (level or 0) and not levels.is_met(result)]
    kept = {result.criterion.id: sign.lasting(product, result.criterion, days) for result in unmet}
    new = [result for result in unmet if not kept[result.criterion.id]]
    edits = sign.waive_all(product, [result.criterion for result in new], approver, reason, link, days)
    if edits:
        write(product, edits[-1].path, edits[-1].text)
    for name, until in kept.items():
        if until:
            click.echo(f"{name}: excused until {until} already")
    for result, edit in zip(new, edits, strict=True):
        words = f"{result.criterion.id} {result.criterion.title} (level {result.criterion.level})"
        click.echo(f"{words}: excused until {edit.expires}: {plain(result.verdict.reason)}")
    if not new:
        click.echo(f"Nothing to excuse: all up to level {level} is met or excused. The level stays {found.level}.")
        return
    words = f"{len(new)} entries added to {edits[-1].path}; the level stays {found.level}"
    click.echo(f"{words}. Commit them and have them reviewed.")


def _sign(product: Product, item: type[Criterion], make: Callable[[], Any]) -> None:
    from goldenpath.review.fixes import write

    edit = make()
    write(product, edit.path, edit.text)
    click.echo(f"{item.id}: added to {edit.path}, counts until {edit.expires}. Commit it and have it reviewed.")
