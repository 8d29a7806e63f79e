"""Which parameters the change gives other values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from goldenpath.gates.report.collect import Facts
from goldenpath.gates.report.outline import Name, Section, Table
from goldenpath.project.params import PATH
from goldenpath.reports import formatting

TITLE = "Parameters"


def section(facts: Facts) -> Section:
    """Old and new value of every parameter that differs."""
    if not facts.now.params:
        return Section(TITLE, (f"{PATH} cannot be read.",))
    if not facts.before.params:
        return Section(TITLE, (f"The base has no {PATH} to compare with.",))
    before, now = dict(_flat(facts.before.params)), dict(_flat(facts.now.params))
    rows = tuple(
        (Name(name), _shown(before, name), _shown(now, name))
        for name in dict.fromkeys([*before, *now])
        if _shown(before, name) != _shown(now, name)
    )
    if not rows:
        return Section(TITLE, ("No parameter changed.",))
    return Section(TITLE, (), (Table(("Parameter", "Base", "Now"), rows),))


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _shown(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return formatting.UNKNOWN
    return json.dumps(values[name], ensure_ascii=False, default=str)
