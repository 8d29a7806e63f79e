"""The product manifest, ``golden-path.yaml``: what the team declares, and checks hold against the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.files import Files

NAME = "golden-path.yaml"

Criticality = Literal["low", "medium", "high"]
CRITICALITIES: tuple[Criticality, ...] = ("low", "medium", "high")
MODES = ("rest", "batch", "events", "browser", "device")
"""The ways of serving that the platform knows."""
ONLINE = frozenset({"rest", "events", "browser"})
"""Ways of serving in which somebody waits for the answer."""


@dataclass(frozen=True)
class Manifest:
    """What ``golden-path.yaml`` declares; empty where it is silent.

    Attributes:
        present: Whether there is such a file.
        name: The product's name.
        purpose: The question that it answers.
        owner: The handle of who answers for it.
        contact: An address for people.
        criticality: What a wrong or missing prediction costs.
        serving: How it is served.
        environments: Where it is deployed, in the order of promotion.
        deploy_to: What it is deployed to.
        kpi: The business figure: ``name``, ``unit``, ``source``, ``target``.
        template_source: The template that it was generated from: an address or a path.
        template_version: The version of the template that it was generated or last updated from.
    """

    present: bool
    name: str = ""
    purpose: str = ""
    owner: str = ""
    contact: str = ""
    criticality: Criticality = "medium"
    serving: frozenset[str] = frozenset()
    environments: tuple[str, ...] = ()
    deploy_to: str = ""
    kpi: tuple[tuple[str, str], ...] = ()
    template_source: str = ""
    template_version: str = ""

    @property
    def is_online(self) -> bool:
        """Whether somebody waits for the answers."""
        return bool(self.serving & ONLINE)


def read(files: Files) -> Manifest:
    """Read the manifest.

    Raises:
        BrokenFileError: It does not parse, or says what it cannot mean.
    """
    raw = files.mapping(NAME)
    if not raw:
        return Manifest(present=NAME in files.paths)
    about, deploy = _section(raw, "product"), _section(raw, "deploy")
    criticality = about.get("criticality", "medium")
    if criticality not in CRITICALITIES:
        line = files.line_of(NAME, r"\bcriticality\b")
        raise BrokenFileError(NAME, f"criticality is {criticality!r}, want one of {', '.join(CRITICALITIES)}", line)
    serving = raw.get("serving") or []
    if not isinstance(serving, list) or not set(map(str, serving)) <= set(MODES):
        line = files.line_of(NAME, r"^serving\b")
        raise BrokenFileError(NAME, f"serving is {serving!r}, want a list of {', '.join(MODES)}", line)
    environments = deploy.get("environments") or []
    if not isinstance(environments, list):
        line = files.line_of(NAME, r"^\s+environments\b")
        raise BrokenFileError(NAME, f"environments is {environments!r}, want a list of names", line)
    kpi = _section(raw, "kpi")
    return Manifest(
        present=True,
        name=_text(about.get("name")),
        purpose=_text(about.get("purpose")),
        owner=_text(about.get("owner")),
        contact=_text(about.get("contact")),
        criticality=cast("Criticality", criticality),
        serving=frozenset(map(str, serving)),
        environments=tuple(map(str, environments)),
        deploy_to=_text(deploy.get("to")),
        kpi=tuple((str(key), _text(value)) for key, value in kpi.items()),
        template_source=_text(_section(raw, "template").get("source")),
        template_version=_text(_section(raw, "template").get("version")),
    )


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    found = raw.get(name) or {}
    if not isinstance(found, dict):
        raise BrokenFileError(NAME, f"{name} holds a {type(found).__name__}, want keys and values")
    return found


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
