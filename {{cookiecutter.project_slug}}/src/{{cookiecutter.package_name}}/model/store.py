"""Fitted scikit-learn pipelines on disk, without pickle: loading one never runs code from the file."""

from __future__ import annotations

from pathlib import Path

import skops.io
from sklearn.pipeline import Pipeline

from ..errors import ProjectError

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
    """Write fitted pipelines under their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(fitted, path)


def load(path: Path) -> dict[str, Pipeline]:
    """Read fitted pipelines.

    Raises:
        ProjectError: The file is missing, or holds a type that is not trusted.
    """
    if not path.is_file():
        raise ProjectError(f"{path}: no such file. Run `make pipeline`.")
    strange = sorted(set(skops.io.get_untrusted_types(file=path)) - TRUSTED_TYPES)
    if strange:
        raise ProjectError(
            f"{path}: holds {', '.join(strange)}, which store.TRUSTED_TYPES does not list. Train it anew."
        )
    fitted: dict[str, Pipeline] = skops.io.load(path, trusted=sorted(TRUSTED_TYPES))
    return fitted
