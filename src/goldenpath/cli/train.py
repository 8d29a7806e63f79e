"""Verbs that train: from raw rows to a model, its results and its report."""

from __future__ import annotations

from importlib import import_module

import click

from goldenpath.pipeline.fingerprints import STAGES


@click.command()
@click.argument("name", type=click.Choice(list(STAGES)), metavar="NAME")
def stage(name: str) -> None:
    """Run one stage of the pipeline, as dvc.yaml calls it.

    NAME is the stage's name in dvc.yaml. To run what has changed, in order: goldenpath run.
    """
    module = import_module(f"goldenpath.pipeline.{name}")
    import_module("goldenpath.pipeline.stage").run(name, getattr(module, name))
