"""The text of a new ``contract.yaml``: Open Data Contract Standard v3, with a comment for each guess."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from goldenpath.adopt.infer import MOST_SEGMENTS, Guess
from goldenpath.project.contract import ROLES, Column

_WIDTH = 116
_YAML_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*")


def contract_text(guesses: Sequence[Guess], project: str, table: str, file: str, target: str) -> str:
    """Write the contract.

    Args:
        guesses: The columns, in the order of the file.
        project: The contract's id, which stays the project's.
        table: The name of the table.
        file: The name of the file that was adopted.
        target: The target, by its name in the contract.

    Returns:
        YAML that :func:`contract.load` reads.
    """
    head = f"""\
# The data contract: every column, once. Validation, features, the API's request model and the reports come from it.
# Format: Open Data Contract Standard v3. Roles: {", ".join(ROLES)}.
#
# Guessed by `goldenpath adopt` from {_one_line(file)}. Where you know better, change it: this file decides.
# - required: no value was missing. Enum: few values and each seen often, so a new one is taken for a mistake; text with
#   rare values has none, so that new ones pass, and may be twice as long as the longest seen.
# - Range: what was seen, widened by its own width on each side but not across zero, so that a new extreme passes and a
#   wrong unit does not. Dates have none: new ones must pass.
# - segment: up to {MOST_SEGMENTS} columns of few values, for which the evaluation reports separately.
# - Excluded columns stay in the data; the model does not see them. The reason stands beside them.
apiVersion: v3.1.0
kind: DataContract
id: {_scalar(project)}
name: {_scalar(project)}
version: 1.0.0
status: draft
description:
  purpose: {_scalar(f"Predict {target} from the other columns of {file}.")}
  limitations: Guessed from one file. Say where the rows come from, whom they leave out, and since when.
  usage: {_scalar(f"Training and serving of {project}.")}
schema:
  - name: {_scalar(table)}
    logicalType: object
    dataGranularityDescription: {_scalar(f"One row of {file}; say what a row stands for.")}
    properties:
"""
    return head + "\n".join(line for guess in guesses for line in _property(guess)) + "\n"


def _property(guess: Guess) -> Iterator[str]:
    column = guess.column
    for sentence in (*guess.reasons, *([guess.note] if guess.note else [])):
        for line in textwrap.wrap(_one_line(sentence).rstrip(".") + ".", _WIDTH - 8, break_long_words=False):
            yield f"      # {line}"
    yield f"      - name: {_scalar(column.name)}"
    if column.physical_name != column.name:
        yield f"        physicalName: {_scalar(column.physical_name)}"
    yield f"        logicalType: {column.type}"
    if column.required:
        yield "        required: true"
    yield f"        classification: {column.classification}"
    yield f"        description: {_scalar(column.description)}"
    if column.enum:
        yield "        enum:"
        yield from (f"          - {{value: {_scalar(value)}}}" for value in column.enum)
    options = {"minimum": column.minimum, "maximum": column.maximum, "maxLength": column.max_length}
    set_options = [f"{key}: {_scalar(value)}" for key, value in options.items() if value is not None]
    if set_options:
        yield f"        logicalTypeOptions: {{{', '.join(set_options)}}}"
    if column.example is not None:
        yield f"        examples: [{_scalar(column.example)}]"
    yield from _custom(column)


def _custom(column: Column) -> Iterator[str]:
    roles = ", ".join(role for role in ROLES if role in column.roles)
    items = [f"{{property: roles, value: [{roles}]}}"]
    if column.nominal:
        items.append("{property: scale, value: nominal}")
    if column.reason:
        items.append(f"{{property: reason, value: {_scalar(column.reason)}}}")
    if len(items) == 1:
        yield f"        customProperties: [{items[0]}]"
    else:
        yield "        customProperties:"
        yield from (f"          - {item}" for item in items)


def _scalar(value: Any) -> str:
    """A value as YAML that reads back as the same value and type."""
    if not isinstance(value, str):
        return yaml.safe_dump(value).partition("\n")[0]
    if _PLAIN.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    return yaml.safe_dump(value, allow_unicode=True, width=float("inf"), default_style='"').removesuffix("\n")


def _one_line(text: str) -> str:
    """Text that cannot end a comment: without line breaks and other signs that do not print."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
