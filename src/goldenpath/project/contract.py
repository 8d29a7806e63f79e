"""The data contract: what each column means and which values it may hold.

``contract.yaml`` follows the Open Data Contract Standard v3. This module is the only one that reads it; validation,
features, the request model and the reports all work from the :class:`Contract` it returns.

ODCS leaves the machine-learning part open, so three custom properties of a column carry it:

``roles``
    What the column is for: any of ``feature``, ``target``, ``time``, ``entity``, ``segment``, ``protected``, or
    ``excluded`` alone.
``scale``
    ``nominal`` marks numbers that only name something (a store number), which the model must treat as categories.
``reason``
    Why an ``excluded`` column is excluded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from open_data_contract_standard.model import Description, OpenDataContractStandard, SchemaProperty
from pydantic import BaseModel, ValidationError

from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError

PATH = Path("contract.yaml")

Role = Literal["feature", "target", "time", "entity", "segment", "protected", "excluded"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

ROLES: tuple[Role, ...] = ("feature", "target", "time", "entity", "segment", "protected", "excluded")
LOGICAL_TYPES: tuple[LogicalType, ...] = ("string", "integer", "number", "boolean", "date", "timestamp")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
PERSONAL = ("confidential", "restricted")
"""Classes of columns that are personal or secret: no report, no log and no committed file shows their values."""
SINGLE_ROLES: tuple[Role, ...] = ("target", "time", "entity")
MOMENTS = ("date", "timestamp")


class ContractError(ProjectError):
    """The contract cannot be used. The message names every fault, one a line."""


@dataclass(frozen=True)
class Rule:
    """One thing the contract demands of a column.

    Attributes:
        name: The kind of demand: ``required``, ``type``, ``enum``, ``range``, ``pattern``, ``length`` or ``unique``.
        text: The demand in words, fit to follow the column's name: "must be one of EWR, JFK, LGA".
    """

    name: str
    text: str


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    Attributes:
        name: The column's name in the pipeline, the model and the API.
        physical_name: The column's name in the source, where it differs.
        type: ODCS logical type.
        roles: What the column is for.
        description: The column's meaning, unit included.
        required: Whether a value must be present.
        unique: Whether a value may occur only once.
        enum: The allowed values; empty when any value may occur.
        enum_labels: What each allowed value means, in the order of ``enum``; empty where the contract never says.
        minimum: The smallest allowed value, inclusive: a number, or an ISO date for dates and timestamps.
        maximum: The largest allowed value, inclusive.
        pattern: A regular expression that the whole string must match.
        max_length: The largest number of characters of a string.
        nominal: Whether numbers only name something.
        classification: The column's sensitivity class; anything above ``internal`` is personal or secret.
        example: A value to show people.
        reason: Why the column is excluded.
        title: The column's name as people say it, where the contract gives one (``businessName``).
    """

    name: str
    physical_name: str
    type: LogicalType
    roles: frozenset[Role]
    description: str = ""
    required: bool = False
    unique: bool = False
    enum: tuple[Any, ...] = ()
    minimum: Any = None
    maximum: Any = None
    pattern: str | None = None
    max_length: int | None = None
    nominal: bool = False
    classification: str = "internal"
    example: Any = None
    reason: str = ""
    enum_labels: tuple[str, ...] = ()
    title: str = ""

    @property
    def is_category(self) -> bool:
        """Whether the model sees the column as a category rather than as a number."""
        return self.type == "string" or self.nominal

    @property
    def rules(self) -> dict[str, Rule]:
        """Every demand on the column, by rule name, in the order in which they are checked."""
        texts = {"type": f"must be {_TYPE_WORDS[self.type]}"}
        if self.required:
            texts["required"] = "must be present"
        if self.enum:
            texts["enum"] = f"must be one of {', '.join(map(str, self.enum))}"
        if self.minimum is not None or self.maximum is not None:
            texts["range"] = f"must be {_range_words(self.minimum, self.maximum)}"
        if self.pattern is not None:
            texts["pattern"] = f"must match {self.pattern}"
        if self.max_length is not None:
            texts["length"] = f"must have at most {self.max_length} characters"
        if self.unique:
            texts["unique"] = "must not occur twice"
        return {name: Rule(name, text) for name, text in texts.items()}


@dataclass(frozen=True)
class About:
    """What the contract says about the product in words; empty where it says nothing.

    Attributes:
        product: The product's name.
        purpose: What a row is and what the data is for.
        limitations: What the data must not be used for, or does not hold.
        usage: Who uses it.
    """

    product: str
    purpose: str = ""
    limitations: str = ""
    usage: str = ""


