"""The evaluation that the pipeline wrote: the model's metrics beside its baselines', with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.review.product import dvc
from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

LOWER_IS_BETTER = ("cost", "loss", "error", "brier", "rmse", "mae", "mse", "mape", "pinball", "deviance")
"""Parts of the names of metrics of which less is better."""
HEADLINE = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "mae"}


@dataclass(frozen=True)
class Estimate:
    """A number and its interval; None where it is not known."""

    value: float | None
    low: float | None = None
    high: float | None = None


Metrics = Mapping[str, Estimate]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation.

    Attributes:
        path: The file; empty where there is none.
        stage: The stage of the pipeline that writes it; empty where none does.
        task: The kind of problem.
        rows: Rows of the test part; None where it is silent.
        model: The model's metrics.
        baselines: The metrics of each baseline.
        gains: What the model gains over each baseline, as the difference of their metrics.
        as_written: Whether the file is what that stage wrote, by ``dvc.lock``.
    """

    path: str = ""
    stage: str = ""
    task: str = ""
    rows: int | None = None
    model: Metrics = field(default_factory=dict)
    baselines: Mapping[str, Metrics] = field(default_factory=dict)
    gains: Mapping[str, Metrics] = field(default_factory=dict)
    as_written: bool = False


def read(product: Product) -> Evaluation:
    """Read the first metrics file of the pipeline that tells the model's metrics, or ``reports/metrics.json``.

    Raises:
        BrokenFileError: It is not JSON, or its numbers are none.
    """
    writers = {path: stage.name for stage in product.pipeline for path in stage.metrics}
    for path in (*writers, "reports/metrics.json"):
        raw = product.json(path) if path.endswith(".json") else None
        if isinstance(raw, dict) and isinstance(raw.get("model"), dict):
            stage = writers.get(path, "")
            rows = raw.get("rows")
            return Evaluation(
                path=path,
                stage=stage,
                task=str(raw.get("task") or ""),
                rows=rows if isinstance(rows, int) else None,
                model=_metrics(path, raw["model"]),
                baselines={str(name): _metrics(path, item) for name, item in _mapping(path, raw, "baseline").items()},
                gains={str(name): _metrics(path, item) for name, item in _mapping(path, raw, "gain").items()},
                as_written=not dvc.not_as_written(product, product.pipeline, path),
            )
    return Evaluation()


def is_lower_better(metric: str) -> bool:
    """Whether less of a metric is better, by its name."""
    return any(part in LOWER_IS_BETTER for part in metric.lower().split("_"))


def _mapping(path: str, raw: dict[str, Any], name: str) -> dict[str, Any]:
    found = raw.get(name) or {}
    if not isinstance(found, dict):
        raise BrokenFileError(path, f"{name}: want metrics by name")
    return found


def _metrics(path: str, raw: Any) -> dict[str, Estimate]:
    if not isinstance(raw, dict):
        raise BrokenFileError(path, "want metrics by name")
    return {str(name): _estimate(path, str(name), item) for name, item in raw.items()}


def _estimate(path: str, name: str, raw: Any) -> Estimate:
    item = raw if isinstance(raw, dict) else {"value": raw}
    numbers = [item.get(key) for key in ("value", "low", "high")]
    if any(number is not None and not isinstance(number, int | float) for number in numbers):
        raise BrokenFileError(path, f"{name} is {raw!r}, want a number, or value, low and high")
    return Estimate(*numbers)
