"""Settings that a version of the library has renamed, and the edit that brings a project's files along.

Only the key is replaced, at the place where a parser found it: comments, order and layout stay as the team wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from goldenpath.project import version_gate
from goldenpath.project.errors import ProjectError


@dataclass(frozen=True)
class Rename:
    """A key that has another name from a version on.

    Attributes:
        version: The first version that knows the new name alone.
        file: The file, relative to the project's folder.
        key: The key with its parents, as ``alerts.batch_hours``.
        name: What it is called now; its parents are the same.
    """

    version: str
    file: str
    key: str
    name: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key} is {'.'.join([*self.key.split('.')[:-1], self.name])} now"


RENAMES: tuple[Rename, ...] = ()
"""Every rename since 0.2.0, the oldest first. A setting that is renamed gets a line here in the same change."""


def apply(root: Path, since: str, renames: Sequence[Rename] = RENAMES) -> list[Rename]:
    """Rename settings in a project's files.

    Args:
        root: The project's folder.
        since: The version that the project works with; what was renamed in it or before is done already.
        renames: The table.

    Returns:
        The renames that a file needed.

    Raises:
        ProjectError: A file is not YAML, or holds both names.
    """
    later = [item for item in renames if version_gate.is_later(item.version, since)]
    return [item for item in later if _rename(root / item.file, item)]


def _rename(path: Path, item: Rename) -> bool:
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    *parents, key = item.key.split(".")
    try:
        section = YAML().load(text)
    except YAMLError as error:
        raise ProjectError(f"{item.file}: is not YAML: {' '.join(str(error).split())}") from error
    for parent in parents:
        section = section.get(parent) if isinstance(section, CommentedMap) else None
    if not isinstance(section, CommentedMap) or key not in section:
        return False
    if item.name in section:
        raise ProjectError(f"{item}, and the file holds both. Remove one, and commit.")
    line, column = section.lc.key(key)
    lines = text.splitlines(keepends=True)
    before, rest = lines[line][:column], lines[line][column:]
    lines[line] = before + rest.replace(key, item.name, 1)
    path.write_text("".join(lines), encoding="utf-8")
    return True
