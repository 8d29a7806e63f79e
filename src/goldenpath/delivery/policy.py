"""What every deployment here must be like, whatever a schema allows: one function for each rule.

A rule takes all objects of one environment, as Kubernetes gets them, and yields what breaks it. Sources: the Kubernetes
Pod Security Standards (restricted) and "Configuration Best Practices".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from goldenpath.serving.settings import OPEN_ENVIRONMENT, Auth

Object = Mapping[str, Any]
Rule = Callable[[Sequence[Object]], Iterator[str]]

LEAST_USER = 10_000
"""Numeric ids below belong to users of the machine, by convention."""
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_PINNED = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")


def faults(objects: Sequence[Object]) -> list[str]:
    """All that breaks a rule in the objects of one environment."""
    return [f"{rule.__name__.replace('_', ' ')}: {fault}" for rule in RULES for fault in rule(objects)]


def images_are_pinned_by_digest(objects: Sequence[Object]) -> Iterator[str]:
    """A tag can be moved, ``latest`` is meant to be: only a digest says what runs."""
    for where, container in _containers(objects):
        if not _PINNED.fullmatch(str(container.get("image"))):
            yield f"{where} runs {container.get('image')}, want name@sha256:…"


def resources_are_limited(objects: Sequence[Object]) -> Iterator[str]:
    """A request tells the scheduler, a limit protects the neighbours."""
    for where, container in _containers(objects):
        for kind, names in (("requests", ("cpu", "memory")), ("limits", ("cpu", "memory"))):
            given = _at(container, "resources", kind)
            for name in names:
                if name not in given:
                    yield f"{where} lacks resources.{kind}.{name}"


def containers_are_probed(objects: Sequence[Object]) -> Iterator[str]:
    """Without probes, a pod that hangs gets requests for ever."""
    for where, container in _containers(objects):
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            if not container.get(probe):
                yield f"{where} lacks {probe}"


def nobody_runs_as_root(objects: Sequence[Object]) -> Iterator[str]:
    """A numeric id, so that the cluster can tell before it starts the container."""
    for name, pod in _pods(objects):
        settings = _at(pod, "securityContext")
        user = settings.get("runAsUser")
        if settings.get("runAsNonRoot") is not True:
            yield f"{name} lacks securityContext.runAsNonRoot: true"
        if not isinstance(user, int) or user < LEAST_USER:
            yield f"{name} runs as user {user}, want a number from {LEAST_USER}"
    for where, container in _containers(objects):
        own = _at(container, "securityContext")
        if own.get("runAsNonRoot") is False or own.get("runAsUser", LEAST_USER) < LEAST_USER:
            yield f"{where} takes the pod's user back"


def system_calls_are_filtered(objects: Sequence[Object]) -> Iterator[str]:
    """The runtime's default profile shuts some 60 calls that no service makes."""
    for name, pod in _pods(objects):
        if _at(pod, "securityContext", "seccompProfile").get("type") != "RuntimeDefault":
            yield f"{name} lacks securityContext.seccompProfile.type: RuntimeDefault"


def containers_have_no_rights(objects: Sequence[Object]) -> Iterator[str]:
    """No capability, no way to get one, and nothing to write to but what is mounted."""
    for where, container in _containers(objects):
        own = _at(container, "securityContext")
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{where} lacks readOnlyRootFilesystem: true"
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield f"{where} lacks allowPrivilegeEscalation: false, or is privileged"
        if "ALL" not in (_at(own, "capabilities").get("drop") or ()) or _at(own, "capabilities").get("add"):
            yield f"{where} does not drop ALL capabilities, or adds some"


def nothing_of_the_host_is_shared(objects: Sequence[Object]) -> Iterator[str]:
    """A pod that sees the host's processes, network or disk is part of the host."""
    for name, pod in _pods(objects):
        yield from (f"{name} sets {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key))
        for volume in pod.get("volumes") or ():
            if "hostPath" in volume:
                yield f"{name} mounts the host's {_at(volume, 'hostPath').get('path')}"


def pods_hold_no_token(objects: Sequence[Object]) -> Iterator[str]:
    """A service that never asks the cluster needs no key to it."""
    for name, pod in _pods(objects):
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name} lacks automountServiceAccountToken: false"
        if pod.get("serviceAccountName") in (None, "default"):
            yield f"{name} runs under the account that all share"


def disruptions_are_bounded(objects: Sequence[Object]) -> Iterator[str]:
    """Else a drained node may take every replica with it."""
    yield from _uncovered(objects, "PodDisruptionBudget", ("spec", "selector", "matchLabels"))


def the_number_of_pods_follows_the_load(objects: Sequence[Object]) -> Iterator[str]:
    """What is scaled must be what runs: a Rollout where there is one."""
    targets = [_at(item, "spec", "scaleTargetRef") for item in _of(objects, "HorizontalPodAutoscaler")]
    scaled = {(str(target.get("kind")), str(target.get("name"))) for target in targets}
    replaced = {str(_at(item, "spec", "workloadRef").get("name")) for item in _of(objects, "Rollout")}
    for item in _of(objects, "Deployment"):
        name = _name(item)
        kind = "Rollout" if name in replaced else "Deployment"
        if (kind, name) not in scaled:
            yield f"{kind} {name} has no HorizontalPodAutoscaler"


