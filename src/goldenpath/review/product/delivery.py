"""How the product is deployed: the jobs that do it and what they wait for, and the manifests or services they bring."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from goldenpath.review.product import compose, makefile, pull_request
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.verbs import Does
from goldenpath.review.product.workflows import Job, Workflow

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

FILES = ("deploy/*.yml", "deploy/*.yaml", "charts/*/Chart.yaml", "terraform/*.tf", "deploy/*.tf")
_DEPLOYS = re.compile(
    r"^make\s+(?:\S+=\S+\s+)*(?:deploy|promote|release|rollout)\b|\bkubectl\s+(?:apply|rollout|set)\b|"
    r"\bhelm\s+(?:upgrade|install)\b|\bargocd\s+app\s+sync\b|\bkustomize\s+edit\s+set\b|\bterraform\s+apply\b|"
    r"\bgit\b.*\bdeploy/overlays\b|\b(?:aws|gcloud|az)\b.*\bdeploy|\bpulumi\s+up\b|\bansible-playbook\b|"
    r"^(?:npx\s+)?(?:cdk|bentoml|serverless|sls|fly|flyctl|modal)\s+deploy\b|\bdatabricks\s+bundle\s+deploy\b|"
    r"\bmlflow\s+deployments\s+(?:create|update)\b"
)
_DEPLOYING_ACTION = re.compile(r"^(?!actions/deploy-pages@)[\w.-]+/[\w./-]*deploy", re.IGNORECASE)
_GATES = re.compile(r"^make\s+(?:\S+=\S+\s+)*[\w-]*gate\b|\bpython\S*\s+-m\s+\S*\bgate\b")
_VALIDATES = re.compile(
    r"\bkubeconform\b|\bkubernetes-validate\b|\bkubernetes_validate\b|\bkubeval\b|\bhelm\s+(?:lint|template)\b|"
    r"\bterraform\s+validate\b|\bkubectl\s+kustomize\b|\bkustomize\s+build\b|\bconftest\s+test\b"
)
_VALIDATES_SERVICES = re.compile(
    r"\bdocker(?:-|\s+)compose\s(?:.*\s)?config\b|\bcheck-jsonschema\b.*\bcompose-spec\b|\bdclint\b|\bconftest\s+test\b"
)
_OWN_VALIDATOR = re.compile(r"-m\s+(?P<module>[\w.]*\bvalidate\w*)\b")
"""A module of the product that validates; it must be there, and read the files of Compose."""
_TEMPLATE = re.compile(r"(?:^|/)templates/")


@dataclass(frozen=True)
class Deploying:
    """A job that deploys: the workflow's file, the command and its line, and whether a gate comes before it."""

    path: str
    job: str
    command: str
    line: int | None
    gated: bool


@dataclass(frozen=True)
class Fault:
    """What keeps a manifest from being applied: where, and what."""

    path: str
    text: str


def jobs(product: Product) -> list[Deploying]:
    """Every job of a workflow that deploys, where it ever runs.

    A gate counts where it runs on every event on which the job does, and where its failure keeps the job from running.
    """
    return [
        found
        for workflow in product.workflows
        for job in workflow.jobs
        if (found := _deploying(product, workflow, job)) is not None
    ]


def _deploying(product: Product, workflow: Workflow, job: Job) -> Deploying | None:
    events = [event for event in workflow.triggers if job.runs_on(event)]
    before = all(_is_gated(product, workflow, job, event) for event in events)
    for step in job.steps:
        on = [event for event in events if step.runs_on(event)]
        if on and _DEPLOYING_ACTION.search(step.uses):
            return Deploying(workflow.path, job.name, step.uses, product.line_with(workflow.path, step.uses), before)
        if not step.run.strip() or not on:
            continue
        commands = _commands(product, step.run, workflow.path)
        deploys = next((item.text for item in commands if Does.DEPLOYS in item.does or _is_deployment(item.text)), None)
        if deploys is not None:
            line = product.line_with(workflow.path, step.run.strip().splitlines()[0])
            return Deploying(workflow.path, job.name, deploys, line, before)
        before = before or (on == events and not step.may_fail and _is_gate(product, commands))
    return None


@lru_cache(maxsize=4096)
def _is_deployment(command: str) -> bool:
    """Remembered, because the jobs of a workflow mostly begin with the same commands."""
    return _DEPLOYS.search(command) is not None


def validation(product: Product) -> pull_request.Command | None:
    """The command of a pull request that holds manifests against their schemas; None without one."""
    commands = pull_request.read(product).commands
    return next((item for item in commands if Does.VALIDATES in item.does or _VALIDATES.search(item.text)), None)


