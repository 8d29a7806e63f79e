"""Which variant answers whom: the plan of an experiment, and the assignment that follows from it.

The plan is a file, ``experiments/NAME.yaml``, agreed on before the experiment starts; ``ROUTES`` names it to the
service. A unit's variant follows from the plan's salt and the unit alone, so it is the same on every call, in every
process and wherever it is computed again.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError

CHAMPION = "champion"
CHALLENGER = "challenger"
SHADOW = "shadow"
"""What metrics and log call the challenger's answers that nobody gets."""
MIXED = "mixed"
"""What metrics call the variant of a request whose rows were answered by several."""

BUCKETS = 10_000
"""Of equal size, into which units fall: a share of 0.01 % is one of them."""
FEWEST_UNITS = 1_000
"""In each variant, where the plan says nothing: the intervals of the report rest on sums of many units."""

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CANDIDATE = re.compile(r"[^#@\s]+@v\d+\.\d+\.\d+\S*")
DIGEST = re.compile(r"[0-9a-f]{64}")
DEMANDED = ("name", "metric", "minimum_effect", "stop", "salt", "candidate", "model", "variants")
OPTIONAL = ("minimum_units", "start", "guardrails", "shadow")


class RoutingError(ProjectError):
    """The plan of an experiment cannot be used; the message says what is wrong in which file."""


@dataclass(frozen=True)
class Experiment:
    """A plan: what is compared, by which measure, and when it ends.

    Attributes:
        name: Its name: small letters, digits and hyphens.
        metric: What decides.
        minimum_effect: The smallest difference of interest, in the metric's unit.
        minimum_units: Units that each variant must have before anything is decided.
        stop: The last day, or how many units it takes altogether.
        salt: What the assignment is drawn from; another experiment needs another.
        candidate: The registered version that challenges, such as ``flight-delays@v1.2.3``.
        model: SHA-256 of the candidate's ``model.onnx``; the service loads nothing else as challenger.
        variants: Percent of the units by variant, ``champion`` and ``challenger``, adding up to 100.
        guardrails: Limits that the challenger must keep, by name.
        start: The first day; answers from before are not compared.
        is_shadow: Whether the champion answers everybody, and the challenger is asked behind its back.
    """

    name: str
    metric: str
    minimum_effect: float
    minimum_units: int
    stop: date | int
    salt: str
    candidate: str
    model: str
    variants: Mapping[str, float]
    guardrails: Mapping[str, float] = field(default_factory=dict)
    start: date | None = None
    is_shadow: bool = False

    def variant_of(self, unit: str) -> str:
        """The variant of a unit: the first 32 bits of the SHA-256 of ``salt:unit``, modulo 10,000, against the shares.

        Args:
            unit: The entity as the prediction log keeps it, or the request's id where there is none.
        """
        digest = hashlib.sha256(f"{self.salt}:{unit}".encode()).digest()
        bucket, edge = int.from_bytes(digest[:4], "big") % BUCKETS, 0.0
        for name, share in self.variants.items():
            edge += share * BUCKETS / 100
            if bucket < edge:
                return name
        return CHAMPION  # shares that add up to a hair less than 100


def load(path: Path) -> Experiment:
    """Read the plan of an experiment.

    Raises:
        RoutingError: It cannot be read, lacks something, or holds what is not understood.
    """
    try:
        content = yaml_text.load(path.read_bytes())
    except OSError as error:
        raise RoutingError(f"{path}: cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise RoutingError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return parse(content)
    except RoutingError as error:
        raise RoutingError(f"{path}: {error} See docs/how-to/routing.md.") from None


def parse(content: Any) -> Experiment:
    """A plan from what its file holds.

    Raises:
        RoutingError: It lacks something, or holds what is not understood.
    """
    if not isinstance(content, Mapping):
        raise RoutingError("not a mapping of names to values.")
    if lacking := [name for name in DEMANDED if content.get(name) in (None, "", {})]:
        raise RoutingError(f"lacks {', '.join(lacking)}.")
    if unknown := [str(name) for name in content if name not in (*DEMANDED, *OPTIONAL)]:
        raise RoutingError(f"{', '.join(unknown)}: not understood; known are {', '.join((*DEMANDED, *OPTIONAL))}.")
    return Experiment(
        name=_text(content, "name", NAME, "small letters, digits and hyphens"),
        metric=_text(content, "metric"),
        minimum_effect=_number("minimum_effect", content["minimum_effect"]),
        minimum_units=_whole(content, "minimum_units", FEWEST_UNITS),
        stop=_stop(content["stop"]),
        salt=_text(content, "salt"),
        candidate=_text(content, "candidate", CANDIDATE, "a registered version such as churn@v1.2.3"),
        model=_text(content, "model", DIGEST, "the SHA-256 of the candidate's model.onnx, 64 hexadecimal digits"),
        variants=_variants(content["variants"]),
        guardrails=_guardrails(content.get("guardrails")),
        start=_start(content.get("start")),
        is_shadow=_is_shadow(content.get("shadow")),
    )


def _text(content: Mapping[str, Any], name: str, form: re.Pattern[str] | None = None, wanted: str = "text") -> str:
    value = content[name]
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise RoutingError(f"{name} is {value!r}, want {wanted}.")
    return value


def _number(name: str, value: Any, *, may_be_zero: bool = False) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or value < 0 or (value == 0 and not may_be_zero):
        raise RoutingError(f"{name} is {value!r}, want a number{'' if may_be_zero else ' above 0'}.")
    return float(value)


def _whole(content: Mapping[str, Any], name: str, default: int) -> int:
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RoutingError(f"{name} is {value!r}, want a whole number from 1.")
    return value


def _stop(value: Any) -> date | int:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if type(value) is not date and not is_number:
        raise RoutingError(f"stop is {value!r}, want a day such as 2026-12-31, or a number of units.")
    return value  # type: ignore[no-any-return]  # one of the two


def _start(value: Any) -> date | None:
    if value is not None and type(value) is not date:
        raise RoutingError(f"start is {value!r}, want a day such as 2026-12-01.")
    return value


def _is_shadow(value: Any) -> bool:
    if value not in (None, True, False):
        raise RoutingError(f"shadow is {value!r}, want true or false.")
    return bool(value)


def _variants(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping) or set(value) != {CHAMPION, CHALLENGER}:
        raise RoutingError(f"variants: want a share for {CHAMPION} and one for {CHALLENGER}, and no other.")
    shares = {str(name): _number(f"the share of {name}", share) for name, share in value.items()}
    if not math.isclose(sum(shares.values()), 100):
        raise RoutingError(f"the variants' shares add up to {sum(shares.values()):g}, want 100.")
    return shares


def _guardrails(value: Any) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RoutingError("guardrails: want limits by name.")
    return {str(name): _number(f"guardrails: {name}", limit, may_be_zero=True) for name, limit in value.items()}
