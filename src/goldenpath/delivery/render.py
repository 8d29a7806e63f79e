"""Write the files that follow from settings: rules, dashboards, manifests, Backstage's entry.

They are committed, because machines outside read them there, and are never edited: ``vendor/rendered.yaml`` names each
with its digest. The same bytes come from the hook that generates a project and from ``goldenpath render``; so this
module needs nothing but Python's standard library, PyYAML and Jinja.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
import yaml

from goldenpath.delivery import render_settings
from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError

RECORD = "vendor/rendered.yaml"
RULES = "monitoring/prometheus/rules"
DASHBOARDS = "monitoring/grafana/dashboards"
ENVIRONMENT = "deploy/argocd/environment.yaml"
"""The template of a file for each environment."""
TEMPLATES: Mapping[str, str] = {
    "catalog-info.yaml": "",
    "compose.yaml": "compose",
    ENVIRONMENT: "kubernetes",
    "deploy/argocd/project.yaml": "kubernetes",
    "deploy/base/autoscaler.yaml": "kubernetes",
    "deploy/base/canary/analysis-template.yaml": "kubernetes",
    "deploy/base/canary/kustomization.yaml": "kubernetes",
    "deploy/base/canary/rollout.yaml": "kubernetes",
    "deploy/base/deployment.yaml": "kubernetes",
    "deploy/base/disruption-budget.yaml": "kubernetes",
    "deploy/base/kustomization.yaml": "kubernetes",
    "deploy/base/network-policy.yaml": "kubernetes",
    "deploy/base/service-account.yaml": "kubernetes",
    "deploy/base/service.yaml": "kubernetes",
    "deploy/local/haproxy.cfg": "",
    "monitoring/alertmanager/alertmanager.yml": "",
    "monitoring/alertmanager/templates/alert.tmpl": "",
    "monitoring/compose.yaml": "",
    "monitoring/grafana/dashboards/batch.json": "batch",
    "monitoring/grafana/dashboards/events.json": "events",
    "monitoring/grafana/dashboards/model.json": "",
    "monitoring/grafana/dashboards/service.json": "",
    "monitoring/grafana/provisioning/dashboards/files.yaml": "",
    "monitoring/grafana/provisioning/datasources/prometheus.yaml": "",
    "monitoring/kustomization.yaml": "kubernetes",
    "monitoring/prometheus/prometheus.yml": "",
    "monitoring/prometheus/rules/batch.yaml": "batch",
    "monitoring/prometheus/rules/events.yaml": "events",
    "monitoring/prometheus/rules/model.yaml": "",
    "monitoring/prometheus/rules/service.yaml": "",
    "monitoring/prometheus/rules/slo.yaml": "",
    "monitoring/prometheus/rules/watch.yaml": "",
    "monitoring/runbooks.md": "",
    "monitoring/scrape-kubernetes.yaml": "kubernetes",
}
"""Each template, named like the file it makes, and the setting that asks for it; empty where all projects have it."""
RULE_TESTS: Mapping[str, str] = {
    "batch.yaml": "batch",
    "events.yaml": "events",
    "model-days.yaml": "",
    "model.yaml": "",
    "service-days.yaml": "",
    "service-weeks.yaml": "",
    "service.yaml": "",
    "slo-slow.yaml": "",
    "slo.yaml": "",
    "watch.yaml": "",
}
"""Tests of the rules for ``promtool test rules``, likewise."""
_HEAD = "Rendered by `goldenpath render` from golden-path.yaml and monitoring/settings.yaml: edit those, not this file."
_COMMENTS: Mapping[str, str] = {
    ".cfg": "# {}\n",
    ".md": "<!-- {} -->\n\n",
    ".tmpl": "{{{{/* {} */}}}}\n",
    ".yaml": "# {}\n",
    ".yml": "# {}\n",
}
"""How each kind of file holds a comment; JSON holds none."""


@dataclass(frozen=True)
class Changes:
    """What rendering did to a project.

    Attributes:
        written: Files that are new or changed.
        removed: Files that settings no longer ask for.
        overwritten: Of both, those that somebody had edited by hand; git has what they were.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    overwritten: tuple[str, ...]


def files(root: Path) -> dict[str, str]:
    """The files that follow from a project's settings, by path, and the record of their digests.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: A setting is unknown, missing or out of range.
    """
    context = render_settings.read(root)
    wanted = [name for name, setting in TEMPLATES.items() if not setting or context[setting]]
    context["rules"] = _listed(root, RULES, ".yaml", wanted)
    context["dashboards"] = _listed(root, DASHBOARDS, ".json", wanted)
    texts = {}
    for name in wanted:
        if name == ENVIRONMENT:
            for environment in context["environments"]:
                path = str(PurePosixPath(name).with_name(f"{environment}.yaml"))
                texts[path] = _render(name, {**context, "environment": environment})
        else:
            texts[name] = _render(name, context)
    texts[RECORD] = _record(texts)
    return texts


def render(root: Path) -> Changes:
    """Write what follows from a project's settings, and remove what was rendered once and no longer is.

    Raises:
        ProjectError: A setting is unknown, missing or out of range; nothing was written.
    """
    texts, recorded = files(root), _recorded(root)
    stale = {path: text for path, text in texts.items() if _bytes(root / path) != text.encode()}
    gone = [path for path in recorded if path not in texts and (root / path).is_file()]
    edited = [path for path in (*stale, *gone) if _is_edited(root, path, recorded)]
    for path, text in stale.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    for path in gone:
        (root / path).unlink()
        _remove_empty(root, PurePosixPath(path).parent)
    return Changes(tuple(stale), tuple(gone), tuple(edited))


