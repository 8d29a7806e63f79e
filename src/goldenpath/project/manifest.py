"""What a product says of itself: ``golden-path.yaml``, read once and strictly.

What the file leaves out is empty here, so that whoever needs a value says which, by :func:`required`. What it says
wrongly is refused: another type, a word that is none of the known ones, or a key that is misspelled.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError

PATH = Path("golden-path.yaml")
CRITICALITIES = ("low", "medium", "high")
MODES = ("rest", "batch", "events", "browser", "device")
TARGETS = ("kubernetes", "compose")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Product:
    """Whose the product is, and what depends on it.

    Attributes:
        name: The product's name, as people say it.
        purpose: The question that it answers.
        owner: The handle of who answers for it, ``@user`` or ``@org/team``.
        contact: The address that people write to.
        repository: The address at which people read its repository.
        criticality: What a wrong or missing prediction costs: ``low``, ``medium`` or ``high``; ``medium`` unless told.
    """

    name: str = ""
    purpose: str = ""
    owner: str = ""
    contact: str = ""
    repository: str = ""
    criticality: str = "medium"


@dataclass(frozen=True)
class Kpi:
    """The business figure that the product is steered by.

    Attributes:
        name: Its name, a metric of ``reports/metrics.json``.
        unit: Its unit.
        source: The file that holds it.
        target: What it is to reach, as a comparison.
        label_lag_days: Days until the label of a prediction is known and delivered.
    """

    name: str = ""
    unit: str = ""
    source: str = ""
    target: str = ""
    label_lag_days: float = 0.0


@dataclass(frozen=True)
class Slo:
    """The objectives of the service.

    Attributes:
        availability: The share of requests to be answered without an error, in a month; None where none is set.
        latency_p95_ms: The milliseconds within which 95 % of predictions are to be answered; None where none are set.
    """

    availability: float | None = None
    latency_p95_ms: float | None = None


@dataclass(frozen=True)
class Cost:
    """What running the product costs.

    Attributes:
        currency: The currency, as its code.
        instance_hour: The cost of one replica for an hour; None where it is not told.
        cost_center: Who pays, as the organisation's books name them.
    """

    currency: str = ""
    instance_hour: float | None = None
    cost_center: str = ""


@dataclass(frozen=True)
class Deploy:
    """Where the product runs.

    Attributes:
        to: ``kubernetes`` or ``compose``.
        registry: The registry and path that images are pushed to, without a tag.
        environments: The names of the environments, in the order of promotion.
        settings: Environment variables of the service, besides those that every service has.
    """

    to: str = ""
    registry: str = ""
    environments: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """What the project was generated from.

    Attributes:
        source: The template's address or path.
        version: The version that the project was generated or last updated from.
    """

    source: str = ""
    version: str = ""


@dataclass(frozen=True)
class Manifest:
    """All that ``golden-path.yaml`` says.

    Attributes:
        requires: The versions of the library that the project works with, as a version specifier.
        product: Whose it is.
        kpi: What it is steered by.
        slo: What its service promises.
        cost: What running it costs.
        serving: The ways in which it is served.
        deploy: Where it runs.
        ejected: Stages of which the project holds its own copy, ``src/<package>/steps/STAGE.py``.
        functions: The team's own functions by role, as ``module:function``, where they are not those found by name.
        template: What it was generated from.
    """

    requires: str = ""
    product: Product = field(default_factory=Product)
    kpi: Kpi = field(default_factory=Kpi)
    slo: Slo = field(default_factory=Slo)
    cost: Cost = field(default_factory=Cost)
    serving: tuple[str, ...] = ()
    deploy: Deploy = field(default_factory=Deploy)
    ejected: tuple[str, ...] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
    template: Template = field(default_factory=Template)


def load(root: Path = Path()) -> Manifest:
    """Read the manifest of a project.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no manifest, or it says something that it cannot mean; file and key are named.
    """
    try:
        return parse((root / PATH).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProjectError(
            f"{PATH}: no such file. Run this from the project's folder, or get it back: git checkout HEAD -- {PATH}"
        ) from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{PATH}: is not UTF-8. Save it as UTF-8.") from error


def parse(text: str) -> Manifest:
    """What the text of a manifest says.

    Raises:
        ProjectError: It says something that it cannot mean; file and key are named.
    """
    try:
        content = yaml_text.load(text)
    except yaml.YAMLError as error:
        raise ProjectError(f"{PATH}: is not YAML: {' '.join(str(error).split())}") from error
    if content is not None and not isinstance(content, dict):
        raise ProjectError(f"{PATH}: holds a {type(content).__name__}, want keys and values.")
    content = content or {}
    _refuse_misspelled("", content, Manifest)
    product, kpi = _section(content, "product", Product), _section(content, "kpi", Kpi)
    slo, cost = _section(content, "slo", Slo), _section(content, "cost", Cost)
    deploy, template = _section(content, "deploy", Deploy), _section(content, "template", Template)
    return Manifest(
        requires=_text("requires", content.get("requires")),
        product=Product(
            name=_text("product.name", product.get("name")),
            purpose=_text("product.purpose", product.get("purpose")),
            owner=_text("product.owner", product.get("owner")),
            contact=_text("product.contact", product.get("contact")),
            repository=_text("product.repository", product.get("repository")),
            criticality=_word("product.criticality", product.get("criticality"), CRITICALITIES) or "medium",
        ),
        kpi=Kpi(
            name=_text("kpi.name", kpi.get("name")),
            unit=_text("kpi.unit", kpi.get("unit")),
            source=_text("kpi.source", kpi.get("source")),
            target=_text("kpi.target", kpi.get("target")),
            label_lag_days=_number("kpi.label_lag_days", kpi.get("label_lag_days"), "a number of days") or 0.0,
        ),
        slo=Slo(
            availability=_number("slo.availability", slo.get("availability"), "a share such as 0.995", most=1.0),
            latency_p95_ms=_number(
                "slo.latency_p95_ms", slo.get("latency_p95_ms"), "a number of milliseconds", is_positive=True
            ),
        ),
        cost=Cost(
            currency=_text("cost.currency", cost.get("currency")),
            instance_hour=_number("cost.instance_hour", cost.get("instance_hour"), "an amount of money"),
            cost_center=_text("cost.cost_center", cost.get("cost_center")),
        ),
        serving=tuple(_word("serving", item, MODES) for item in _listed("serving", content.get("serving"))),
        deploy=Deploy(
            to=_word("deploy.to", deploy.get("to"), TARGETS),
            registry=_text("deploy.registry", deploy.get("registry")),
            environments=tuple(
                _text("deploy.environments", item)
                for item in _listed("deploy.environments", deploy.get("environments"))
            ),
            settings=_variables(deploy.get("settings")),
        ),
        ejected=tuple(_text("ejected", item) for item in _listed("ejected", content.get("ejected"))),
        functions=_functions(content),
        template=Template(
            source=_text("template.source", template.get("source")),
            version=_text("template.version", template.get("version")),
        ),
    )


def required(value: _Value | None, key: str, example: str) -> _Value:
    """A value of the manifest that a command cannot do without.

    Args:
        value: The value.
        key: Its key, as in ``deploy.registry``.
        example: What could stand there.

    Raises:
        ProjectError: It is missing or empty.
    """
    if value is None or value in ("", ()):
        raise ProjectError(f"{PATH}: {key} is missing. Add it, such as {example}.")
    return value


def _section(content: Mapping[str, Any], name: str, of: type[Any]) -> Mapping[str, Any]:
    found = content.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ProjectError(f"{PATH}: {name} is {found!r}, want keys and values.")
    _refuse_misspelled(f"{name}.", found, of)
    return found


def _refuse_misspelled(prefix: str, content: Mapping[Any, Any], of: type[Any]) -> None:
    """Other keys than the known ones are the team's own, but not one that stands in a known one's place."""
    known = [item.name for item in fields(of)]
    for key in content:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), [name for name in known if name not in content], n=1, cutoff=0.8)
        if near:
            raise ProjectError(f"{PATH}: {prefix}{key} is not known. Is {prefix}{near[0]} meant? Rename it.")


def _text(key: str, value: Any) -> str:
    if isinstance(value, list | dict):
        raise ProjectError(f"{PATH}: {key} is {value!r}, want text.")
    return "" if value is None else str(value).strip()


def _word(key: str, value: Any, known: Collection[str]) -> str:
    text = _text(key, value)
    if text and text not in known:
        raise ProjectError(f"{PATH}: {key} is {text!r}, want one of {', '.join(known)}.")
    return text


def _number(
    key: str, value: Any, what: str, most: float = sys.float_info.max, *, is_positive: bool = False
) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most or (is_positive and not value):
        raise ProjectError(f"{PATH}: {key} is {value!r}, want {what}.")
    return float(value)


def _listed(key: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise ProjectError(f"{PATH}: {key} is {value!r}, want a list of names.")
    return value


def _variables(settings: Any) -> dict[str, str]:
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ProjectError(f"{PATH}: deploy.settings is {settings!r}, want names with values.")
    for name, value in settings.items():
        is_value = isinstance(value, str | int | float) and not isinstance(value, bool)
        if not _VARIABLE.fullmatch(str(name)) or not is_value:
            raise ProjectError(f"{PATH}: deploy.settings: {name}: want a NAME with a text or a number.")
    return {str(name): str(value) for name, value in settings.items()}


def _functions(content: Mapping[str, Any]) -> dict[str, str]:
    named = content.get("functions")
    if named is None:
        return {}
    if not isinstance(named, dict):
        raise ProjectError(f"{PATH}: functions is {named!r}, want roles with module:function.")
    for role, value in named.items():
        module, _, name = str(value).partition(":")
        if not module or not name:
            raise ProjectError(f"{PATH}: functions.{role} is {value!r}, want module:function.")
    return {str(role): str(value) for role, value in named.items()}
