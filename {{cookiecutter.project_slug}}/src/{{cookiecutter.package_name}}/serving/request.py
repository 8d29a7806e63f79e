"""The API's request model, made from the contract, and its refusals in the contract's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from ..contract import Column, Contract

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


def row_model(agreed: Contract) -> type[BaseModel]:
    """The model of one row: a field for each feature, with the contract's type, range, choices and description."""
    fields: dict[str, Any] = {column.name: _field(column) for column in agreed.features}
    return create_model("Row", __config__=ConfigDict(extra="forbid", title=agreed.name), **fields)


def example_row(agreed: Contract) -> dict[str, Any]:
    """A row of the contract's example values."""
    return {column.name: column.example for column in agreed.features if column.example is not None}


def refusals(agreed: Contract, errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """pydantic's errors as the contract would put them.

    Args:
        agreed: The contract.
        errors: See :meth:`pydantic.ValidationError.errors`.

    Returns:
        One record per fault: ``row`` (position in the request, 0 for a single row), ``column``, ``rule``, ``message``
        and, where a value was given, ``value``. Faults of the request as a whole have no column.
    """
    columns = {column.name: column for column in agreed.features}
    return [_refusal(columns, error) for error in errors]


def _refusal(columns: Mapping[str, Column], error: Mapping[str, Any]) -> dict[str, Any]:
    path = [part for part in error["loc"] if part != "body"]
    row = next((part for part in path if isinstance(part, int)), 0)
    name = next((part for part in path if part in columns), None)
    if name is None:
        kind, message = _fault_of_the_row(error["type"], path, str(error["msg"]))
        return {"row": row, "column": None, "rule": kind, "message": message}
    column = columns[name]
    absent = error["type"] == "missing" or (error["input"] is None and column.required)
    rule = column.rules["required" if absent else RULE_OF_ERROR.get(error["type"], "type")]
    message = f"{name} {rule.text}. {column.description}".strip()
    refusal = {"row": row, "column": name, "rule": rule.name, "message": message}
    return refusal if absent else {**refusal, "value": error["input"]}


def _fault_of_the_row(kind: str, path: Sequence[Any], words: str) -> tuple[str, str]:
    if kind == "extra_forbidden":
        return "columns", f"{path[-1]} is not a column of the contract"
    if kind in NOT_A_ROW:
        return "body", "a row must be an object that names a value for each column"
    return "body", words


def _field(column: Column) -> tuple[Any, Any]:
    kind: Any = Literal[column.enum] if column.enum else TYPES[column.type]
    limits = {"ge": column.minimum, "le": column.maximum} if column.type in ("integer", "number") else {}
    constraint = Field(
        description=column.description or None,
        examples=None if column.example is None else [column.example],
        pattern=None if column.pattern is None else f"^(?:{column.pattern})$",
        max_length=column.max_length,
        allow_inf_nan=False if column.type == "number" and not column.enum else None,
        **{name: limit for name, limit in limits.items() if limit is not None and not column.enum},
    )
    return (Annotated[kind, constraint], ...) if column.required else (Annotated[kind | None, constraint], None)