def check(root: Path) -> list[str]:
    """Files that are not what a project's settings render, each with the reason and what to do.

    Raises:
        ProjectError: A setting is unknown, missing or out of range.
    """
    texts, recorded = files(root), _recorded(root)
    faults = []
    for path, text in texts.items():
        content = _bytes(root / path)
        if content is None:
            faults.append(f"{path}: missing. Run: goldenpath render")
        elif content != text.encode():
            faults.append(f"{path}: {_reason(root, path, recorded)}")
    gone = (path for path in recorded if path not in texts and (root / path).is_file())
    return faults + [f"{path}: no setting asks for it any more. Run: goldenpath render" for path in gone]


def rule_tests(root: Path) -> dict[str, str]:
    """The tests of a project's rendered rules for ``promtool test rules``, by name, under the project's own thresholds.

    Raises:
        ProjectError: A setting is unknown, missing or out of range.
    """
    context = {**render_settings.read(root), "rules": str((root / RULES).resolve())}
    wanted = (name for name, setting in RULE_TESTS.items() if not setting or context[setting])
    return {name: _template(f"rule_tests/{name}").render(context) for name in wanted}


def _render(name: str, context: Mapping[str, Any]) -> str:
    head = _COMMENTS.get(PurePosixPath(name).suffix, "").format(_HEAD)
    return head + _template(name).render(context)


def _template(name: str) -> jinja2.Template:
    source = pkgutil.get_data(__package__, f"templates/{name}")  # from a folder or from the wheel
    if source is None:
        raise FileNotFoundError(name)
    return _engine().from_string(source.decode())


@cache
def _engine() -> jinja2.Environment:
    # Prometheus and Argo write {{ }} themselves. Nothing here is HTML, so nothing is escaped as such.
    engine = jinja2.Environment(  # noqa: S701
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.filters |= {
        "duration": _duration,
        "json": _json,
        "number": lambda value: f"{round(value, 9):.12g}",
        "percent": lambda share: f"{100 * share:.4g}%",  # as Prometheus' humanizePercentage
        "quoted": _json,  # a string of JSON is one of YAML
    }
    engine.globals |= {"over": _over, "under": lambda share: share / 2}
    return engine


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _over(share: float) -> float:
    """A share clearly above a threshold: twice as much, or half way to all."""
    return round(min(2 * share, (1 + share) / 2), 9)


def _duration(seconds: float) -> str:
    """As Prometheus' humanizeDuration, for a second or more."""
    days, rest = divmod(int(seconds), 86_400)
    hours, minutes, left = rest // 3600, rest % 3600 // 60, rest % 60
    parts = [f"{days}d", f"{hours}h", f"{minutes}m", f"{left}s"]
    first = next((index for index, part in enumerate((days, hours, minutes)) if part), 3)
    return " ".join(parts[first:])


def _listed(root: Path, folder: str, suffix: str, wanted: list[str]) -> list[str]:
    """The names of a folder's files: those that are rendered, and those that the team has put there itself."""
    rendered = {PurePosixPath(name).name for name in wanted if name.startswith(f"{folder}/")}
    once = {PurePosixPath(name).name for name in _recorded(root) if name.startswith(f"{folder}/")}
    return sorted(rendered | {path.name for path in (root / folder).glob(f"*{suffix}")} - once)


def _record(texts: Mapping[str, str]) -> str:
    digests = (f"{path}: {hashlib.sha256(text.encode()).hexdigest()}\n" for path, text in sorted(texts.items()))
    return "# What `goldenpath render` wrote, with SHA-256; changed by it alone.\n" + "".join(digests)


def _recorded(root: Path) -> dict[str, str]:
    """The digests of what was rendered last, by path; empty where nothing was."""
    try:
        content = yaml_text.load((root / RECORD).read_bytes()) or {}
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as error:
        raise ProjectError(f"{RECORD}: not valid YAML. Get it back: git checkout HEAD -- {RECORD}") from error
    paths = [PurePosixPath(str(path)) for path in content] if isinstance(content, dict) else [PurePosixPath("/")]
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise ProjectError(f"{RECORD}: names files outside the project. Get it back: git checkout HEAD -- {RECORD}")
    return {str(path): str(digest) for path, digest in content.items()}


def _reason(root: Path, path: str, recorded: Mapping[str, str]) -> str:
    if path == RECORD:
        return "does not name what the settings render. Run: goldenpath render"
    if _is_edited(root, path, recorded):
        return "edited by hand. Change golden-path.yaml or monitoring/settings.yaml instead, then: goldenpath render"
    return "settings or library have changed since it was rendered. Run: goldenpath render"


def _is_edited(root: Path, path: str, recorded: Mapping[str, str]) -> bool:
    content = _bytes(root / path)
    return path in recorded and content is not None and hashlib.sha256(content).hexdigest() != recorded[path]


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _remove_empty(root: Path, folder: PurePosixPath) -> None:
    while folder.parts and not any((root / folder).iterdir()):
        (root / folder).rmdir()
        folder = folder.parent
