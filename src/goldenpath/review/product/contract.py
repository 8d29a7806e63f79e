"""The data contract, ``contract.yaml`` (ODCS v3), and the signature of the model that was trained under it.

Read as leniently as an honest answer allows: what the contract's own loader refuses is the project's tests' to find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FILE, SIGNATURE = "contract.yaml", "models/signature.json"
_NAMED = re.compile(r"\bname:\s*['\"]?(\w+)")
OPEN_CLASSES = frozenset({"public", "internal"})
"""Classifications of data that is neither personal nor secret."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        type: Its ODCS logical type.
        roles: What it is for: ``feature``, ``target``, ``time``, ``entity``, ``segment``, ``protected``, ``excluded``.
        description: Its meaning.
        classification: Its sensitivity; empty where the contract is silent.
        required: Whether a value must be present.
        line: Its line in the contract.
    """

    name: str
    type: str = ""
    roles: frozenset[str] = frozenset()
    description: str = ""
    classification: str = ""
    required: bool = False
    line: int | None = None

    @property
    def is_sensitive(self) -> bool:
        """Whether it holds what is personal or secret, by its classification."""
        return bool(self.classification) and self.classification not in OPEN_CLASSES


@dataclass(frozen=True)
class Contract:
    """The contract: what the data is about, its version, and every column; empty where there is none."""

    purpose: str = ""
    version: str = ""
    columns: tuple[Column, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def having(self, role: str) -> tuple[Column, ...]:
        """The columns of a role, in the order of the contract."""
        return tuple(column for column in self.columns if role in column.roles)


@dataclass(frozen=True)
class Signature:
    """What the exported model takes and is; empty where there is none.

    Attributes:
        inputs: Name and logical type of each input, in order.
        target: What it predicts.
        task: ``binary``, ``multiclass`` or ``regression``.
        model_sha256: Digest of the model's file.
        contract_sha256: Digest of the contract that it was trained under.
    """

    inputs: tuple[tuple[str, str], ...] = ()
    target: str = ""
    task: str = ""
    model_sha256: str = ""
    contract_sha256: str = ""

    def __bool__(self) -> bool:
        return bool(self.inputs)


@lru_cache(maxsize=64)
def read(product: Product) -> Contract:
    """Read the contract; every object of its schema counts.

    Raises:
        BrokenFileError: It does not parse, or its schema is not a list of objects with properties.
    """
    raw = product.mapping(FILE)
    about = raw.get("description")
    columns = tuple(column for item in _items(raw.get("schema"), "schema") for column in _columns(product, item))
    purpose = about.get("purpose") if isinstance(about, dict) else about
    return Contract(_text(purpose), _text(raw.get("version")), columns)


def signature(product: Product) -> Signature:
    """Read the model's signature.

    Raises:
        BrokenFileError: It is not JSON, or not a signature.
    """
    raw = product.json(SIGNATURE)
    if raw is None:
        return Signature()
    try:
        inputs = tuple((str(item["name"]), str(item["type"])) for item in raw["inputs"])
        return Signature(
            inputs,
            *(str(raw.get(name) or "") for name in ("target", "task", "model_sha256", "contract_sha256")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenFileError(SIGNATURE, "is not a signature: want inputs, each with name and type") from error


def _columns(product: Product, table: dict[str, Any]) -> Iterator[Column]:
    lines = _lines(product.text(FILE) or "")
    for item in _items(table.get("properties"), "properties"):
        name = _text(item.get("name"))
        custom = {_text(entry.get("property")): entry.get("value") for entry in _items(item.get("customProperties"))}
        roles = custom.get("roles") or []
        yield Column(
            name=name,
            type=_text(item.get("logicalType")),
            roles=frozenset(map(str, roles if isinstance(roles, list) else [roles])),
            description=_text(item.get("description")),
            classification=_text(item.get("classification")),
            required=item.get("required") is True,
            line=lines.get(name),
        )


def _lines(text: str) -> dict[str, int]:
    """The line in which each name first stands."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if named := _NAMED.search(line):
            found.setdefault(named[1], number)
    return found


def _items(value: Any, name: str = "customProperties") -> list[dict[str, Any]]:
    found = value or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BrokenFileError(FILE, f"{name}: want a list of entries with keys and values")
    return found


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
