"""The ``goldenpath`` command: reviews products, and writes the evidence that reviews look for."""

from __future__ import annotations

from importlib import import_module

import click

from goldenpath import __version__
from goldenpath.standards import CATALOGUE_VERSION

COMMANDS = {
    "check": "check",
    "explain": "explain",
    "fix": "fix",
    "attest": "sign",
    "waive": "sign",
    "record": "record",
    "history": "history",
}
"""Each command and the module that holds it, in the order of the help."""


class _Commands(click.Group):
    """Commands that are imported when they are called: what one of them needs costs the others no time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - see click.Group
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"{__name__}.{COMMANDS[cmd_name]}"), cmd_name)
        return found if isinstance(found, click.Command) else None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__, prog_name="goldenpath", message=f"%(prog)s %(version)s, catalogue {CATALOGUE_VERSION}"
)
def main() -> None:
    """Review how mature a machine-learning product is, from level 0 to 4, by evidence."""
