"""Every rule lets a sound deployment pass, and stops the one thing that it is there for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from goldenpath.delivery import policy

SOUND = """\
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      serviceAccountName: shop
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: service
          image: registry.example.com/shop@sha256:ZEROS
          ports: [{containerPort: 8000}]
          env: [{name: AUTH, value: api-key}]
          envFrom: [{configMapRef: {name: settings}}]
          resources: {requests: {cpu: 1, memory: 1Mi}, limits: {cpu: 1, memory: 1Mi}}
          startupProbe: {httpGet: {path: /readyz}}
          readinessProbe: {httpGet: {path: /readyz}}
          livenessProbe: {httpGet: {path: /healthz}}
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
---
kind: ConfigMap
metadata: {name: settings}
data: {ENVIRONMENT: prod}
---
kind: Rollout
metadata: {name: shop}
spec:
  workloadRef: {kind: Deployment, name: shop}
  strategy:
    canary:
      steps: [{setWeight: 25}, {analysis: {templates: [{templateName: canary}], args: [{name: hash}]}}]
---
kind: AnalysisTemplate
metadata: {name: canary}
spec: {args: [{name: hash}], metrics: [{name: errors, failureCondition: "result[0] > 0.01"}]}
---
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec: {scaleTargetRef: {kind: Rollout, name: shop}}
---
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}
---
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
""".replace("ZEROS", "0" * 64)
Objects = dict[str, Any]


def sound() -> Objects:
    return {item["kind"]: item for item in yaml.safe_load_all(SOUND)}


def pod(found: Objects) -> Any:
    return found["Deployment"]["spec"]["template"]["spec"]


def container(found: Objects) -> Any:
    return pod(found)["containers"][0]


def metric(found: Objects) -> Any:
    return found["AnalysisTemplate"]["spec"]["metrics"][0]


def steps(found: Objects) -> Any:
    return found["Rollout"]["spec"]["strategy"]["canary"]["steps"]


def test_a_sound_deployment_breaks_no_rule() -> None:
    assert policy.faults(list(sound().values())) == []


BAD: list[tuple[Callable[[Objects], Any], str]] = [
    (lambda o: container(o).update(image="shop:latest"), "images are pinned by digest"),
    (lambda o: container(o).update(image="shop:1.0.0"), "images are pinned by digest"),
    (lambda o: container(o)["resources"]["limits"].pop("memory"), "resources are limited"),
    (lambda o: container(o)["resources"].pop("requests"), "resources are limited"),
    (lambda o: container(o).pop("readinessProbe"), "containers are probed"),
    (lambda o: pod(o)["securityContext"].pop("runAsNonRoot"), "nobody runs as root"),
    (lambda o: pod(o)["securityContext"].update(runAsUser=0), "nobody runs as root"),
    (lambda o: container(o)["securityContext"].update(runAsUser=0), "nobody runs as root"),
    (lambda o: pod(o)["securityContext"].pop("seccompProfile"), "system calls are filtered"),
    (lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False), "containers have no rights"),
    (lambda o: container(o)["securityContext"].pop("allowPrivilegeEscalation"), "containers have no rights"),
    (lambda o: container(o)["securityContext"].update(privileged=True), "containers have no rights"),
    (lambda o: container(o)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "containers have no rights"),
    (lambda o: pod(o).update(hostNetwork=True), "nothing of the host is shared"),
    (lambda o: pod(o).update(volumes=[{"name": "x", "hostPath": {"path": "/"}}]), "nothing of the host is shared"),
    (lambda o: pod(o).pop("automountServiceAccountToken"), "pods hold no token"),
    (lambda o: pod(o).update(serviceAccountName="default"), "pods hold no token"),
    (lambda o: o.pop("PodDisruptionBudget"), "disruptions are bounded"),
    (
        lambda o: o["PodDisruptionBudget"]["spec"]["selector"].update(matchLabels={"app": "other"}),
        "disruptions are bounded",
    ),
    (lambda o: o.pop("HorizontalPodAutoscaler"), "the number of pods follows the load"),
    (
        lambda o: o["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"].update(kind="Deployment"),
        "the number of pods follows the load",
    ),
    (lambda o: o.pop("NetworkPolicy"), "traffic is denied unless allowed"),
    (lambda o: o["NetworkPolicy"]["spec"].update(ingress=[{}]), "traffic is denied unless allowed"),
    (lambda o: o.update(Secret={"kind": "Secret", "metadata": {"name": "key"}}), "no secret is in git"),
    (lambda o: container(o).pop("env"), "callers have to say who they are"),
    (lambda o: container(o)["env"][0].update(value="none"), "callers have to say who they are"),
    (lambda o: o["ConfigMap"]["data"].clear(), "callers have to say who they are"),
    (lambda o: o.pop("AnalysisTemplate"), "a release can be stopped"),
    (lambda o: metric(o).pop("failureCondition"), "a release can be stopped"),
    (lambda o: steps(o).pop(), "a release can be stopped"),
    (lambda o: steps(o)[0].update(setWeight=100), "a release can be stopped"),
    (lambda o: steps(o)[1]["analysis"].update(args=[]), "a release can be stopped"),
]


@pytest.mark.parametrize(("spoil", "rule"), BAD)
def test_each_rule_stops_what_it_is_there_for(spoil: Callable[[Objects], Any], rule: str) -> None:
    found = copy.deepcopy(sound())

    spoil(found)

    assert {fault.split(":")[0] for fault in policy.faults(list(found.values()))} == {rule}


def test_every_rule_has_a_deployment_that_breaks_it() -> None:
    named = {rule for _, rule in BAD}

    assert named == {rule.__name__.replace("_", " ") for rule in policy.RULES}
