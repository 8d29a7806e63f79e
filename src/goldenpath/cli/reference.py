"""The reference in ``docs/reference``, written from the code: every verb with its options, every setting."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

FOLDER = Path("docs/reference")
Schema = dict[str, Any]
LIMITS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
    "pattern": "like",
    "minLength": "of at least",
}
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def verbs() -> str:
    """Every verb of the command by section, as Markdown."""
    from goldenpath.cli import SECTIONS, main

    context = click.Context(main, info_name="goldenpath")
    lines = ["# Verbs", "", "`goldenpath --help` lists them, `goldenpath VERB --help` tells the options of one.", ""]
    lines += ["| exit code | meaning |", "|---|---|"]
    exits = import_module("goldenpath.project.exit_codes")
    meanings = re.findall(r'^    (\w+) = (\d+)\n    """(.*)"""', inspect.getsource(exits), re.MULTILINE)
    lines += [f"| {number} | {says} |" for _, number, says in meanings]
    for section, rows in SECTIONS.items():
        lines += ["", f"## {section}"]
        for verb in rows:
            command = main.get_command(context, verb)
            if command is not None:
                lines += _command(command, click.Context(command, info_name=verb, parent=context))
    return "\n".join([*lines, ""])


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _command(inner, click.Context(inner, info_name=name, parent=context))
        return
    pieces = " ".join(command.collect_usage_pieces(context))
    yield from (
        "",
        f"### {context.command_path}",
        "",
        "```text",
        f"{context.command_path} {pieces}".rstrip(),
        "```",
        "",
    )
    yield from inspect.cleandoc(command.help or "").replace("\b\n", "").splitlines()
    options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
    if options:
        yield from ("", "| option | meaning |", "|---|---|")
        for option in options:
            record = option.get_help_record(context)
            if record is not None:
                yield f"| `{_cell(record[0])}` | {_cell(record[1])} |"


def settings() -> str:
    """Every setting of ``params.yaml``, as Markdown."""
    schema = import_module("goldenpath.project.params").Params.model_json_schema()
    lines = ["# Settings of params.yaml", "", "An unknown key is refused, and so is a value out of its range."]
    lines += ["", "| setting | value | default | meaning |", "|---|---|---|---|"]
    lines += _section(schema, schema["$defs"], "")
    return "\n".join([*lines, ""])


def _section(section: Schema, named: Schema, prefix: str) -> Iterator[str]:
    """The rows of a section of the JSON schema, and of the sections in it."""
    texts = _ATTRIBUTE.findall(section.get("description", ""))
    meanings = {name: " ".join(text.split()) for name, text in texts}
    for name, item in section.get("properties", {}).items():
        inner = [named[ref] for ref in _references(item)]
        if inner and "additionalProperties" not in item:
            yield from _section(inner[0], named, f"{prefix}{name}.")
            continue
        default = "required" if name in section.get("required", ()) else f"`{item.get('default')!r}`"
        yield f"| `{prefix}{name}` | {_cell(_values(item))} | {_cell(default)} | {_cell(meanings.get(name, ''))} |"


def _references(item: Schema) -> list[str]:
    options = [item, *item.get("anyOf", ()), *item.get("allOf", ())]
    return [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]


def _values(item: Schema) -> str:
    """What a setting may be, in words."""
    if "anyOf" in item:
        return " or ".join(_values(option) for option in item["anyOf"] if option.get("type") != "null")
    if "enum" in item:
        return ", ".join(f"`{value}`" for value in item["enum"])
    if "additionalProperties" in item:
        return "names and values"
    words = [str(item.get("type", "text"))]
    words += [f"{says} {item[key]}" for key, says in LIMITS.items() if key in item]
    return " ".join(words)


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the pages of the reference."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in (("verbs", verbs()), ("settings", settings())):
        (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
