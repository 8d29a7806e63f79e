"""What rendered files follow from: ``golden-path.yaml``, ``monitoring/settings.yaml``, and the distribution's name.

Imports nothing but Python's standard library and PyYAML, because a project is rendered where it is generated, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from goldenpath.project import manifest, yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.project.manifest import Cost, Deploy, Slo
from goldenpath.repository import facts

SETTINGS = Path("monitoring/settings.yaml")
LATENCY_BOUNDS_MS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)
"""Bounds of the service's histogram of durations (serving.metrics.SECONDS): only they can be an objective."""
AVAILABILITY = (0.94, 0.99999)
"""Objectives that the factors of the burn-rate alerts can tell apart: of 0.93, fourteen times the errors are all."""
RECEIVERS = ("page", "ticket", "watchdog")
SERVICE_SETTINGS: Mapping[str, str] = {
    "DRAIN_SECONDS": "5",  # served on after SIGTERM, until every node has heard that no request goes here any more
    "AUTH": "api-key",  # or jwt, with JWT_KEYS_FILE, JWT_ISSUER and JWT_AUDIENCE
    "API_KEYS_FILE": "/run/keys/api-keys",
    "PREDICTION_LOG": "/predictions",
    "OMP_NUM_THREADS": "1",  # predictions of one row get slower with more
}
"""Environment variables of the service wherever it is deployed; ``deploy.settings`` of the manifest adds to them."""
COMPOSE_SETTINGS: Mapping[str, str] = {"DRAIN_SECONDS": "1"}
"""What differs on one machine, where nobody but Docker sends requests."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")


@dataclass(frozen=True)
class Threshold:
    """A limit of an alert.

    Attributes:
        default: Its value where the settings are silent.
        least: The smallest that makes sense.
        most: The largest.
    """

    default: float
    least: float
    most: float

    @property
    def is_whole(self) -> bool:
        """Whether it counts something, and is no share."""
        return isinstance(self.default, int)


SHARE = (0.0001, 0.9)
ALERTS: Mapping[str, Threshold] = {
    "traffic_requests": Threshold(10, 1, 1_000_000),
    "overloaded_share": Threshold(0.01, *SHARE),
    "variant_errors_share": Threshold(0.05, *SHARE),
    "unwritten_records": Threshold(10_000, 1, 1_000_000_000),
    "contract_share": Threshold(0.05, *SHARE),
    "missing_share": Threshold(0.1, 0.0001, 0.4),
    "batch_hours": Threshold(26, 3, 24 * 31),
    "batch_refused_share": Threshold(0.05, *SHARE),
    "events_lag_seconds": Threshold(60, 1, 86_400),
    "drift_days": Threshold(2, 1, 31),
    "labels_grace_days": Threshold(7, 1, 366),
    "model_days": Threshold(35, 7, 3660),
    "data_days": Threshold(70, 1, 3660),
}
"""Settings under ``alerts``. The rules' tests hold for every value between the limits."""
CLUSTER: Mapping[str, str] = {
    "prometheus": "http://prometheus-server.monitoring.svc",
    "pushgateway": "pushgateway.monitoring:9091",
    "namespace": "monitoring",
    "ingress": "ingress-nginx",
}
"""Settings under ``cluster``: addresses of Prometheus and a Pushgateway, and namespaces of monitoring and ingress."""


def read(root: Path) -> dict[str, Any]:
    """Every value that templates use.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: A file is missing, or a setting is unknown, missing or out of range.
    """
    declared, settings = manifest.load(root), _mapping(root, SETTINGS)
    _refuse_unknown("", settings, ("owner", "runbooks", "alerts", "receivers", "mail", "cluster", "local"))
    product = facts.product(root)
    if not _NAME.fullmatch(product):
        raise ProjectError(f"pyproject.toml: name {product!r}: want at most 40 of a-z, 0-9 and hyphens.")
    about = declared.product
    owner = _declared("product.owner", about.owner, '"@your-org/your-team"')
    repository = _url(manifest.PATH, "product.repository", about.repository).rstrip("/")
    runbooks = f"{repository}/blob/main/monitoring/runbooks.md"
    return {
        "product": product,
        "name": _declared("product.name", about.name, "Flight Delays"),
        "purpose": _declared("product.purpose", about.purpose, '"Will this flight be late?"'),
        "contact": _declared("product.contact", about.contact, "ml-team@example.com"),
        "manifest_owner": owner,
        "owner": _text(SETTINGS, settings, "owner") if settings.get("owner") else owner,
        "criticality": about.criticality,
        "repository": repository,
        "runbooks": _url(SETTINGS, "runbooks", settings["runbooks"]) if settings.get("runbooks") else runbooks,
        "events": "events" in declared.serving,
        "batch": "batch" in declared.serving,
        "slo": _objectives(declared.slo),
        "cost": _cost(declared.cost),
        "alerts": _alerts(declared.kpi.label_lag_days, _section(SETTINGS, settings, "alerts")),
        "cluster": _texts(settings, "cluster", CLUSTER),
        "local": _local(_section(SETTINGS, settings, "local")),
        **_deployment(product, declared.deploy),
        **_receivers(settings),
    }


def _deployment(product: str, deploy: Deploy) -> dict[str, Any]:
    where = manifest.required(deploy.to, "deploy.to", "kubernetes")
    environments = list(manifest.required(deploy.environments, "deploy.environments", "[dev, staging, prod]"))
    for name in environments:
        if not _NAME.fullmatch(name):
            raise ProjectError(f"{manifest.PATH}: deploy.environments: {name!r}: want letters a-z, digits and hyphens.")
    settings = {**SERVICE_SETTINGS, **(COMPOSE_SETTINGS if where == "compose" else {}), **deploy.settings}
    return {
        "kubernetes": where == "kubernetes",
        "compose": where == "compose",
        "environments": environments,
        "production": environments[-1],
        "namespaces": [f"{product}-{name}" for name in environments],
        "service_settings": settings,
    }


