"""Prometheus rule files, their tests, and the Alertmanager configuration beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from goldenpath.review.product import library, rendered
from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FOLDER = "monitoring/prometheus"
ALERTMANAGER = ("monitoring/alertmanager/*.yml", "monitoring/alertmanager/*.yaml")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SELECTOR = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_METRIC = re.compile(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")
_WORDS = frozenset(
    {"and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "start", "end"}
)
_RULE_TESTS = "/rule_tests/"
"""The folder of the library that holds tests of its rules."""
_EXPECTS = re.compile(r"\balertname:\s*['\"]?(\w+).*\n(?:(?!.*\balertname:).*\n)*?\s*exp_alerts:[ \t]*(\[\s*\])?")
"""What a test expects, in a template whose values are not filled in: the alert, and brackets where none fires."""
_OWN = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE"})
"""Series that Prometheus makes itself."""


@dataclass(frozen=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: Its name.
        expression: The PromQL that must hold.
        labels: Its labels: ``severity`` and the like.
        annotations: What the person who is called reads: ``summary``, ``runbook_url``.
        path: The rule file.
        line: The line of its name.
    """

    name: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    path: str
    line: int | None


@dataclass(frozen=True)
class Rules:
    """All rules of a product, and what their tests expect.

    Attributes:
        alerts: The alerting rules.
        records: The expressions of recording rules, by the name they record.
        fires: Alerts that a test expects to fire; the library's tests count for rules that it rendered.
        rests: Alerts that a test expects not to fire.
        files: The rule files.
        tests: The test files.
    """

    alerts: tuple[Alert, ...] = ()
    records: Mapping[str, str] = field(default_factory=dict)
    fires: frozenset[str] = frozenset()
    rests: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def metrics(self) -> frozenset[str]:
        """Every metric that an alert reads from the product, itself or through a recording rule."""
        read = set().union(*(metrics_of(alert.expression) for alert in self.alerts))
        for name in sorted(read & set(self.records)):
            read |= metrics_of(self.records[name])
        return frozenset(read - set(self.records) - _OWN)


@lru_cache(maxsize=16)
def read(product: Product) -> Rules:
    """Read every rule file and every rule test of a product.

    Raises:
        BrokenFileError: One of them is neither, or lacks what Prometheus asks for.
    """
    alerts: list[Alert] = []
    records: dict[str, str] = {}
    fires: set[str] = set()
    rests: set[str] = set()
    files, tests = [], []
    for path in product.matching(f"{FOLDER}/*.yml", f"{FOLDER}/*.yaml"):
        raw = _mapping(product, path)
        if "groups" in raw:
            files.append(path)
            for rule in _rules(path, raw):
                if "alert" in rule:
                    alerts.append(_alert(product, path, rule))
                else:
                    records[str(rule.get("record"))] = str(rule.get("expr") or "")
        elif "tests" in raw:
            tests.append(path)
            for name, expected in _expectations(path, raw):
                (fires if expected else rests).add(name)
    generated = {alert.name for alert in alerts if rendered.is_as_written(product, alert.path)}
    for name, expected in _of_library(product) if generated else ():
        if name in generated:
            (fires if expected else rests).add(name)
    return Rules(tuple(alerts), records, frozenset(fires), frozenset(rests), tuple(files), tuple(tests))


def _of_library(product: Product) -> Iterator[tuple[str, bool]]:
    """What the pinned library's own rule tests expect of the rules that it renders."""
    pinned = library.read(product)
    for path in sorted(name for name in pinned.names if _RULE_TESTS in name) if pinned else ():
        for found in _EXPECTS.finditer(pinned.text(path)):
            yield found[1], not found[2]


def metrics_of(expression: str) -> set[str]:
    """The names of the metrics in a PromQL expression."""
    bare = _SELECTOR.sub(" ", _GROUPING.sub(" ", _QUOTED.sub(" ", expression)))
    bare = re.sub(r"\b\d[\w.]*", " ", bare)
    return {name for name in _METRIC.findall(bare) if name.lower() not in _WORDS}


def receivers(product: Product) -> dict[str, list[str]]:
    """The receivers that Alertmanager's routes lead to, and the channels of each; empty without a configuration.

    Raises:
        BrokenFileError: The configuration cannot be used, or routes to a receiver that it does not have.
    """
    for path in product.matching(*ALERTMANAGER):
        raw = _mapping(product, path)
        if "route" not in raw:
            continue
        channels = {
            str(item.get("name")): [
                key.removesuffix("_configs") for key, value in item.items() if str(key).endswith("_configs") and value
            ]
            for item in _entries(path, raw, "receivers")
        }
        named = set(_routed(raw["route"]))
        if unknown := sorted(named - set(channels)):
            raise BrokenFileError(path, f"routes to {', '.join(unknown)}, which it does not define")
        return {name: channels[name] for name in sorted(named)}
    return {}


def _routed(route: Any) -> Iterator[str]:
    if isinstance(route, dict):
        if route.get("receiver"):
            yield str(route["receiver"])
        inner = route.get("routes")
        for further in inner if isinstance(inner, list) else ():
            yield from _routed(further)


def _rules(path: str, raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in _entries(path, raw, "groups"):
        for rule in _entries(path, group, "rules"):
            if not ({"alert", "record"} & set(rule)) or not rule.get("expr"):
                raise BrokenFileError(path, f"a rule of group {group.get('name')} lacks its name or its expr")
            yield rule


def _alert(product: Product, path: str, rule: dict[str, Any]) -> Alert:
    name = str(rule["alert"])
    expression = " ".join(str(rule["expr"]).split())
    line = product.line_of(path, rf"alert:\s*['\"]?{re.escape(name)}\b")
    if any(expression.count(left) != expression.count(right) for left, right in ("()", "[]", "{}")):
        raise BrokenFileError(path, f"the expr of {name} has a bracket that is not closed", line)
    labels, annotations = (_texts(rule.get(key)) for key in ("labels", "annotations"))
    return Alert(name, expression, labels, annotations, path, line)


def _expectations(path: str, raw: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for test in _entries(path, raw, "tests"):
        for case in _entries(path, test, "alert_rule_test"):
            if test.get("input_series"):
                yield str(case.get("alertname")), bool(case.get("exp_alerts"))


def _mapping(product: Product, path: str) -> dict[str, Any]:
    """The file, where it is one document; a Kubernetes manifest beside the rules may hold several, and is none."""
    return product.mapping(path) if len(product.documents(path)) == 1 else {}


def _entries(path: str, raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = raw.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BrokenFileError(path, f"{key}: want a list of entries with keys and values")
    return found


def _texts(raw: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in raw.items()} if isinstance(raw, dict) else {}
