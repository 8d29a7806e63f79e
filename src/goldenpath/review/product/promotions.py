"""Deployments as commits: what ``goldenpath promote`` and ``rollback`` leave in git, told from what only looks like it.

Such a commit changes image and model of one environment's overlay and nothing else, says in its trailers what it did,
and the registry has a tag for it. It is no change of code: whoever approves the environment approves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from goldenpath.review.product.deployments import MODEL_KEY, OVERLAYS, REGISTERED
from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.git import Commit, Git
    from goldenpath.review.product.product import Product

IMAGE, REPLACES = "Image", "Replaces"
"""Trailers: the image that runs from then on, and the model that ran before, where one did."""
_OVERLAY = re.compile(rf"{re.escape(OVERLAYS)}/(?P<environment>[^/]+)/(?P<kind>kustomization|compose)\.yaml")
_PINNED = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_CHANGED = re.compile(r":(?P<mode>\d+) (?P=mode) \w+ \w+ M\t(?P<path>.+)")
"""A file that was changed and kept its mode, as ``git diff-tree`` tells it."""


@dataclass(frozen=True)
class _State:
    """What an overlay says: its image, its model, and all the rest of its text."""

    image: str
    model: str
    rest: str


def among(product: Product, commits: Iterable[Commit]) -> frozenset[str]:
    """The ids of those commits that are deployments.

    Args:
        product: The product.
        commits: Commits of its history.
    """
    git = product.git
    candidates = {item.sha: item for item in commits if len(item.parents) == 1 and _told(item, IMAGE)}
    if git is None or not candidates:
        return frozenset()
    try:
        environments = product.manifest.environments
    except BrokenFileError:
        return frozenset()  # without environments nothing can be deployed to one
    found = set()
    for sha, lines in _changes(git, tuple(candidates)):
        change = _CHANGED.fullmatch(lines[0]) if len(lines) == 1 else None
        path = change["path"] if change and change["path"].startswith(product.prefix) else ""
        place = _OVERLAY.fullmatch(path.removeprefix(product.prefix)) if path else None
        if place and place["environment"] in environments and _deploys(git, candidates[sha], path, place):
            found.add(sha)
    return frozenset(found)


def are_all(product: Product, older: str, newer: str, paths: Sequence[str]) -> bool:
    """Whether all that differs between two commits is which image and model overlays name.

    Args:
        product: The product.
        older: One commit.
        newer: The other.
        paths: What is compared, from the root of the repository; none means everything.
    """
    git = product.git
    told = git.run("diff", "--raw", "--no-renames", "--no-abbrev", older, newer, "--", *paths) if git else None
    for line in (told or "").splitlines():
        change = _CHANGED.fullmatch(line)
        path = change["path"] if change and change["path"].startswith(product.prefix) else ""
        place = _OVERLAY.fullmatch(path.removeprefix(product.prefix)) if path else None
        if git is None or place is None:
            return False
        before, after = (_state(git.objects.read(f"{sha}:{path}"), place["kind"]) for sha in (older, newer))
        if before is None or after is None or before.rest != after.rest:
            return False
    return bool(told)


def _changes(git: Git, shas: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What each commit changed, one line a file, asked at once."""
    told = git.run("diff-tree", "--stdin", "-r", "--no-renames", data="".join(f"{sha}\n" for sha in shas).encode())
    lines: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (told or "").splitlines():
        if line.startswith(":"):
            current.append(line)
        else:
            current = lines.setdefault(line, [])
    yield from lines.items()


def _deploys(git: Git, commit: Commit, path: str, place: re.Match[str]) -> bool:
    before, after = (
        _state(git.objects.read(f"{sha}:{path}"), place["kind"]) for sha in (commit.parents[0], commit.sha)
    )
    if before is None or after is None or before.rest != after.rest:
        return False
    if not _PINNED.fullmatch(after.image) or _told(commit, IMAGE) != [after.image]:
        return False
    if _told(commit, REPLACES) != ([before.model] if before.model else []):
        return False
    return _is_assigned(git, after.model, place["environment"])


def _told(commit: Commit, trailer: str) -> list[str]:
    return [value.strip() for key, _, value in (line.partition(":") for line in commit.trailers) if key == trailer]


def _is_assigned(git: Git, model: str, environment: str) -> bool:
    """Whether the registry says that the model was put into the environment (``name#prod#7``, as GTO tags it)."""
    registered = REGISTERED.fullmatch(model)
    commit = git.resolve(f"refs/tags/{model}") if registered and model in git.tags else None
    if registered is None or commit is None:
        return False
    stage = re.compile(rf"{re.escape(registered[1])}#{re.escape(environment)}#\d+")
    return any(git.resolve(f"refs/tags/{tag}") == commit for tag in git.tags if stage.fullmatch(tag))


def _state(content: bytes | None, kind: str) -> _State | None:
    """What the text of an overlay says; None where it does not say it as the template lays it out."""
    try:
        text = (content or b"").decode("utf-8")
        # The loader in Python counts characters; the one in C counts bytes.
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return None
    if kind == "compose":
        service = _first(_below(tree, "services"))
        image, model = _below(service, "image"), _below(service, "labels", MODEL_KEY)
        places = [image, model]
    else:
        entry = _first(_below(tree, "images"))
        name, digest, model = (
            _below(entry, "newName"),
            _below(entry, "digest"),
            _below(tree, "commonAnnotations", MODEL_KEY),
        )
        places = [name, digest, model]
    scalars = [item for item in places if isinstance(item, yaml.ScalarNode)]
    if len(scalars) != len(places):
        return None
    rest = text
    for item in sorted(scalars, key=lambda item: -item.start_mark.index):
        rest = f"{rest[: item.start_mark.index]}\0{rest[item.end_mark.index :]}"
    *named, model_said = (str(item.value) for item in scalars)
    return _State("@".join(named), model_said, rest)


def _below(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    return node


def _first(node: yaml.Node | None) -> yaml.Node | None:
    """The first entry of a list, or what stands behind the first key."""
    if isinstance(node, yaml.SequenceNode):
        return next(iter(node.value), None)
    return next((value for _, value in node.value), None) if isinstance(node, yaml.MappingNode) else None
