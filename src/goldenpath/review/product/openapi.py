"""OpenAPI documents: what a service takes and answers, and what would break those who call it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

PLACES = (
    "docs/openapi.json",
    "docs/openapi.yaml",
    "openapi.json",
    "openapi.yaml",
    "api/openapi.json",
    "api/openapi.yaml",
)
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})
DEEPEST = 8
"""Schemas nested deeper are not looked into: some refer to themselves."""


@dataclass(frozen=True)
class Field:
    """One property of a request or an answer: its type as written, and whether it must be there."""

    type: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """What one method of one path takes and answers when it succeeds, by the dotted name of each property."""

    takes: Mapping[str, Field] = field(default_factory=dict)
    answers: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Api:
    """A document.

    Attributes:
        path: The file; empty where there is none.
        version: ``info.version``.
        operations: What it offers, by method and path such as ``POST /predict``.
    """

    path: str = ""
    version: str = ""
    operations: Mapping[str, Operation] = field(default_factory=dict)

    @property
    def paths(self) -> frozenset[str]:
        """The paths, whatever the method."""
        return frozenset(name.split(" ", 1)[1] for name in self.operations)

    @property
    def major(self) -> str:
        """The first number of the version."""
        return self.version.split(".")[0]


def read(product: Product) -> Api:
    """Read the first document of the usual names.

    Raises:
        BrokenFileError: It is not an OpenAPI 3 document.
    """
    path = next((place for place in PLACES if place in product.paths), "")
    return parse(path, product.text(path) or "") if path else Api()


def parse(path: str, text: str) -> Api:
    """Read a document from its text.

    Raises:
        BrokenFileError: It is not an OpenAPI 3 document.
    """
    try:
        raw = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise BrokenFileError(path, "does not parse", line) from error
    if not isinstance(raw, dict) or not str(raw.get("openapi")).startswith("3"):
        raise BrokenFileError(path, "is not an OpenAPI 3 document")
    try:
        operations = {
            f"{method.upper()} {route}": _operation(raw, found)
            for route, item in raw["paths"].items()
            for method, found in item.items()
            if method in METHODS
        }
        return Api(path, str(raw["info"]["version"]), operations)
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenFileError(path, f"is not an OpenAPI 3 document: {error}") from error


def breaks(before: Api, after: Api) -> Iterator[str]:
    """What callers of the older document would stumble over."""
    for name, then in before.operations.items():
        now = after.operations.get(name)
        if now is None:
            yield f"{name} is gone"
            continue
        for key, asked in now.takes.items():
            was = then.takes.get(key)
            if asked.required and (was is None or not was.required):
                yield f"{name} now demands {key}"
            elif was and was.type != asked.type:
                yield f"{name} takes {key} as {asked.type}, no longer as {was.type}"
        for key, given in then.answers.items():
            answer = now.answers.get(key)
            if answer is None:
                yield f"{name} no longer answers {key}"
            elif answer.type != given.type:
                yield f"{name} answers {key} as {answer.type}, no longer as {given.type}"


def _operation(raw: dict[str, Any], found: dict[str, Any]) -> Operation:
    takes: dict[str, Field] = {}
    for parameter in found.get("parameters") or []:
        schema = parameter.get("schema") or {}
        takes[str(parameter.get("name"))] = Field(_type(schema), parameter.get("required") is True)
    for media in ((found.get("requestBody") or {}).get("content") or {}).values():
        takes |= _fields(raw, media.get("schema"))
    answers: dict[str, Field] = {}
    for status, answer in (found.get("responses") or {}).items():
        if str(status).startswith("2"):
            for media in (answer.get("content") or {}).values():
                answers |= _fields(raw, media.get("schema"))
    return Operation(takes, answers)


def _fields(raw: dict[str, Any], schema: Any, inside: str = "", depth: int = 0) -> dict[str, Field]:
    """The properties of a schema and of those in it; of alternatives and of lists, those of their members."""
    found: dict[str, Field] = {}
    if not isinstance(schema, dict) or depth > DEEPEST:
        return found
    if reference := str(schema.get("$ref") or ""):
        target: Any = raw
        for key in reference.removeprefix("#/").split("/"):
            target = target.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        return _fields(raw, target, inside, depth + 1)
    for member in (*(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
        found |= _fields(raw, member, inside, depth + 1)
    found |= _fields(raw, schema.get("items"), inside, depth + 1)
    for name, part in (schema.get("properties") or {}).items():
        found[f"{inside}{name}"] = Field(_type(part), name in (schema.get("required") or ()))
        found |= _fields(raw, part, f"{inside}{name}.", depth + 1)
    return found


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "anything"
    if isinstance(schema.get("type"), list):
        return " or ".join(sorted(map(str, schema["type"])))
    members = (*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ()))
    if members:
        return " or ".join(sorted({_type(member) for member in members}))
    return str(schema.get("type") or schema.get("$ref") or "anything")
