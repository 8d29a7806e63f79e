"""Every rule lets a sound service pass, and stops the one thing that it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.delivery import compose_policy

SOUND: dict[str, Any] = {
    "image": f"registry.example.com/shop@sha256:{'0' * 64}",
    "user": "10001:10001",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "mem_limit": "512m",
    "cpus": 1,
    "pids_limit": 256,
    "ports": ["127.0.0.1:8000:8000"],
    "environment": {"ENVIRONMENT": "prod", "AUTH": "api-key"},
}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"image": "shop:latest"}, "images are pinned by digest"),
    ({"user": "root"}, "nobody runs as root"),
    ({"user": "0"}, "nobody runs as root"),
    ({"read_only": False}, "containers have no rights"),
    ({"cap_add": ["NET_RAW"]}, "containers have no rights"),
    ({"cap_drop": []}, "containers have no rights"),
    ({"security_opt": []}, "containers have no rights"),
    ({"privileged": True}, "containers have no rights"),
    ({"mem_limit": None}, "resources are limited"),
    ({"pids_limit": None}, "resources are limited"),
    ({"network_mode": "host"}, "nothing of the host is shared"),
    ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]}, "nothing of the host is shared"),
    ({"ports": ["8000:8000"]}, "the outside comes through a proxy"),
    ({"environment": {"ENVIRONMENT": "prod"}}, "callers have to say who they are"),
    ({"environment": {"ENVIRONMENT": "prod", "AUTH": "none"}}, "callers have to say who they are"),
    ({"environment": {"AUTH": "none"}}, "callers have to say who they are"),
]


def faults(**changes: Any) -> list[str]:
    return compose_policy.faults({"services": {"shop": SOUND | changes}})


def test_a_sound_service_breaks_no_rule() -> None:
    assert faults() == []


@pytest.mark.parametrize(("change", "rule"), BAD)
def test_each_rule_stops_what_it_is_there_for(change: dict[str, Any], rule: str) -> None:
    assert {fault.split(":")[0] for fault in faults(**change)} == {rule}


def test_every_rule_has_a_service_that_breaks_it() -> None:
    assert {rule for _, rule in BAD} == {rule.__name__.replace("_", " ") for rule in compose_policy.RULES}


def test_an_overlay_wins_over_the_base_and_keeps_the_rest() -> None:
    base = {"services": {"shop": {"user": "1", "cpus": 1, "cap_drop": ["A"]}}}
    overlay = {"services": {"shop": {"user": "2", "cap_drop": ["B"]}}, "name": "shop-prod"}

    found = compose_policy.merged(base, overlay)

    assert found == {"services": {"shop": {"user": "2", "cpus": 1, "cap_drop": ["A", "B"]}}, "name": "shop-prod"}
