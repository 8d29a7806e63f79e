"""The contract as a page needs it: a field for each column that the model takes, and the rules in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from goldenpath.model.features import as_category, as_number
from goldenpath.project.contract import PATH, Column, Contract
from goldenpath.reports.formatting import MINUS
from goldenpath.serving.web.errors import WebError


@dataclass(frozen=True)
class Choice:
    """One allowed value, and what people read."""

    value: Any
    label: str


@dataclass(frozen=True)
class Field:
    """One input of the form.

    Attributes:
        name: The column's name.
        label: The column's name as people say it.
        description: Its meaning, unit included.
        type: The contract's logical type.
        category: Whether the model takes it as text rather than as a number.
        required: Whether a value must be given.
        choices: The allowed values; empty when any value may be given.
        limits: The allowed range in words; empty where there is none.
        minimum: The smallest allowed value, as the model's number.
        maximum: The largest allowed value, as the model's number.
        pattern: A regular expression that the whole text must match.
        max_length: The largest number of characters.
        example: A value to show people.
        rules: What the contract demands, in words by the name of the rule.
    """

    name: str
    label: str
    description: str
    type: str
    category: bool
    required: bool
    choices: tuple[Choice, ...]
    limits: str
    minimum: float | None
    maximum: float | None
    pattern: str | None
    max_length: int | None
    example: Any
    rules: dict[str, str]


def of(agreed: Contract) -> tuple[Field, ...]:
    """The fields, in the order of the contract.

    Raises:
        WebError: A column cannot be encoded in a page as it is in Python.
    """
    for column in agreed.features:
        if column.type == "timestamp" and column.is_category:
            raise WebError(
                f"{PATH}: column {column.name!r} is a time with scale nominal, whose text differs from page to Python. "
                "Let the source give it as text."
            )
    return tuple(_field(column) for column in agreed.features)


def described(agreed: Contract) -> dict[str, Any]:
    """What the page is told of the contract, as JSON can hold it."""
    target = agreed.target
    return {
        "sha256": agreed.sha256,
        "target": {"name": target.name, "label": label(target), "choices": [asdict(item) for item in choices(target)]},
        "fields": [asdict(field) for field in of(agreed)],
    }


def label(column: Column) -> str:
    """The column's name as people say it: what the contract calls it, else its name in words."""
    words = column.title or column.name.replace("_", " ").strip() or column.name
    return words[:1].upper() + words[1:]


def choices(column: Column) -> tuple[Choice, ...]:
    """The values that a column may hold; empty when it is any."""
    if column.type == "boolean" and not column.enum:
        return (Choice(True, "yes"), Choice(False, "no"))
    labels = column.enum_labels or [""] * len(column.enum)
    return tuple(
        Choice(value, f"{value} \N{EN DASH} {words}" if words else str(value))
        for value, words in zip(column.enum, labels, strict=True)
    )


def _field(column: Column) -> Field:
    return Field(
        name=column.name,
        label=label(column),
        description=column.description,
        type=column.type,
        category=column.is_category,
        required=column.required,
        choices=choices(column),
        limits=_limits(column),
        minimum=_limit(column, column.minimum),
        maximum=_limit(column, column.maximum),
        pattern=column.pattern,
        max_length=column.max_length,
        example=column.example,
        rules={name: rule.text for name, rule in column.rules.items()},
    )


def _limit(column: Column, limit: Any) -> float | None:
    return None if limit is None or column.type == "string" else as_number(limit)


def _limits(column: Column) -> str:
    least, most = _shown(column.minimum), _shown(column.maximum)
    if least and most:
        return f"{least} to {most}"
    return f"at least {least}" if least else f"at most {most}" if most else ""


def _shown(limit: Any) -> str:
    if limit is None:
        return ""
    return as_category(limit).replace("-", MINUS) if isinstance(limit, int | float) else str(limit)
