"""Rows against the contract: types, presence, allowed values, ranges, patterns, uniqueness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from goldenpath.project.contract import MOMENTS, PATH, Column, Contract, ContractError, Rule, as_moment
from goldenpath.tables.type_inference import to_time

VIOLATIONS = "contract_violations"
"""Name of the column that quarantined rows carry in addition: what they broke, in words."""

TRUE_WORDS = {"true", "t", "yes", "y", "1", "1.0"}
FALSE_WORDS = {"false", "f", "no", "n", "0", "0.0"}


@dataclass(frozen=True)
class Broken:
    """A rule that rows broke.

    Attributes:
        column: The column's contract name.
        rule: What was demanded.
        index: The positions of the rows that broke it.
        samples: Up to five of the values that broke it.
    """

    column: str
    rule: Rule
    index: pd.Index[Any]
    samples: list[str]


@dataclass(frozen=True)
class Validated:
    """The outcome of a validation.

    Attributes:
        valid: The rows that keep the contract, typed and named as it says.
        quarantine: The other rows, as they came, with :data:`VIOLATIONS` beside them.
        broken: The rules that were broken, the most often broken first.
        unknown_columns: Columns that the contract does not name; ``valid`` does not hold them.
    """

    valid: pd.DataFrame
    quarantine: pd.DataFrame
    broken: list[Broken]
    unknown_columns: list[str]


def validate(contract: Contract, raw: pd.DataFrame) -> Validated:
    """Divide rows into those that keep the contract and those that do not.

    Args:
        contract: What to demand.
        raw: Rows under the contract's physical names.

    Raises:
        ContractError: Columns of the contract are missing from the table as a whole.
    """
    raw = raw.reset_index(drop=True)
    missing = [column.physical_name for column in contract if column.physical_name not in raw.columns]
    if missing:
        found = ", ".join(map(str, raw.columns))
        raise ContractError(f"{PATH}: columns {', '.join(missing)} are not in the data, which has {found}.")
    typed, broken = {}, []
    for column in contract:
        values = raw[column.physical_name]
        typed[column.name] = in_type(column, values)
        mistyped = raw.index[values.notna() & typed[column.name].isna()]
        broken += _broken(column, "type", mistyped, values)
    frame = pd.DataFrame(typed)
    broken += _broken_checks(contract, frame, already={(item.column, row) for item in broken for row in item.index})
    broken.sort(key=lambda item: -len(item.index))
    bad = sorted({row for item in broken for row in item.index})
    return Validated(
        valid=frame.drop(index=bad).reset_index(drop=True),
        quarantine=raw.loc[bad].assign(**{VIOLATIONS: _in_words(broken, bad)}),
        broken=broken,
        unknown_columns=[str(name) for name in raw.columns if name not in {c.physical_name for c in contract}],
    )


def in_type(column: Column, values: pd.Series) -> pd.Series:
    """The values in the column's type; those that do not fit it become missing."""
    if column.type in ("integer", "number"):
        numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
        return numbers if column.type == "number" else numbers.mask(numbers % 1 != 0).astype("Int64")
    if column.type == "boolean":
        if pd.api.types.is_bool_dtype(values.dtype):
            return values.astype("boolean")
        words = values.astype("string").str.strip().str.lower()
        known = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
        return words.map(known).astype("boolean")
    if column.type in MOMENTS:
        timestamps = pd.Series(to_time(values).dt.tz_localize("UTC"))
        return timestamps.dt.normalize() if column.type == "date" else timestamps
    if pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")  # whole numbers beside missing values: "7", not "7.0"
    return values.astype("string")


def _broken_checks(contract: Contract, frame: pd.DataFrame, already: set[tuple[str, Any]]) -> Iterable[Broken]:
    schema = pa.DataFrameSchema({column.name: _pandera(column) for column in contract})
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for (name, check), group in cases.groupby(["column", "check"], sort=False):
            column = contract[str(name)]
            rule = PANDERA_RULES.get(str(check), str(check))
            rows = pd.Index([row for row in group["index"] if (column.name, row) not in already])
            yield from _broken(column, rule, rows, frame[column.name])


PANDERA_RULES = {"not_nullable": "required", "field_uniqueness": "unique"}
"""Names of pandera's built-in checks that are not named by us."""


def _pandera(column: Column) -> pa.Column:
    checks = []
    if column.enum:
        checks.append(pa.Check.isin(list(column.enum), error="enum"))
    if column.minimum is not None:
        checks.append(pa.Check.ge(_bound(column, column.minimum), error="range"))
    if column.maximum is not None:
        checks.append(pa.Check.le(_bound(column, column.maximum), error="range"))
    if column.pattern is not None:
        checks.append(pa.Check.str_matches(f"^(?:{column.pattern})$", error="pattern"))
    if column.max_length is not None:
        checks.append(pa.Check.str_length(max_value=column.max_length, error="length"))
    return pa.Column(checks=checks, nullable=not column.required, unique=column.unique)


def _bound(column: Column, bound: Any) -> Any:
    return pd.Timestamp(as_moment(bound)) if column.type in MOMENTS else bound


def _broken(column: Column, rule: str, rows: pd.Index[Any], values: pd.Series) -> list[Broken]:
    if rows.empty:
        return []
    samples = values.loc[rows].drop_duplicates().head(5)
    examples = ["(missing)" if pd.isna(value) else str(value) for value in samples]
    return [Broken(column.name, column.rules[rule], rows, examples)]


def _in_words(broken: list[Broken], bad: list[Any]) -> pd.Series:
    words: dict[Any, list[str]] = {row: [] for row in bad}
    for item in broken:
        for row in item.index:
            words[row].append(f"{item.column} {item.rule.text}")
    return pd.Series({row: "; ".join(found) for row, found in words.items()}, dtype="string")