def _objectives(slo: Slo) -> dict[str, Any]:
    availability = _number(manifest.PATH, "slo.availability", slo.availability, *AVAILABILITY)
    latency = _number(manifest.PATH, "slo.latency_p95_ms", slo.latency_p95_ms, 1, 2500)
    if latency not in LATENCY_BOUNDS_MS:
        bounds = ", ".join(f"{bound:g}" for bound in LATENCY_BOUNDS_MS)
        raise ProjectError(
            f"{manifest.PATH}: slo.latency_p95_ms is {latency:g}: the service counts by {bounds}; take one."
        )
    return {
        "availability": availability,
        "errors": round(1 - availability, 9),
        "latency_ms": f"{latency:g}",
        "latency_seconds": latency / 1000,
        "latency_bound": repr(latency / 1000),
    }


def _cost(cost: Cost) -> dict[str, Any]:
    hour = _number(manifest.PATH, "cost.instance_hour", cost.instance_hour, 1e-6, 1e6)
    return {"instance_hour": hour, "center": cost.cost_center}


def _alerts(label_lag_days: float, section: Mapping[str, Any]) -> dict[str, float]:
    _refuse_unknown("alerts", section, ALERTS)
    limits = {}
    for name, threshold in ALERTS.items():
        value = section.get(name, threshold.default)
        limits[name] = _number(SETTINGS, f"alerts.{name}", value, threshold.least, threshold.most)
        if threshold.is_whole and limits[name] != int(limits[name]):
            raise ProjectError(f"{SETTINGS}: alerts.{name} is {value}: want a whole number.")
    lag = _number(manifest.PATH, "kpi.label_lag_days", label_lag_days, 0, 3660)
    limits["labels_days"] = limits["labels_grace_days"] + int(lag)
    return limits


def _local(section: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown("local", section, ("service", "consumers"))
    consumers = section.get("consumers", ["127.0.0.1:8001"])
    if not isinstance(consumers, list):
        raise ProjectError(f"{SETTINGS}: local.consumers is {consumers!r}: want a list of addresses.")
    return {"service": str(section.get("service", "127.0.0.1:8000")), "consumers": [str(item) for item in consumers]}


def _receivers(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How each receiver is reached: by the short forms, or by any list of Alertmanager's own ``…_configs``."""
    section = _section(SETTINGS, settings, "receivers")
    _refuse_unknown("receivers", section, RECEIVERS)
    receivers = []
    for name in RECEIVERS:
        channels = _section(SETTINGS, section, name, f"receivers.{name}")
        others = {str(key): value for key, value in channels.items() if str(key).endswith("_configs")}
        short = {key: value for key, value in channels.items() if key not in others}
        _refuse_unknown(f"receivers.{name}", short, ("slack", "webhook", "token", "email"))
        for key, value in others.items():
            if not isinstance(value, list) or key.removesuffix("_configs") in short:
                raise ProjectError(f"{SETTINGS}: receivers.{name}.{key}: want a list, and no short form beside it.")
        texts = {key: str(short.get(key) or "") for key in ("slack", "webhook", "token", "email")}
        receivers.append({"name": name, **texts, "others": others})
    uses_slack = any(item["slack"] or "slack_configs" in item["others"] for item in receivers)
    mail = _texts(settings, "mail", {"smarthost": "", "from": "", "username": ""})
    if any(item["email"] for item in receivers) and not (mail["smarthost"] and mail["from"]):
        raise ProjectError(f"{SETTINGS}: a receiver has an email: name mail.smarthost and mail.from, which send it.")
    return {"receivers": receivers, "uses_slack": uses_slack, "mail": mail}


def _mapping(root: Path, path: Path) -> dict[str, Any]:
    try:
        content = yaml_text.load((root / path).read_bytes())
    except FileNotFoundError as error:
        raise ProjectError(f"{path}: no such file. Get it back: git checkout HEAD -- {path}") from error
    except yaml.YAMLError as error:
        raise ProjectError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ProjectError(f"{path}: holds no settings. Get it back: git checkout HEAD -- {path}")
    return content


def _section(path: Path, content: Mapping[str, Any], key: str, where: str = "") -> Mapping[str, Any]:
    section = content.get(key)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise ProjectError(f"{path}: {where or key} is {section!r}: want settings with names.")
    return section


def _refuse_unknown(where: str, section: Mapping[str, Any], names: Iterable[str]) -> None:
    known = list(names)
    for key in section:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            raise ProjectError(f"{SETTINGS}: {where}{'.' if where else ''}{key}: unknown setting. {hint}")


def _texts(settings: Mapping[str, Any], key: str, defaults: Mapping[str, str]) -> dict[str, str]:
    section = _section(SETTINGS, settings, key)
    _refuse_unknown(key, section, defaults)
    return {name: str(section.get(name) or default) for name, default in defaults.items()}


def _text(path: Path, section: Mapping[str, Any], where: str) -> str:
    value = section.get(where.rpartition(".")[2])
    if not isinstance(value, str) or not value.strip():
        raise ProjectError(f"{path}: {where} is missing, or no text.")
    return " ".join(value.split())


def _declared(key: str, value: str, example: str) -> str:
    return " ".join(manifest.required(value, key, example).split())


def _url(path: Path, where: str, value: object) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise ProjectError(f"{path}: {where} is {value!r}: want an address such as https://github.com/your-org/name.")
    return value


def _number(path: Path, where: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ProjectError(f"{path}: {where} is {value!r}: want a number from {least:g} to {most:g}.")
    return value