def validation_of_services(product: Product) -> pull_request.Command | None:
    """The command of a pull request that holds files of Compose against its schema or rules; None without one."""
    return next((item for item in pull_request.read(product).commands if _validates_services(product, item)), None)


def _validates_services(product: Product, command: pull_request.Command) -> bool:
    if Does.VALIDATES in command.does or _VALIDATES_SERVICES.search(command.text):
        return True
    named = _OWN_VALIDATOR.search(command.text)
    base = named["module"].replace(".", "/") if named else ""
    places = (f"{home}{base}{end}" for home in ("src/", "") for end in (".py", "/__main__.py"))
    return bool(base) and any("compose" in (product.text(place) or "").lower() for place in places)


def services(product: Product) -> tuple[int, list[Fault]]:
    """How many services Compose is told to run, over all files under ``deploy/``, and what keeps them from running.

    Raises:
        BrokenFileError: A file does not parse.
    """
    counted, faults = 0, []
    for path in compose.files(product):
        found = compose.services(product, path)
        counted += len(found)
        faults += [Fault(path, f"service {name} has no image") for name in found if not found[name].get("image")]
        if not found:
            faults.append(Fault(path, "holds no service"))
    return counted, faults


def manifests(product: Product) -> tuple[int, list[Fault]]:
    """How many objects the manifests hold, and what keeps them from being applied."""
    objects, faults = 0, []
    for path in product.matching("deploy/*.yml", "deploy/*.yaml"):
        if _TEMPLATE.search(path):
            continue  # a chart's template is YAML only once it is filled in
        try:
            documents = product.documents(path)
        except BrokenFileError as error:
            faults.append(Fault(path, error.reason))
            continue
        if PurePosixPath(path).stem == "kustomization":
            faults += _missing(product, path, documents[0] if documents else {})
            continue
        if not any(isinstance(item, dict) and "kind" in item for item in documents):
            continue  # values, patches by path and settings of other tools
        for item in documents:
            lacking = [
                name for name in ("apiVersion", "kind", "metadata") if not isinstance(item, dict) or not item.get(name)
            ]
            objects += 1
            metadata = item.get("metadata") if isinstance(item, dict) else None
            named = isinstance(metadata, dict) and (metadata.get("name") or metadata.get("generateName"))
            if lacking or not named:
                faults.append(Fault(path, f"an object lacks {', '.join(lacking) or 'metadata.name'}"))
    return objects, faults


def _items(content: Any, key: str) -> list[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, list) else []


def _missing(product: Product, path: str, content: Any) -> Iterator[Fault]:
    """The files and folders that a kustomization names and that are not there."""
    named = [
        str(item["path"] if isinstance(item, dict) else item)
        for key in ("resources", "components", "patches", "patchesStrategicMerge", "bases")
        for item in _items(content, key)
        if isinstance(item, str) or (isinstance(item, dict) and "path" in item)
    ]
    for name in named:
        if "://" in name or "\n" in name:
            continue
        parts: list[str] = []
        for part in (PurePosixPath(path).parent / name).parts:
            if part == ".." and parts:
                parts.pop()
            elif part != ".":
                parts.append(part)
        target = "/".join(parts)
        if target not in product.paths and not any(other.startswith(f"{target}/") for other in product.paths):
            yield Fault(path, f"names {name}, which is not there")


def _is_gated(product: Product, workflow: Workflow, job: Job, event: str) -> bool:
    """Whether a job does not run on an event before a gate has let it."""
    by_name = {item.name: item for item in workflow.jobs}
    seen: set[str] = set()
    waiting = [(job, name) for name in job.needs]
    while waiting:
        waiter, name = waiting.pop()
        other = by_name.get(name)
        if other is None or name in seen or not waiter.stops_with(name):
            continue
        seen.add(name)
        if _has_gate(product, workflow, other, event):
            return True
        waiting += [(other, further) for further in other.needs]
    return False


def _has_gate(product: Product, workflow: Workflow, job: Job, event: str) -> bool:
    if job.may_fail or not job.runs_on(event):
        return False
    steps = [step for step in job.steps if step.run and not step.may_fail and step.runs_on(event)]
    return any(_is_gate(product, _commands(product, step.run, workflow.path)) for step in steps)


def _is_gate(product: Product, commands: list[pull_request.Command]) -> bool:
    """Whether a gate is among commands: not a target of make whose recipe does nothing."""
    if any(Does.GATES in command.does for command in commands):
        return True
    made = makefile.read(product)
    for text in (command.text for command in commands if _GATES.search(command.text)):
        targets = [target for target in makefile.called_by(text) if target in made.needs]
        if not targets or not all(map(made.does_nothing, targets)):
            return True
    return False


def _commands(product: Product, shell: str, path: str) -> list[pull_request.Command]:
    return pull_request.commands_of(product, shell, path, None) if shell else []