def traffic_is_denied_unless_allowed(objects: Sequence[Object]) -> Iterator[str]:
    """One policy that denies all, both ways; others open what is needed."""
    for policy in _of(objects, "NetworkPolicy"):
        spec = _at(policy, "spec")
        if (
            spec.get("podSelector") == {}
            and {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
            and not spec.get("ingress")
            and not spec.get("egress")
        ):
            return
    yield "no NetworkPolicy denies everything by default"


def no_secret_is_in_git(objects: Sequence[Object]) -> Iterator[str]:
    """A Secret's values are readable by everybody who reads the repository."""
    for item in _of(objects, "Secret"):
        yield f"Secret {_name(item)}: name it only, and let the cluster's store of secrets fill it"


def callers_have_to_say_who_they_are(objects: Sequence[Object]) -> Iterator[str]:
    """No environment has a service that answers everybody. Containers without a port answer nobody."""
    maps = {_name(item): _at(item, "data") for item in _of(objects, "ConfigMap")}
    for where, container in _containers(objects):
        if not container.get("ports"):
            continue
        settings: dict[str, Any] = {}
        for source in container.get("envFrom") or ():
            settings |= maps.get(str(_at(source, "configMapRef").get("name")), {})
        settings |= {str(item.get("name")): item.get("value") for item in container.get("env") or ()}
        yield from (f"{where} {fault}" for fault in open_door(settings))


def open_door(settings: Mapping[str, Any]) -> Iterator[str]:
    """Why a service with these environment variables would answer strangers, or not start."""
    environment, auth = settings.get("ENVIRONMENT"), settings.get("AUTH")
    if not environment:
        yield "lacks ENVIRONMENT: it would take itself for local, and let everybody in"
    elif environment != OPEN_ENVIRONMENT and auth not in get_args(Auth)[1:]:
        yield f"has AUTH={auth} with ENVIRONMENT={environment}, want one of {', '.join(get_args(Auth)[1:])}"


def a_release_can_be_stopped(objects: Sequence[Object]) -> Iterator[str]:
    """A canary must meet a share of the traffic, and an analysis that is there, gets its arguments, and can fail."""
    templates = {_name(item): _at(item, "spec") for item in _of(objects, "AnalysisTemplate")}
    for rollout in _of(objects, "Rollout"):
        name = _name(rollout)
        steps = _at(rollout, "spec", "strategy", "canary").get("steps") or []
        asked = [_at(step, "analysis") for step in steps if "analysis" in step]
        if not asked or not any(0 < int(step.get("setWeight", 0)) < 100 for step in steps):
            yield f"Rollout {name} has no step with a share of the traffic and an analysis"
        for analysis in asked:
            for template in (str(item.get("templateName")) for item in analysis.get("templates") or ()):
                if template not in templates:
                    yield f"Rollout {name} asks for the AnalysisTemplate {template}, which is not there"
                    continue
                yield from (f"AnalysisTemplate {template}: {fault}" for fault in _blunt(templates[template], analysis))


def _blunt(template: Object, analysis: Object) -> Iterator[str]:
    """Why an analysis would not stop anything."""
    given = {str(item.get("name")) for item in analysis.get("args") or ()}
    wanted = {str(item["name"]) for item in template.get("args") or () if not ({"value", "valueFrom"} & set(item))}
    yield from (f"gets no argument {name}" for name in sorted(wanted - given))
    metrics = template.get("metrics") or []
    yield from (f"metric {item.get('name')} cannot fail" for item in metrics if not item.get("failureCondition"))
    if not metrics:
        yield "measures nothing"


def _uncovered(objects: Sequence[Object], kind: str, way: tuple[str, ...]) -> Iterator[str]:
    chosen = [dict(_at(item, *way)) for item in _of(objects, kind)]
    for item in _of(objects, *WORKLOADS):
        labels = _at(item, "spec", "template", "metadata", "labels")
        if not any(wanted and wanted.items() <= dict(labels).items() for wanted in chosen):
            yield f"{item['kind']} {_name(item)} has no {kind}"


def _of(objects: Iterable[Object], *kinds: str) -> Iterator[Object]:
    return (item for item in objects if item.get("kind") in kinds)


def _pods(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    for item in _of(objects, *WORKLOADS):
        yield f"{item['kind']} {_name(item)}", _at(item, "spec", "template", "spec")
    for item in _of(objects, "CronJob"):
        yield f"CronJob {_name(item)}", _at(item, "spec", "jobTemplate", "spec", "template", "spec")


def _containers(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    for name, pod in _pods(objects):
        for key in ("initContainers", "containers"):
            yield from ((f"{name}, container {item.get('name')}", item) for item in pod.get(key) or ())


def _name(item: Object) -> str:
    return str(_at(item, "metadata").get("name"))


def _at(item: Object, *way: str) -> Mapping[str, Any]:
    """What lies under nested keys, where that holds keys and values; else nothing."""
    for key in way:
        found = item.get(key)
        item = found if isinstance(found, Mapping) else {}
    return item


RULES: tuple[Rule, ...] = (
    images_are_pinned_by_digest,
    resources_are_limited,
    containers_are_probed,
    nobody_runs_as_root,
    system_calls_are_filtered,
    containers_have_no_rights,
    nothing_of_the_host_is_shared,
    pods_hold_no_token,
    disruptions_are_bounded,
    the_number_of_pods_follows_the_load,
    traffic_is_denied_unless_allowed,
    no_secret_is_in_git,
    callers_have_to_say_who_they_are,
    a_release_can_be_stopped,
)
