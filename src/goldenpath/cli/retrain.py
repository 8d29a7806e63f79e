"""Verbs that train a candidate and bring it before people."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goldenpath.retraining.decide import Trigger

EVENTS = ("drift", "performance", "age")


@click.group()
def retrain() -> None:
    """Train a candidate and bring it before people.

    In order: check, branch, run, then `goldenpath gate model`, commit, publish.
    """


@retrain.command()
@click.option(
    "--trigger",
    type=click.Choice(["by-hand", "schedule", *EVENTS]),
    help="What called for it from outside; by-hand passes the cooldown.",
)
def check(trigger: Trigger | None) -> None:
    """Tell whether to train a candidate now, and why."""
    from goldenpath.retraining import check as checking

    click.echo(checking.run(Path.cwd(), trigger or "", datetime.now(UTC)))


@retrain.command()
@click.option(
    "--through", metavar="YYYY-MM|newest", default="", help="The last month to learn from; as it is unless told."
)
def branch(through: str) -> None:
    """Begin a branch for a candidate."""
    from goldenpath.retraining.branch import begin

    click.echo(begin(Path.cwd(), through.strip(), datetime.now(UTC)))


@retrain.command()
def run() -> None:
    """Read the source again, and run what follows from new rows."""
    from goldenpath.retraining import train

    train.run(Path.cwd())


@retrain.command()
def commit() -> None:
    """Commit the candidate, where `goldenpath gate model` is green."""
    from goldenpath.retraining import propose

    click.echo(propose.commit(Path.cwd()))


@retrain.command()
@click.option("--pull-request", is_flag=True, help="Open a pull request, by the forge's program gh.")
def publish(pull_request: bool) -> None:
    """Send the committed candidate's branch to origin."""
    from goldenpath.retraining import propose

    click.echo(propose.publish(Path.cwd(), pull_request=pull_request))


@retrain.command()
@click.argument("event", type=click.Choice(EVENTS), metavar="EVENT")
def ask(event: str) -> None:
    """Ask the forge to start retrain.yml for an EVENT: drift, performance or age."""
    from goldenpath.retraining import ask as asking

    click.echo(asking.ask(Path.cwd(), event))
