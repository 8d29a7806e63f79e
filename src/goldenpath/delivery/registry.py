"""The registry as delivery sees it: versions and stages, which are git tags in the format of GTO.

``name@v1.2.3`` registers a version, ``name#prod#7`` says that the version of its commit is in ``prod`` from now on; the
number counts the assignments of the product. Format: https://dvc.org/doc/gto/user-guide/reference/tags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

_COUNTED = re.compile(r"#(\d+)$")
_DATA = re.compile(r"^(data/\S+): ([0-9a-f]{64})$", re.MULTILINE)
_MODEL = re.compile(r"^sha256: ([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True)
class Version:
    """A registered model.

    Attributes:
        name: ``name@v1.2.3``.
        commit: The commit that its tag stands on.
        model_sha256: Digest of the ONNX file.
        data_sha256: Digest of the raw data that it was made from.
    """

    name: str
    commit: str
    model_sha256: str
    data_sha256: str


def find(root: Path, version: str) -> Version:
    """A registered version.

    Args:
        root: The project's folder.
        version: As people type it: ``1.2.3``, ``v1.2.3`` or ``name@v1.2.3``.

    Raises:
        ProjectError: It is not registered, or on a commit that does not lead here.
    """
    name = distribution.name(root)
    known = git.tags(root, f"{name}@v*")
    tag = f"{name}@v{version.removeprefix(f'{name}@').removeprefix('v')}"
    if tag not in known:
        said = f"registered are {', '.join(known[-5:])}" if known else "nothing is registered here"
        raise ProjectError(
            f"{tag} is not registered; {said}. Fetch it with `git fetch --tags`, or register the "
            "committed model with `goldenpath register`."
        )
    return by_tag(root, tag)


def by_tag(root: Path, tag: str) -> Version:
    """A version by its tag, with what its message says about it.

    Raises:
        ProjectError: There is no such tag.
    """
    fields = git.run(root, "for-each-ref", "--format=%(*objectname)%(objectname)%00%(contents)", f"refs/tags/{tag}")
    if not fields:
        raise ProjectError(f"{tag}: no such tag. Fetch it: git fetch --tags")
    commit, _, message = fields.partition("\0")
    model, data = _MODEL.search(message), _DATA.search(message)
    return Version(tag, commit[:40], model[1] if model else "", data[2] if data else "")


def assign(root: Path, version: Version, stage: str, message: str) -> str:
    """Say that a version is in a stage from now on, as ``gto assign`` does.

    Returns:
        The tag.
    """
    name = distribution.name(root)
    numbers = [int(found[1]) for tag in git.tags(root, f"{name}#*") if (found := _COUNTED.search(tag))]
    tag = f"{name}#{stage}#{max(numbers, default=0) + 1}"
    git.run(root, "tag", "--annotate", "--cleanup=verbatim", "--message", message, tag, version.commit)
    return tag
