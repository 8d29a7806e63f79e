"""What adopt tells the person who ran it: the guesses, what to look at, what to do next."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from goldenpath.adopt.plan import Plan
from goldenpath.project.contract import ROLES

_SHOWN = 60


def show(done: Plan, console: Console) -> None:
    """Print the guesses as a table, then the warnings, then the next commands."""
    table = Table(title=f"{done.rows:,} rows, {len(done.guesses)} columns", title_justify="left", expand=False)
    for heading in ("column", "type", "roles", "why"):
        table.add_column(heading, overflow="fold")
    for guess in done.guesses[:_SHOWN]:
        column = guess.column
        kind = f"{column.type}, nominal" if column.nominal else column.type
        why = column.reason or ". ".join(guess.reasons)
        roles = [role for role in ROLES if role in column.roles]
        # Text, because names from a file may hold what rich takes for markup.
        table.add_row(
            Text(column.physical_name), kind, ", ".join(roles), Text(why), style="dim" if column.reason else ""
        )
    console.print(table)
    if len(done.guesses) > _SHOWN:
        console.print(f"and {len(done.guesses) - _SHOWN} more columns, all in contract.yaml")
    target = done.target
    read = f"separator {done.format.separator!r}, {done.format.encoding}, decimal {done.format.decimal!r}"
    console.print(Text(f"{target.problem} of {target.name}: {target.reason}; split by {done.split}; read with {read}."))
    for warning in done.warnings:
        console.print(Text(f"! {warning}", style="bold yellow"))
    console.print("Written: " + ", ".join([f"{done.place}.dvc", *map(str, done.files)]))
    console.print("Next: read contract.yaml, then run\n  make run test")
