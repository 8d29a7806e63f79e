"""Predict for a file of rows, and tell how many there were.

What needs Arrow is imported only when a batch runs: the serving image does not hold it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.serving import runtime

METRICS = Path("reports/batch.prom")


class StoppedError(ProjectError):
    """The person who had started the batch stopped it."""

    exit_code = Exit.INTERRUPTED
    outcome = "stopped"


def predict(source: str, result: str, metrics: Path = METRICS, cluster: str = "") -> str:
    """Predict for every row of a file.

    Args:
        source: Rows as Parquet or CSV: a path, or a URL such as ``s3://bucket/rows.parquet``.
        result: Where the predictions go: ``….parquet`` or ``….csv``, a path or a URL.
        metrics: Where the metrics go, for a node exporter.
        cluster: The address of a Dask scheduler; this machine's cores without.

    Returns:
        How many rows were answered, and where.

    Raises:
        ProjectError: The rows, the model or a setting cannot be used, or the batch was interrupted.
    """
    try:
        return _run(source, result, metrics, cluster)
    except OSError as error:  # a disk that is full, a store that is away
        raise ProjectError(f"{result}: {error}. Fix that and run the same command again: it goes on.") from error
    except KeyboardInterrupt:
        raise StoppedError("Run the same command again: it goes on where it stopped.") from None


def _run(source: str, result: str, metrics: Path, cluster: str) -> str:
    try:
        from goldenpath.serving.batch.run import run
    except ModuleNotFoundError as error:
        raise ProjectError(f"A batch needs {error.name}, of requirements/train.txt: run `make setup`.") from None
    loaded = runtime.load()
    if loaded.log is None:
        print("The predictions are not logged: PREDICTION_LOG is off.", file=sys.stderr)
    outcome = run(loaded, source, result, metrics, cluster)
    words = [f"{result}: {outcome.rows_out} answers to {outcome.rows_in} rows"]
    if outcome.resumed:
        words.append(f"{outcome.resumed} rows were done by an earlier run")
    if outcome.rows_refused:
        words.append(f"{outcome.rows_refused} were refused, see {outcome.refusals}")
    return "; ".join(words) + "."
