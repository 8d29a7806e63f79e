"""What is said of the command in documents and workflows, held against the command itself."""

from __future__ import annotations

import re
import shlex

import click

from goldenpath.cli import main

SAID = re.compile(r"(?:^|`|\$ |&& |-- |; |\.venv/bin/|[A-Z_]+=\S+ )goldenpath ([a-z-][^`\n#;|&}]*)", flags=re.MULTILINE)
"""The words after the program's name."""


def fault(words: str) -> str:
    """The verb or option that the command does not know; empty where it knows all.

    Args:
        words: What follows the program's name. Placeholders in capitals stand for any verb.
    """
    context = click.Context(main)
    command: click.Command = main
    path: list[str] = []
    rest = [word.rstrip(",") for word in shlex.split(words.replace("'", "").replace('"', "")) if word != "-->"]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        path.append(rest.pop(0).rstrip(".,:"))
        found = command.get_command(context, path[-1])
        if found is None:
            return "" if path[-1].isupper() else " ".join(path)
        command = found
    if "--" in rest:
        rest = rest[: rest.index("--")]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    unknown = [word.partition("=")[0] for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return " ".join([*path, *unknown[:1]]) if unknown else ""
