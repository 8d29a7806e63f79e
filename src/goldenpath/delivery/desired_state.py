"""What one environment is told to run: its overlay, read and written without touching anything else in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError

OVERLAYS = PurePosixPath("deploy/overlays")
MODEL_KEY = "golden-path/model"
NOTHING = f"sha256:{'0' * 64}"
"""The digest of an environment to which nothing has been promoted: no image has it."""
_KUSTOMIZATION, _COMPOSE = "kustomization.yaml", "compose.yaml"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(r"(?P<name>[a-z0-9][\w./:-]*)@(?P<digest>sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Image:
    """A container image: its name, and the digest of its manifest (``sha256:…``)."""

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"


@dataclass(frozen=True)
class DesiredState:
    """What an environment runs.

    Attributes:
        image: The image, which holds code and model.
        model: The registered version in it, ``name@v1.2.3``; empty where nothing was promoted yet.
    """

    image: Image
    model: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been promoted yet."""
        return not self.model


@dataclass(frozen=True)
class _Place:
    """Where a value stands in a file's text."""

    start: int
    end: int
    value: str


def environments(root: Path) -> list[str]:
    """The environments in the order of promotion.

    Raises:
        ProjectError: ``golden-path.yaml`` names none.
    """
    named = manifest.load(root).deploy.environments
    return list(manifest.required(named, "deploy.environments", "[dev, staging, prod]"))


def check_environment(root: Path, environment: str) -> None:
    """Stop where an environment does not exist.

    Raises:
        ProjectError: It is not named, or not one of the manifest.
    """
    known = environments(root)
    if environment not in known:
        raise ProjectError(f"ENV is {environment!r}: want one of {', '.join(known)}, as {manifest.PATH} names them.")


def path_of(root: Path, environment: str) -> PurePosixPath:
    """The file of an environment that names image and model, relative to the project.

    Raises:
        ProjectError: There is none.
    """
    for name in (_KUSTOMIZATION, _COMPOSE):
        path = OVERLAYS / environment / name
        if (root / path).is_file():
            return path
    raise ProjectError(
        f"{OVERLAYS / environment}: holds neither {_KUSTOMIZATION} nor {_COMPOSE}. Get it back: git checkout HEAD -- "
        f"{OVERLAYS / environment}"
    )


def read(root: Path, environment: str) -> DesiredState:
    """What an environment is told to run, by the work tree.

    Raises:
        ProjectError: Its file is missing or does not name image, digest and model.
    """
    path = path_of(root, environment)
    return parse((root / path).read_text(encoding="utf-8"), path)


def parse(text: str, path: PurePosixPath) -> DesiredState:
    """What the text of an overlay's file says.

    Raises:
        ProjectError: It does not name image, digest and model.
    """
    places = _places(text, path)
    if path.name == _COMPOSE:
        return DesiredState(image(places["image"].value, f"{path}: image"), places["model"].value)
    name, digest = places["name"].value, places["digest"].value
    if not _DIGEST.fullmatch(digest):
        raise ProjectError(f"{path}: digest {digest}: want sha256: and 64 hexadecimal digits.")
    return DesiredState(Image(name, digest), places["model"].value)


def image(text: str, where: str) -> Image:
    """An image from ``name@sha256:…``.

    Raises:
        ProjectError: It has a tag, no digest, or no name.
    """
    found = _IMAGE.fullmatch(text)
    if found is None:
        raise ProjectError(
            f"{where}={text}: want name@sha256:… with 64 hexadecimal digits. A tag can be moved, a digest cannot; "
            "`docker buildx imagetools inspect NAME:TAG` shows it."
        )
    return Image(found["name"], found["digest"])


def write(root: Path, environment: str, state: DesiredState) -> PurePosixPath:
    """Tell an environment what to run. Comments, order and everything else in the file stay as they are.

    Returns:
        The file that was changed.

    Raises:
        ProjectError: The file is missing or does not name image, digest and model.
    """
    path = path_of(root, environment)
    text = (root / path).read_text(encoding="utf-8")
    values = {
        "image": str(state.image),
        "name": state.image.name,
        "digest": state.image.digest,
        "model": state.model or '""',
    }
    for key, place in sorted(_places(text, path).items(), key=lambda item: -item[1].start):
        text = text[: place.start] + values[key] + text[place.end :]
    (root / path).write_text(text, encoding="utf-8")
    return path


def _places(text: str, path: PurePosixPath) -> dict[str, _Place]:
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ProjectError(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    wanted: dict[str, tuple[str | int, ...]]
    if path.name == _COMPOSE:
        services = _inside(tree, ("services",))
        first = services.value[0][0].value if isinstance(services, yaml.MappingNode) and services.value else ""
        wanted = {"image": ("services", first, "image"), "model": ("services", first, "labels", MODEL_KEY)}
    else:
        wanted = {
            "name": ("images", 0, "newName"),
            "digest": ("images", 0, "digest"),
            "model": ("commonAnnotations", MODEL_KEY),
        }
    found = {}
    for key, way in wanted.items():
        node = _inside(tree, way)
        if not isinstance(node, yaml.ScalarNode):
            raise ProjectError(f"{path}: lacks {'.'.join(map(str, way))}. See what changed it: git log -p -- {path}")
        found[key] = _Place(node.start_mark.index, node.end_mark.index, node.value)
    return found


def _inside(node: Any, way: tuple[str | int, ...]) -> Any:
    for step in way:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node
