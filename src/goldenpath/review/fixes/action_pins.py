"""Commit ids of actions: those that the repository already pins elsewhere, and so has reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml

from goldenpath.review.fixes import edits
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.product.product import Product

Pins = Mapping[str, frozenset[tuple[str, str]]]
"""For each repository of actions: version and commit id of every pin that names its version."""
_PINNED = re.compile(
    r"^[\s-]*uses:\s*['\"]?([\w.-]+/[\w.-]+)[\w./-]*@([0-9a-f]{40})['\"]?\s*#\s*v?(\d+(?:\.\d+)*)\s*$", re.MULTILINE
)
_BY_TAG = re.compile(r"(?P<action>(?P<repository>[\w.-]+/[\w.-]+)(?:/[\w./-]+)?)@v?(?P<version>\d+(?:\.\d+)*)")


def known(product: Product, paths: Iterable[str]) -> Pins:
    """The pins with a version beside them in some files."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in paths:
        for repository, commit, version in _PINNED.findall(product.text(path) or ""):
            found.setdefault(repository, set()).add((version, commit))
    return {repository: frozenset(pins) for repository, pins in found.items()}


def pin(path: str, text: str, pins: Pins) -> str:
    """The text with every action by tag pinned, where one commit is known to be of that version.

    Raises:
        FixError: The file is laid out in a way that cannot be changed mechanically.
    """
    found: list[Edit] = []
    for node in _uses(edits.compose(path, text)):
        new = _commit(node.value, pins)
        if new is None:
            continue
        start, end = node.start_mark.index, node.end_mark.index
        found.append(Edit(start, end, text[start:end].replace(node.value, new[0])))
        rest = re.compile(r"[ \t]*(?=\r?\n|\Z)").match(text, end)
        if rest:
            found.append(Edit(end, rest.end(), f" # v{new[1]}"))
    return edits.must_mean(path, edits.apply(text, found), _meant(edits.mapping(path, text), pins)) if found else text


def _commit(uses: str, pins: Pins) -> tuple[str, str] | None:
    """An action by its commit id, and its version; None where no or more than one commit is known."""
    asked = _BY_TAG.fullmatch(uses)
    if asked is None:
        return None
    fit = {
        (version, commit)
        for version, commit in pins.get(asked["repository"], ())
        if f"{version}.".startswith(f"{asked['version']}.")
    }
    if len(fit) != 1:
        return None
    [(version, commit)] = fit
    return f"{asked['action']}@{commit}", version


def _uses(root: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """What the jobs and steps of a workflow, or the steps of an action, use."""
    jobs = edits.value_of(root, "jobs")
    users = [job for _, job in jobs.value] if isinstance(jobs, yaml.MappingNode) else []
    for owner in [*users, edits.value_of(root, "runs")]:
        steps = edits.value_of(owner, "steps")
        users += steps.value if isinstance(steps, yaml.SequenceNode) else []
    found = (edits.value_of(user, "uses") for user in users)
    yield from (node for node in found if isinstance(node, yaml.ScalarNode))


def _meant(content: dict[str, Any], pins: Pins) -> dict[str, Any]:
    meant = deepcopy(content)
    jobs = meant.get("jobs")
    users = [job for job in (jobs.values() if isinstance(jobs, dict) else ()) if isinstance(job, dict)]
    for owner in [*users, meant.get("runs")]:
        steps = owner.get("steps") if isinstance(owner, dict) else None
        users += [step for step in (steps if isinstance(steps, list) else ()) if isinstance(step, dict)]
    for user in users:
        if isinstance(user.get("uses"), str) and (new := _commit(user["uses"], pins)):
            user["uses"] = new[0]
    return meant
