"""``goldenpath explain``: what a criterion is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from goldenpath.cli.inputs import CriterionId, width

if TYPE_CHECKING:
    from goldenpath.review.standards.criterion import Criterion


@click.command()
@click.argument("item", metavar="ID", type=CriterionId())
def explain(item: type[Criterion]) -> None:
    """Say why a criterion exists and how it is met."""
    from goldenpath.review.fixes import FIXES

    anchor = " (an anchor: no attestation stands in for it)" if item.is_anchor else ""
    words = {proof.value: proof.name.lower() for proof in item.proofs}
    lines = {
        "level": f"{item.level} of {item.part}{anchor}",
        "looked at": f"{item.verify} ({', '.join(words.values())})",
        "fix": item.fix,
        "by machine": f"goldenpath fix {item.id}" if item.id in FIXES else "",
        "effort": str(item.effort),
        "needs": ", ".join(item.requires),
        "gaming": item.gaming,
        "attested": f"its human part, for at most {item.attestable} days" if item.attestable else "",
        "sources": "; ".join(item.sources),
    }
    click.secho(f"{item.id} {item.title}", bold=True)
    click.echo()
    click.echo(click.wrap_text(item.why(), width=width(), preserve_paragraphs=True))
    click.echo()
    for label, text in lines.items():
        if text:
            hanging = " " * 11
            click.echo(click.wrap_text(text, width=width(), initial_indent=f"{label:<11}", subsequent_indent=hanging))