@dataclass(frozen=True)
class Contract:
    """The columns of the product's data, in the order of the contract, and the digest of the file they came from."""

    name: str
    version: str
    about: About
    columns: tuple[Column, ...]
    sha256: str

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def having(self, role: Role) -> tuple[Column, ...]:
        """The columns that have ``role``, in the order of the contract."""
        return tuple(column for column in self.columns if role in column.roles)

    def _single(self, role: Role) -> Column | None:
        return next(iter(self.having(role)), None)

    @property
    def features(self) -> tuple[Column, ...]:
        """What the model sees, in the order in which it sees it."""
        return self.having("feature")

    @property
    def target(self) -> Column:
        """What the model predicts."""
        return self.having("target")[0]

    @property
    def time(self) -> Column | None:
        """When the row happened; the split never lets the future into training."""
        return self._single("time")

    @property
    def entity(self) -> Column | None:
        """Whom the row is about; without a time, one entity never stands on both sides of the split."""
        return self._single("entity")


def load(path: Path = PATH) -> Contract:
    """Read and check a contract.

    Args:
        path: The ODCS file.

    Raises:
        ContractError: The file is missing, is not YAML, is not ODCS v3, or contradicts itself.
    """
    if not path.is_file():
        raise ContractError(f"{path}: no such file. Write one, or run `goldenpath adopt DATA TARGET`.")
    return parse(path.read_bytes(), path)


def parse(text: bytes, path: Path = PATH) -> Contract:
    """Check a contract that was read already, such as one of another commit.

    Args:
        text: The content of an ODCS file.
        path: What errors call it.

    Raises:
        ContractError: It is not YAML, is not ODCS v3, or contradicts itself.
    """
    try:
        raw = yaml_text.load(text)
        standard = OpenDataContractStandard.model_validate(raw)
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: not an ODCS v3 contract: {_first_fault(error)}") from error
    faults = [f"unknown key {key}" for key in _unknown_keys(raw, standard)]
    if not str(standard.apiVersion).startswith("v3"):
        faults.append(f"apiVersion is {standard.apiVersion}, want v3.x")
    objects = standard.schema_ or []
    if len(objects) != 1:
        faults.append(f"schema has {len(objects)} objects, want exactly one table")
    properties = (objects[0].properties or []) if objects else []
    faults += [fault for item in properties for fault in _property_faults(item)]
    if faults:
        raise ContractError(_listed(path, faults))
    columns = tuple(_column(item) for item in properties)
    faults = _table_faults(columns)
    if faults:
        raise ContractError(_listed(path, faults))
    name = objects[0].name or str(standard.id)
    return Contract(
        name=name,
        version=standard.version or "0.0.0",
        about=_about(standard, name),
        columns=columns,
        sha256=hashlib.sha256(text).hexdigest(),
    )


_TYPE_WORDS: dict[LogicalType, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-01-31",
    "timestamp": "a time such as 2026-01-31T13:45:00Z",
}


def as_moment(limit: Any) -> datetime:
    """A limit of a column of dates or timestamps; where it names no zone, it is UTC's.

    Raises:
        ValueError: It is no ISO date or time.
    """
    moment = datetime.fromisoformat(str(limit))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _range_words(minimum: Any, maximum: Any) -> str:
    if maximum is None:
        return f"at least {minimum}"
    if minimum is None:
        return f"at most {maximum}"
    return f"between {minimum} and {maximum}"


