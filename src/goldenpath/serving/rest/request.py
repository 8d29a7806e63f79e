"""The API's request model, made from the contract, and its refusals in the contract's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError, create_model

from goldenpath.project.contract import MOMENTS, Column, Contract, as_moment
from goldenpath.serving.rest.http_errors import Refused

TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": date,
    "timestamp": datetime,
}
RULE_OF_ERROR = {
    "missing": "required",
    "literal_error": "enum",
    "greater_than_equal": "range",
    "less_than_equal": "range",
    "string_pattern_mismatch": "pattern",
    "string_too_long": "length",
}
"""The contract's rule behind each of pydantic's errors; every other error is about the type."""

NOT_A_ROW = ("model_type", "model_attributes_type")
MOST_FAULTS = 100
"""Faults that one answer tells; whoever has more has the same one in every row."""
MOST_CHARACTERS = 100
"""Of a refused value that is sent back."""
LARGEST_WHOLE = 2**63 - 1
"""Where the contract has no limit: a number with more digits has no value as a float."""
JSON_SPACE = b" \t\r\n"


class Rows(NamedTuple):
    """The rows of a request.

    Attributes:
        inputs: Of each row, a value or None for every feature.
        entities: Whom each is about; None where that was not said.
    """

    inputs: list[dict[str, Any]]
    entities: list[Any]


class RowReader:
    """Reads the rows of a request from its bytes: one object, or a list of them. Safe to share between threads."""

    def __init__(self, agreed: Contract, most_rows: int) -> None:
        row = row_model(agreed, with_entity=True)
        self._agreed = agreed
        entity = agreed.entity
        self._entity = entity.name if entity else ""
        self._is_input = entity in agreed.features
        self._one = row.__pydantic_validator__
        self._many = TypeAdapter(_many(row, most_rows)).validator

    def read(self, body: bytes) -> Rows:
        """The rows.

        Raises:
            Refused: With status 422, and every fault in the contract's words.
        """
        first = body[:1] if body[:1] not in JSON_SPACE else body.lstrip(JSON_SPACE)[:1]
        try:
            if first == b"[":
                rows = [item.__dict__ for item in self._many.validate_json(body)]
            else:
                rows = [self._one.validate_json(body).__dict__]
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            raise Refused(422, "invalid", refusals(self._agreed, found[:MOST_FAULTS])) from None
        if self._is_input:
            return Rows(rows, [row[self._entity] for row in rows])
        return Rows(rows, [row.pop(self._entity, None) for row in rows])


def row_model(agreed: Contract, *, with_entity: bool = False) -> type[BaseModel]:
    """The model of one row: a field for each feature, with the contract's type, range, choices and description.

    Args:
        agreed: The contract.
        with_entity: Whether a row may say whom it is about, also where the model does not take that.
    """
    fields: dict[str, Any] = {column.name: _field(column) for column in agreed.features}
    if with_entity and agreed.entity and agreed.entity.name not in fields:
        fields[agreed.entity.name] = _field(replace(agreed.entity, required=False))
    return create_model("Row", __config__=ConfigDict(extra="forbid", title=agreed.name), **fields)


def body_type(agreed: Contract, most_rows: int) -> Any:
    """The type of a body that is a row or a list of rows, for the API's document."""
    row = row_model(agreed, with_entity=True)
    tell = Discriminator(lambda body: "many" if isinstance(body, list) else "one")
    return Annotated[Union[Annotated[row, Tag("one")], Annotated[_many(row, most_rows), Tag("many")]], tell]  # noqa: UP007  # types known at run time only


def example_row(agreed: Contract) -> dict[str, Any]:
    """A row of the contract's example values."""
    return {column.name: column.example for column in agreed.features if column.example is not None}


def refusals(agreed: Contract, errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pydantic's errors as the contract would put them.

    Args:
        agreed: The contract.
        errors: See :meth:`pydantic.ValidationError.errors`.

    Returns:
        One record per fault: ``row`` (position in the request, 0 for a single row), ``column``, ``rule``, ``message``
        and, where a value was given that can be shown, ``value``. Faults of the request as a whole have no column.
    """
    columns = {column.name: column for column in (*agreed.features, *filter(None, [agreed.entity]))}
    return [_refusal(columns, error) for error in errors]


def _many(row: type[BaseModel], most_rows: int) -> Any:
    return Annotated[list[row], Field(min_length=1, max_length=most_rows)]  # type: ignore[valid-type]


def _refusal(columns: Mapping[str, Column], error: Mapping[str, Any]) -> dict[str, Any]:
    path = error["loc"]
    row = path[0] if path and isinstance(path[0], int) else 0
    name = next((part for part in path if part in columns), None)
    if name is None:
        kind, message = _fault_of_the_row(error["type"], path, str(error["msg"]))
        return {"row": row, "column": None, "rule": kind, "message": message}
    column = columns[name]
    absent = error["type"] == "missing" or (error["input"] is None and column.required)
    kind = "required" if absent else RULE_OF_ERROR.get(error["type"], "type")
    rule = column.rules.get(kind, column.rules["type"])
    message = f"{name} {rule.text}. {column.description}".strip()
    refusal = {"row": row, "column": name, "rule": rule.name, "message": message}
    return refusal if absent else {**refusal, **_shown(error["input"])}


def _fault_of_the_row(kind: str, path: Sequence[Any], words: str) -> tuple[str, str]:
    if kind == "extra_forbidden":
        return "columns", f"{str(path[-1])[:MOST_CHARACTERS]} is not a column of the contract"
    if kind in NOT_A_ROW:
        return "body", "a row must be an object that names a value for each column"
    return "body", words


def _shown(value: Any) -> dict[str, Any]:
    """A refused value to send back, cut where it is long; nothing where it is no single value or has no end."""
    if isinstance(value, str):
        return {"value": value[:MOST_CHARACTERS]}
    is_short = not isinstance(value, int) or abs(value) <= LARGEST_WHOLE
    return {"value": value} if isinstance(value, int | float) and is_short else {}


def _field(column: Column) -> tuple[Any, Any]:
    kind: Any = Literal[column.enum] if column.enum else TYPES[column.type]
    constraint = Field(
        description=column.description or None,
        examples=None if column.example is None else [column.example],
        pattern=None if column.pattern is None else f"^(?:{column.pattern})$",
        max_length=column.max_length,
        allow_inf_nan=False if column.type == "number" and not column.enum else None,
        **({} if column.enum else _limits(column)),
    )
    return (Annotated[kind, constraint], ...) if column.required else (Annotated[kind | None, constraint], None)


def _limits(column: Column) -> dict[str, Any]:
    least, most = column.minimum, column.maximum
    if column.type == "integer":
        least, most = (-LARGEST_WHOLE if least is None else least), (LARGEST_WHOLE if most is None else most)
    given = {name: limit for name, limit in (("ge", least), ("le", most)) if limit is not None}
    if column.type in MOMENTS:
        timestamps = {name: as_moment(limit) for name, limit in given.items()}
        return (
            timestamps
            if column.type == "timestamp"
            else {name: timestamp.date() for name, timestamp in timestamps.items()}
        )
    return given if column.type in ("integer", "number") else {}
