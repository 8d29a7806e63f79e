"""Verbs that start a project: from the template, and from a table of one's own."""

from __future__ import annotations

from pathlib import Path

import click

CHECKOUT = Path(__file__).resolve().parents[3]
"""The template, where this library runs from a checkout of it."""


@click.command()
@click.option("--template", metavar="URL", help="The template's address or folder; this checkout where there is one.")
@click.option(
    "--output-dir", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Where the project goes."
)
@click.option("--answer", "answers", metavar="NAME=VALUE", multiple=True, help="An answer; repeat it for more.")
@click.option("--no-input", is_flag=True, help="Ask nothing: defaults, and the answers that are given.")
def new(template: str | None, output_dir: Path, answers: tuple[str, ...], no_input: bool) -> None:
    """Generate a project, asking for each answer."""
    from goldenpath.conformance import generation

    source = template or (str(CHECKOUT) if (CHECKOUT / "cookiecutter.json").is_file() else "")
    if not source:
        raise click.UsageError("--template names the template to generate from; there is none here.")
    generation.generate(source, output_dir, answers, ask=not no_input)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("target")
@click.option("--time", metavar="COLUMN", help="When a row happened; the newest rows are held out.")
@click.option("--entity", metavar="COLUMN", help="Entity ID; all its rows stay in one split.")
@click.option("--protected", metavar="A,B", default="", help="Columns to report per group and not to use.")
@click.option("--force", is_flag=True, help="Write over changes that are not committed.")
def adopt(data: Path, target: str, time: str | None, entity: str | None, protected: str, force: bool) -> None:
    """Take your own table.

    DATA is a CSV file (any separator, encoding or compression) or a Parquet file, TARGET the column to predict.
    """
    from goldenpath.adopt import command
    from goldenpath.adopt.plan import Request

    names = tuple(name.strip() for name in protected.split(",") if name.strip())
    request = Request(data.expanduser(), target, time or None, entity or None, names)
    command.adopt(Path.cwd(), request, force=force)
