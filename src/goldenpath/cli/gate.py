"""Verbs that judge a change, and tell what it does."""

from __future__ import annotations

from pathlib import Path

import click

from goldenpath.project.exit_codes import Exit

NAMES = ("contract", "data", "lock", "secrets", "deps", "workflows", "deploy", "rendered", "model", "image")
BASE = click.option(
    "--base", metavar="REF", default="origin/main", show_default=True, help="The branch, tag or commit to compare with."
)


@click.command()
@click.argument("names", type=click.Choice(NAMES), metavar="[NAME]...", nargs=-1)
@BASE
@click.option("--self-test", is_flag=True, help="Show that the model gate refuses a model made worse on purpose.")
def gate(names: tuple[str, ...], base: str, self_test: bool) -> Exit:
    """Judge a change by the gates named; without NAME, by every gate that applies.

    NAME is contract, data, lock, secrets, deps, workflows, deploy, rendered, model or image.

    Ends with 0 where all is green, 1 where a gate is red, 3 where nothing is known of one.
    """
    if self_test:
        if set(names) - {"model"}:
            raise click.UsageError(f"--self-test is for the model gate, and not for {' and '.join(names)}.")
        from goldenpath.gates.model import gate_selftest

        click.echo(gate_selftest.run(Path.cwd()))
        return Exit.OK
    from goldenpath.gates import catalogue, verdict

    if names:
        verdicts = []
        for name in names:
            outcome = catalogue.run(name, Path.cwd(), base)
            click.echo(str(outcome), err=outcome.verdict != "pass")
            verdicts.append(outcome.verdict)
        return verdict.EXIT_CODES[verdict.overall(verdicts)]
    outcomes = catalogue.run_all(Path.cwd(), base)
    catalogue.table(outcomes)
    return verdict.EXIT_CODES[verdict.overall(outcome.verdict for outcome in outcomes)]


@click.command()
@BASE
@click.option("--jobs", metavar="JSON", default="", help="How the jobs of CI ended: GitHub's `needs` as JSON.")
def pr_report(base: str, jobs: str) -> None:
    """Tell in one report what a change does, and what the gates said of it.

    Runs no gate: each that was run left its verdict in reports/.
    """
    from goldenpath.gates.report import write

    outline = write.write(Path.cwd(), base, jobs)
    click.echo(f"{write.MARKDOWN}\n{write.PAGE}\n{outline.verdict}\n{outline.headline}")


@click.command()
def pr_comment() -> None:
    """Show the report under its pull request; comment.yml runs this."""
    from goldenpath.gates import comment

    click.echo(comment.run())


@click.command()
@BASE
def changes(base: str) -> None:
    """Tell whether only documents changed since the base."""
    from goldenpath.gates.changes import documents_only

    click.echo(f"documents-only={str(documents_only(Path.cwd(), base)).lower()}")


@click.command()
@BASE
def metrics_diff(base: str) -> None:
    """Show how the metrics moved since the base, as Markdown."""
    from goldenpath.gates.changes import metrics_diff as compare

    click.echo(compare(Path.cwd(), base), nl=False)


@click.command()
@BASE
@click.option("--rows", is_flag=True, help="The raw rows, where they are others than those here, and no model.")
def rebuild_base(base: str, rows: bool) -> None:
    """Make the base's model or rows again, where neither cache nor remote has them."""
    from goldenpath.gates.model import rebuild_champion

    make = rebuild_champion.rows if rows else rebuild_champion.champion
    click.echo(make(Path.cwd(), base))
