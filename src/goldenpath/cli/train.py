"""Verbs that train: from raw rows to a model, its results and its report."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from goldenpath.pipeline.fingerprints import STAGES


@click.command()
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--force", is_flag=True, help="Run them though nothing has changed.")
def run(stages: tuple[str, ...], force: bool) -> None:
    """Run the stages that have changed, and write what follows from their results.

    With STAGE: only these and what they need. Evaluation page, model card, API document and bill of materials are
    written where they are older than what they are made from.
    """
    from goldenpath.delivery.release import results

    results.run(Path.cwd(), stages, force=force)


@click.command()
@click.argument("name", type=click.Choice(list(STAGES)), metavar="NAME")
def stage(name: str) -> None:
    """Run one stage of the pipeline, as dvc.yaml calls it.

    NAME is the stage's name in dvc.yaml. To run what has changed, in order: goldenpath run.
    """
    from goldenpath.pipeline.stage import measured

    click.echo(measured(name, getattr(import_module(f"goldenpath.pipeline.{name}"), name)))


@click.command()
def results() -> None:
    """Get the data and models that dvc.lock names, or make them where neither cache nor remote has them."""
    from goldenpath.delivery.release import results as getting

    getting.get(Path.cwd())


@click.command()
def report() -> None:
    """Draw reports/evaluation.html again."""
    from goldenpath.reports import evaluation

    written = evaluation.write()
    click.echo(f"{written.path}: {written.headline}")


@click.command()
def predict() -> None:
    """Start the service, ask it for one prediction by the contract's example row, and stop it."""
    from goldenpath.serving.rest import sample_request

    click.echo(sample_request.ask_once())


@click.command()
def push() -> None:
    """Send data and models to the remote of .dvc/config."""
    from goldenpath.delivery.release import pushed

    pushed.push(Path.cwd())


@click.command()
def reproduce() -> None:
    """Run the pipeline from raw data in a throwaway clone of the last commit, and compare the results."""
    from goldenpath.delivery.release import reproduction

    click.echo(reproduction.reproduce(Path.cwd()))
