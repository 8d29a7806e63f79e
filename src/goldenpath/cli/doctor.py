"""The verb that looks at this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goldenpath.project.exit_codes import Exit


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> Exit:
    """Tell what this machine lacks, for which verb, and how to get it.

    Ends with 1 where a project cannot be set up, run and tested here.
    """
    from goldenpath.conformance import machine, machine_report
    from goldenpath.project.exit_codes import Exit

    findings = machine.look(Path.cwd())
    click.echo(machine_report.as_json(findings) if as_json else machine_report.as_text(findings))
    return Exit.OK if machine.is_ready(findings) else Exit.FAILED
