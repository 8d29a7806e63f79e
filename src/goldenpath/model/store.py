"""Fitted scikit-learn pipelines on disk, without pickle: loading one never runs code from the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import skops.io
from sklearn.pipeline import Pipeline

from goldenpath.project.errors import ProjectError

TRUSTED_TYPES = {
    "numpy.dtype",
    "sklearn._loss._loss.CyAbsoluteError",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
}
"""What gradient boosting is made of and skops does not know; read and found harmless."""


def save(fitted: dict[str, Pipeline], path: Path) -> None:
    """Write fitted pipelines under their names; the same pipelines give the same file, byte for byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted, path)
    _renumber(path)


def load(path: Path) -> dict[str, Pipeline]:
    """Read fitted pipelines.

    Raises:
        ProjectError: The file is missing, or holds a type that is not trusted.
    """
    if not path.is_file():
        raise ProjectError(f"{path}: no such file. Run `make run`.")
    strange = sorted(set(skops.io.get_untrusted_types(file=path)) - TRUSTED_TYPES)
    if strange:
        raise ProjectError(
            f"{path}: holds {', '.join(strange)}, which store.TRUSTED_TYPES does not list. Train it anew."
        )
    fitted: dict[str, Pipeline] = skops.io.load(path, trusted=sorted(TRUSTED_TYPES))
    return fitted


def _renumber(path: Path) -> None:
    """Number the parts of a skops file in their order: it names them by where they lay in memory, and dates them."""
    with ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, str] = {}

    def number(address: re.Match[str]) -> str:
        return numbers.setdefault(address[0], str(len(numbers)))

    schema = _addresses(json.loads(content.pop("schema.json")), number)
    with ZipFile(path, "w") as archive:
        archive.writestr(ZipInfo("schema.json"), json.dumps(schema, indent=2))
        for name, part in sorted((re.sub(r"^\d+", number, name), part) for name, part in content.items()):
            archive.writestr(ZipInfo(name), part)


def _addresses(node: Any, number: Callable[[re.Match[str]], str]) -> Any:
    """A node of the schema with its own address, and that of its file, put through ``number``."""
    if isinstance(node, list):
        return [_addresses(item, number) for item in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            found[key] = int(re.sub(r"^\d+", number, str(value)))
        elif key == "file" and isinstance(value, str):
            found[key] = re.sub(r"^\d+", number, value)
        else:
            found[key] = _addresses(value, number)
    return found
