"""What every deployment by Docker Compose must be like: the rules of ``policy.py``, in Compose's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from goldenpath.delivery.policy import open_door

Service = Mapping[str, Any]
Rule = Callable[[Service], Iterator[str]]

_PINNED = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_USER = re.compile(r"[1-9]\d{4,}(?::\d+)?")
_LOOPBACK = re.compile(r"127\.0\.0\.1:\d+:\d+")


def merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Two files of Compose as one: keys of the second win, below each other, and lists are joined."""
    found = dict(base)
    for key, value in overlay.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = [*before, *value]
        else:
            found[key] = value
    return found


def faults(project: Mapping[str, Any]) -> list[str]:
    """All that breaks a rule in the services of one environment."""
    return [
        f"{rule.__name__.replace('_', ' ')}: service {name}: {fault}"
        for name, service in (project.get("services") or {}).items()
        for rule in RULES
        for fault in rule(service)
    ]


def images_are_pinned_by_digest(service: Service) -> Iterator[str]:
    """A tag can be moved, ``latest`` is meant to be: only a digest says what runs."""
    if not _PINNED.fullmatch(str(service.get("image"))):
        yield f"runs {service.get('image')}, want name@sha256:…"


def nobody_runs_as_root(service: Service) -> Iterator[str]:
    """A numeric id that belongs to no user of the machine."""
    if not _USER.fullmatch(str(service.get("user"))):
        yield f"runs as {service.get('user')}, want a number from 10000"


def containers_have_no_rights(service: Service) -> Iterator[str]:
    """No capability, no way to get one, and nothing to write to but what is mounted."""
    if service.get("read_only") is not True:
        yield "lacks read_only: true"
    if "ALL" not in (service.get("cap_drop") or ()) or service.get("cap_add") or service.get("privileged"):
        yield "does not drop ALL capabilities, or has some"
    if "no-new-privileges:true" not in (service.get("security_opt") or ()):
        yield "lacks no-new-privileges:true in security_opt"


def resources_are_limited(service: Service) -> Iterator[str]:
    """A limit protects the neighbours."""
    yield from (f"lacks {name}" for name in ("mem_limit", "cpus", "pids_limit") if not service.get(name))


def nothing_of_the_host_is_shared(service: Service) -> Iterator[str]:
    """A container that sees the host's network, processes or disk is part of the host."""
    yield from (f"sets {key}: host" for key in ("network_mode", "pid", "ipc") if service.get(key) == "host")
    for volume in service.get("volumes") or ():
        source = volume.get("source") if isinstance(volume, Mapping) else str(volume).split(":")[0]
        if str(source).startswith(("/", ".", "~")):
            yield f"mounts the host's {source}"


def the_outside_comes_through_a_proxy(service: Service) -> Iterator[str]:
    """The service speaks plain HTTP; a proxy on the machine ends TLS before it."""
    for port in service.get("ports") or ():
        if not _LOOPBACK.fullmatch(str(port)):
            yield f"publishes {port}, want 127.0.0.1:PORT:8000"


def callers_have_to_say_who_they_are(service: Service) -> Iterator[str]:
    """No environment has a service that answers everybody."""
    if service.get("ports"):
        yield from open_door(service.get("environment") or {})


RULES: tuple[Rule, ...] = (
    images_are_pinned_by_digest,
    nobody_runs_as_root,
    containers_have_no_rights,
    resources_are_limited,
    nothing_of_the_host_is_shared,
    the_outside_comes_through_a_proxy,
    callers_have_to_say_who_they_are,
)
