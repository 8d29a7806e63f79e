"""What ``dvc.lock`` says that a run of the pipeline read and wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from goldenpath.gates.verdict import InconclusiveError
from goldenpath.project import yaml_text
from goldenpath.project.paths import DVC_LOCK

INGEST = "ingest"


@dataclass(frozen=True)
class Lock:
    """One ``dvc.lock``.

    Attributes:
        outs: MD5 of everything written, by path; that of a folder ends with ``.dir``.
        makers: The stage that wrote it, by path.
        ingest: What the stage that reads the source read, code and parameters.
    """

    outs: Mapping[str, str]
    makers: Mapping[str, str]
    ingest: Any

    @classmethod
    def parse(cls, text: str) -> Lock:
        """Read a lock.

        Raises:
            InconclusiveError: It is none.
        """
        try:
            stages: dict[str, Any] = yaml_text.load(text)["stages"]
            written = [(name, out) for name, stage in stages.items() for out in stage.get("outs", [])]
            outs = {str(out["path"]): str(out["md5"]) for _, out in written}
            makers = {str(out["path"]): name for name, out in written}
            first = stages.get(INGEST, {})
            return cls(outs, makers, {key: first.get(key) for key in ("deps", "params")})
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise InconclusiveError(f"{DVC_LOCK}: is not what DVC writes ({error!r}).", "Run `make run`.") from error

    def is_of(self, root: Path, path: Path) -> bool:
        """Whether a file or folder is the one that the run wrote."""
        return self.outs.get(path.as_posix()) == md5(root / path)


def md5(path: Path) -> str:
    """DVC's digest of a file, or of a folder, whose files' digests it lists as JSON; empty where it is missing."""
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if item.is_file())
        listed = [{"md5": md5(item), "relpath": item.relative_to(path).as_posix()} for item in files]
        text = json.dumps(sorted(listed, key=lambda item: item["relpath"]), sort_keys=True)
        return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
