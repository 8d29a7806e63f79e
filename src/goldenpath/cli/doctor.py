"""The verb that looks at a machine."""

from __future__ import annotations

from pathlib import Path

import click

from goldenpath.project.exit_codes import Exit

MARKS = {"ok": "ok", "missing": "--", "broken": "!!"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a list of findings for programs.")
def doctor(as_json: bool) -> Exit:
    """Tell what this machine lacks, for which verb, and how to get it.

    Ends with 1 where something is missing without which setup, run or test fail.
    """
    from goldenpath.fleet import doctor as examination

    findings = examination.examine(Path.cwd())
    lacking = examination.missing_for_work(findings)
    if as_json:
        import json

        click.echo(json.dumps([item.to_json() for item in findings], indent=2))
        return Exit.FAILED if lacking else Exit.OK
    for item in findings:
        click.echo(f"{MARKS[item.status]}  {item.name:<19}{item.detail}")
        if item.status != "ok":
            click.echo(f"    {'':<19}needed for: {item.needed_for}\n    {'':<19}get it: {item.fix}")
    if lacking:
        click.echo(f"\nsetup, run or test need: {', '.join(item.name for item in lacking)}.", err=True)
        return Exit.FAILED
    click.echo("\nsetup, run and test have what they need.")
    return Exit.OK
