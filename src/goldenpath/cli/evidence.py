"""Verbs that record proofs, and share what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goldenpath.project.exit_codes import Exit


@click.command()
def evidence() -> Exit:
    """Record what the review cannot see by reading: tests, rerun, data, retraining, gate, service, alerts.

    Goes on after a proof that fails, and ends with 1 then.
    """
    from goldenpath.delivery import evidence as proofs

    return proofs.record_all(Path.cwd())


@click.group()
def receipts() -> None:
    """Fetch or share receipts: they are git notes, which git leaves where they are unless told."""


@receipts.command("pull")
def receipts_pull() -> None:
    """Fetch tags and the receipts that others have recorded, and join them with those here."""
    from goldenpath.repository import receipts as notes

    click.echo(notes.pull(Path.cwd()))


@receipts.command("push")
def receipts_push() -> None:
    """Share the receipts that were recorded here."""
    from goldenpath.repository import receipts as notes

    click.echo(notes.push(Path.cwd()))


@click.command()
def quickstart() -> None:
    """Run the README's first commands in a throwaway clone of the last commit."""
    from goldenpath.delivery.release import quickstart as readme

    click.echo(readme.quickstart(Path.cwd()))
