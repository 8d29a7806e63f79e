"""Answer a file of rows: ``python -m <package>.serving.batch ROWS ANSWERS [--cluster tcp://…]``, or ``make batch``.

What needs Arrow is imported only when a batch runs: the serving image does not hold it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.serving import runtime

METRICS = Path("reports/batch.prom")


def main() -> None:
    """Answer the rows and tell how many there were.

    Raises:
        SystemExit: With status 1 when the rows, the model or a setting cannot be used; the reason went to standard
            error.
    """
    asked = argparse.ArgumentParser(prog="batch", description="Answer a file of rows.")
    asked.add_argument(
        "source", metavar="ROWS", help="Parquet or CSV, a path or a URL such as s3://bucket/rows.parquet"
    )
    asked.add_argument("result", metavar="ANSWERS", help="where the answers go: ….parquet or ….csv, a path or a URL")
    asked.add_argument("--cluster", default="", help="address of a Dask scheduler; this machine's cores without")
    asked.add_argument("--metrics", type=Path, default=METRICS, help="where the metrics go, for a node exporter")
    given = asked.parse_args()
    try:
        outcome = _run(given)
    except ProjectError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:  # a disk that is full, a store that is away
        print(f"{given.result}: {error}. Mend that and run the same command again: it goes on.", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("Stopped. Run the same command again: it goes on where it stopped.", file=sys.stderr)
        raise SystemExit(130) from None
    print(outcome)


def _run(given: argparse.Namespace) -> str:
    try:
        from goldenpath.serving.batch.run import run
    except ModuleNotFoundError as error:
        raise ProjectError(f"A batch needs {error.name}, of requirements/train.txt: run `make setup`.") from None
    loaded = runtime.load()
    if loaded.log is None:
        print("The answers are not logged: PREDICTION_LOG is off.", file=sys.stderr)
    outcome = run(loaded, given.source, given.result, given.metrics, given.cluster)
    words = [f"{given.result}: {outcome.rows_out} answers to {outcome.rows_in} rows"]
    if outcome.resumed:
        words.append(f"{outcome.resumed} rows were done by an earlier run")
    if outcome.rows_refused:
        words.append(f"{outcome.rows_refused} were refused, see {outcome.refusals}")
    return "; ".join(words) + "."


if __name__ == "__main__":
    main()