def _about(standard: OpenDataContractStandard, name: str) -> About:
    words = standard.description or Description()
    return About(
        product=standard.name or name,
        purpose=_one_line(words.purpose),
        limitations=_one_line(words.limitations),
        usage=_one_line(words.usage),
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _custom(item: SchemaProperty) -> dict[str, Any]:
    return {str(custom.property): custom.value for custom in item.customProperties or []}


def _column(item: SchemaProperty) -> Column:
    custom = _custom(item)
    options = item.logicalTypeOptions or {}
    return Column(
        name=str(item.name),
        physical_name=item.physicalName or str(item.name),
        type=item.logicalType,  # type: ignore[arg-type]  # _property_faults has refused every other value
        roles=frozenset(custom.get("roles") or ()),
        description=_one_line(item.description),
        required=bool(item.required),
        unique=bool(item.unique),
        enum=tuple(value.value for value in item.enum or ()),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        pattern=options.get("pattern"),
        max_length=options.get("maxLength"),
        nominal=custom.get("scale") == "nominal",
        classification=item.classification or "internal",
        example=next(iter(item.examples or ()), None),
        reason=str(custom.get("reason") or ""),
        enum_labels=_labels(item),
        title=item.businessName or "",
    )


def _labels(item: SchemaProperty) -> tuple[str, ...]:
    labels = tuple(value.label or "" for value in item.enum or ())
    return labels if any(labels) else ()


def _property_faults(item: SchemaProperty) -> Iterator[str]:
    where = f"column {item.name!r}"
    custom = _custom(item)
    roles = custom.get("roles") or []
    if not item.name or not item.name.isidentifier():
        yield f"{where}: name must be letters, digits and underscores; keep the source's name in physicalName"
    if item.logicalType not in LOGICAL_TYPES:
        yield f"{where}: logicalType is {item.logicalType}, want one of {', '.join(LOGICAL_TYPES)}"
    if not isinstance(roles, list) or any(role not in ROLES for role in roles):
        yield f"{where}: roles are {roles}, want a list of {', '.join(ROLES)}"
    elif not roles:
        yield f"{where}: has no roles; give it [excluded] and a reason if nothing uses it"
    elif "excluded" in roles and (len(roles) > 1 or not custom.get("reason")):
        yield f"{where}: excluded stands alone and needs a reason"
    if item.classification and item.classification not in CLASSIFICATIONS:
        yield f"{where}: classification is {item.classification}, want one of {', '.join(CLASSIFICATIONS)}"
    if custom.get("scale") not in (None, "nominal"):
        yield f"{where}: scale is {custom['scale']}, want nominal or nothing"
    yield from _limit_faults(where, item)


def _limit_faults(where: str, item: SchemaProperty) -> Iterator[str]:
    limits = {name: (item.logicalTypeOptions or {}).get(name) for name in ("minimum", "maximum")}
    minimum, maximum = limits.values()
    if item.logicalType in MOMENTS:
        try:
            minimum, maximum = (None if limit is None else as_moment(limit) for limit in limits.values())
        except ValueError:
            told = " and ".join(f"{name} {limit!r}" for name, limit in limits.items() if limit is not None)
            yield f"{where}: {told}: want a date as 2013-12-31, or a time as 2013-12-31T23:59:59Z"
            return
    if minimum is not None and maximum is not None and minimum > maximum:
        yield f"{where}: minimum {limits['minimum']} is above maximum {limits['maximum']}"


def _table_faults(columns: tuple[Column, ...]) -> list[str]:
    faults = []
    for label, names in (("name", [c.name for c in columns]), ("physicalName", [c.physical_name for c in columns])):
        faults += [f"{label} {name!r} stands {names.count(name)} times" for name in set(names) if names.count(name) > 1]
    for role in SINGLE_ROLES:
        holders = [column.name for column in columns if role in column.roles]
        if len(holders) > 1 or (role == "target" and not holders):
            faults.append(f"role {role} is held by {', '.join(holders) or 'no column'}, want one column")
    for column in columns:
        if {"target", "feature"} <= column.roles:
            faults.append(f"column {column.name!r}: a target cannot be a feature, it would predict itself")
        if "time" in column.roles and column.type not in MOMENTS:
            faults.append(f"column {column.name!r}: role time needs logicalType date or timestamp")
    if not any("feature" in column.roles for column in columns):
        faults.append("no column has role feature")
    return faults


def _unknown_keys(raw: Any, parsed: Any, where: str = "") -> Iterator[str]:
    """Keys of the YAML that the standard does not know, which pydantic would otherwise drop without a word."""
    if isinstance(raw, Mapping) and isinstance(parsed, BaseModel):
        fields = {info.alias or name: name for name, info in type(parsed).model_fields.items()}
        for key, value in raw.items():
            if key not in fields:
                yield f"{where}{key}"
            else:
                yield from _unknown_keys(value, getattr(parsed, fields[key]), f"{where}{key}.")
    elif isinstance(raw, list) and isinstance(parsed, list):
        for index, (item, model) in enumerate(zip(raw, parsed, strict=True)):
            label = item.get("name", index) if isinstance(item, Mapping) else index
            yield from _unknown_keys(item, model, f"{where}{label}.")


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return " ".join(str(error).split())


def _listed(path: Path, faults: list[str]) -> str:
    return "\n".join(f"{path}: {fault}" for fault in faults)
