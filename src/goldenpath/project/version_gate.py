"""Whether this version of the library works with a project: ``requires`` of ``golden-path.yaml``.

Specifiers are compared by the numbers of their versions, as PEP 440 does for releases; so that a command starts fast,
nothing is imported for it.
"""

from __future__ import annotations

import re
from pathlib import Path

import goldenpath
from goldenpath.project import manifest
from goldenpath.project.errors import ProjectError

_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*")
Release = tuple[int, ...]


class VersionError(ProjectError):
    """The library that runs is not one that the project works with; nothing was done."""

    outcome = "refused"


def refuse_other_version(root: Path, version: str = goldenpath.__version__) -> None:
    """Stop where the project says that it does not work with this version of the library.

    Args:
        root: The project's folder; without a manifest in it nothing is refused.
        version: The version that runs.

    Raises:
        VersionError: The version is outside of ``requires``.
        ProjectError: The manifest cannot be read, or ``requires`` is no version specifier.
    """
    if not (root / manifest.PATH).is_file():
        return
    required = manifest.load(root).requires
    if required and not admits(required, version):
        raise VersionError(
            f"{manifest.PATH}: requires is {required}, and goldenpath {version} runs.\n"
            "Install the version that the project's locks pin: make setup\n"
            f"Or bring the project to this one: goldenpath upgrade --to {version}"
        )


def admits(required: str, version: str) -> bool:
    """Whether a version keeps a specifier such as ``>=0.2,<0.3``.

    Raises:
        ProjectError: The specifier is none.
    """
    return all(_holds(clause, _release(version)) for clause in required.split(","))


def is_later(version: str, other: str) -> bool:
    """Whether a version comes after another."""
    return _padded(_release(version)) > _padded(_release(other))


def range_of(version: str) -> str:
    """The versions that a project works with once it was brought to this one, by semantic versioning.

    Before 1.0 a minor version may break what the last one promised; from then on a major one.
    """
    major, minor = (*_release(version), 0)[:2]
    return f">={major}.{minor},<{major}.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def _holds(clause: str, release: Release) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None or (found[3] and found[1] not in ("==", "!=")) or (found[1] == "~=" and "." not in found[2]):
        raise ProjectError(f"{manifest.PATH}: requires is no version specifier at {clause!r}, want such as >=0.2,<0.3.")
    sign, wanted = found[1], _release(found[2])
    if found[3]:
        return (release[: len(wanted)] == wanted) == (sign == "==")
    if sign == "~=":
        return _padded(release) >= _padded(wanted) and release[: len(wanted) - 1] == wanted[:-1]
    left, right = _padded(release), _padded(wanted)
    return {
        "==": left == right, "!=": left != right, "<=": left <= right, ">=": left >= right, "<": left < right,
        ">": left > right,
    }[sign]  # fmt: skip


def _release(version: str) -> Release:
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def _padded(release: Release) -> Release:
    return (*release, 0, 0, 0, 0)[:4]
