"""``goldenpath record``: runs a command and writes what it proved."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.inputs import FILE, FOLDER, CriterionId

if TYPE_CHECKING:
    from goldenpath.review.standards.criterion import Criterion


def _fact(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    facts = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not separator or not name.strip():
            raise click.BadParameter(f"{value}: want name=value")
        try:
            facts[name.strip()] = json.loads(text)
        except ValueError:
            facts[name.strip()] = text
    return facts


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("item", metavar="ID", type=CriterionId())
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--also", metavar="ID", type=CriterionId(), multiple=True, help="A criterion that the same run proves.")
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", callback=_fact, help="A fact to record.")
@click.option("--junit", type=FILE, help="JUnit XML that the command writes: counts of tests become facts.")
@click.option("--coverage", type=FILE, help="coverage.xml or coverage.json that it writes: percentages become facts.")
@click.option("--json", "json_files", type=FILE, multiple=True, help="JSON that it writes: its keys become facts.")
@click.option("--artifact", "artifacts", metavar="PATH", multiple=True, help="A file whose SHA-256 is recorded.")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
def record(
    item: type[Criterion],
    command: tuple[str, ...],
    also: tuple[type[Criterion], ...],
    facts: dict[str, Any],
    junit: Path | None,
    coverage: Path | None,
    json_files: tuple[Path, ...],
    artifacts: tuple[str, ...],
    path: Path,
) -> int:
    """Run COMMAND and write a receipt of what it proved. Ends with its exit code.

    goldenpath record CQ-03 --junit reports/junit.xml -- make test
    """
    from goldenpath.repository.receipts import REF
    from goldenpath.review.evidence.record import Sources
    from goldenpath.review.evidence.record import record as write_receipt
    from goldenpath.review.product.product import open_product

    sources = Sources(facts, junit, coverage, json_files, artifacts)
    names = list(dict.fromkeys([item.id, *(other.id for other in also)]))
    receipt = write_receipt(open_product(path), names, command, sources, os.environ)
    outcome = "proved" if receipt.exit_code == 0 else f"recorded, and does not count: exit code {receipt.exit_code},"
    click.echo(f"{', '.join(names)} {outcome} on {receipt.commit[:9]}. Share it: git push origin {REF}", err=True)
    # A process that a signal ended has a negative code here, and 128 and more in a shell.
    return receipt.exit_code if receipt.exit_code >= 0 else 128 - receipt.exit_code
