"""Verbs that watch: requests and predictions beside the training data and the labels."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

FILE = click.Path(dir_okay=False, path_type=Path)


def _log_folder(_: click.Context, __: click.Parameter, value: Path | None) -> Path:
    return value or Path(os.environ.get("PREDICTION_LOG") or "logs/predictions")


def _time(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    from goldenpath.monitoring import log as prediction_log

    return prediction_log.timestamp(value or "")


LOG = click.option(
    "--log", type=click.Path(path_type=Path), callback=_log_folder, metavar="FOLDER",
    help="The prediction log. [default: PREDICTION_LOG, or logs/predictions]",
)  # fmt: skip
SINCE = click.option("--since", callback=_time, metavar="TIME", help="The earliest time, inclusive.")
UNTIL = click.option("--until", callback=_time, metavar="TIME", help="The latest time, exclusive.")


@click.command()
@click.option("--data", type=FILE, metavar="FILE", help="A Parquet or CSV file in place of the log.")
@LOG
@SINCE
@UNTIL
@click.option("--self-test", is_flag=True, help="Check that drift is detected where it is, and not where it is not.")
@click.option("--runs", type=click.IntRange(0), default=0, help="With --self-test: error rates over N runs.")
def drift(
    data: Path | None, log: Path, since: datetime | None, until: datetime | None, self_test: bool, runs: int
) -> int:
    """Compare logged requests, or a file, with the training data.

    Exit codes: 0 ok or moved, 3 too few rows to say anything, 4 alarm.
    """
    if self_test:
        from goldenpath.monitoring import power_simulation

        return power_simulation.run(runs)
    from goldenpath.monitoring import drift as measuring

    return measuring.run(measuring.Selection(log, data, since, until))


@click.command()
@click.argument("file", type=FILE, required=False)
@LOG
def labels(file: Path | None, log: Path) -> int:
    """Join the labels in FILE to logged predictions, and tell how right they were.

    Without FILE, the labels that are known are judged again.
    """
    from goldenpath.monitoring import performance

    return performance.run(file, log)


@click.command()
@LOG
@click.option("--rows", type=click.IntRange(1), default=10_000, show_default=True, help="Only the N most recent rows.")
@SINCE
@UNTIL
def replay(log: Path, rows: int, since: datetime | None, until: datetime | None) -> int:
    """Compute logged predictions again by the training pipeline, and compare.

    Exit codes: 0 the same, 3 too few rows, 4 something differs.
    """
    from goldenpath.monitoring import replay as computing

    return computing.run(log, rows, since, until)


@click.command()
@LOG
@SINCE
@click.option("--labels", "labelled", type=FILE, metavar="FILE", help="Labels file to import first.")
def monitor(log: Path, since: datetime | None, labelled: Path | None) -> int:
    """Look once at the last week: drift, replay, and performance where labels are known."""
    from goldenpath.monitoring import look

    return look.look(log, since, labelled)


@click.command()
@click.argument("month", required=False, default="")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="The address of the service.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), help="Times as fast as life.")
@click.option("--rows", type=click.IntRange(1), help="Only N rows, evenly spread over the month.")
def simulate(month: str, url: str, speed: float | None, rows: int | None) -> int:
    """Play MONTH (YYYY-MM; the newest whole one unless told) against the running service.

    SERVICE_KEY is the key by which the service knows the caller, where it asks for one.
    """
    from goldenpath.monitoring import simulate as playing

    key = os.environ.get("SERVICE_KEY", "")
    return playing.run(playing.Playback(url, month, speed or playing.SPEED, rows, key))


@click.group()
def experiment() -> None:
    """Compare a challenger with the champion."""


@experiment.command("report")
@click.argument("plan", type=FILE)
@LOG
@click.option("--labels", "labelled", type=FILE, metavar="FILE", help="Labels file to import first.")
@click.option("--metrics", type=FILE, metavar="FILE", help="What /metrics of the service told.")
def experiment_report(plan: Path, log: Path, labelled: Path | None, metrics: Path | None) -> int:
    """Compare champion and challenger by the PLAN of the experiment, experiments/NAME.yaml."""
    from goldenpath.experiments import report

    return report.run(plan, log, labelled, metrics)


@experiment.command("challenger")
@click.argument("plan", type=FILE)
def experiment_challenger(plan: Path) -> None:
    """Bring the candidate of PLAN to models/challenger, and tell its digest."""
    from goldenpath.experiments import challenger

    click.echo(challenger.bring(Path.cwd(), plan))


@experiment.command("power")
@click.option("--runs", type=click.IntRange(1), default=1000, show_default=True)
def experiment_power(runs: int) -> None:
    """Measure how often the verdicts of experiments err when somebody always looks."""
    from goldenpath.experiments import power_simulation

    click.echo(power_simulation.table(runs))


@click.group()
def log() -> None:
    """Keep the prediction log: fetch it, or compact it."""


@log.command("fetch")
@click.argument("place")
@LOG
def log_fetch(place: str, log: Path) -> None:
    """Copy a prediction log from PLACE, a folder or an address such as s3://bucket/folder."""
    from goldenpath.monitoring import fetch

    total, copied = fetch.fetch(place, log)
    click.echo(f"{log}: {total:,} files of {place}, {copied:,} of them new.")


@log.command("compact")
@LOG
def log_compact(log: Path) -> None:
    """Turn closed segments of the prediction log into Parquet."""
    from goldenpath.monitoring import compaction
    from goldenpath.monitoring import log as prediction_log

    done = compaction.compact(log, prediction_log.of_project())
    click.echo(
        f"{log}: {done.segments:,} segments, {done.rows:,} records are now Parquet; {done.torn:,} torn lines "
        f"skipped; {done.open:,} segments are still open."
    )


@click.command()
@click.argument("url", required=False, envvar="PUSHGATEWAY", default="")
@click.option("--environment", default="", help="Where it was measured. [default: ENVIRONMENT, or dev]")
@click.option("--metrics", type=FILE, metavar="FILE", help="One file in place of reports/*.prom.")
def push_metrics(url: str, environment: str, metrics: Path | None) -> None:
    """Send what runs measured to the Pushgateway at URL, or at PUSHGATEWAY, for Prometheus to find there."""
    if not url.strip():
        click.echo(
            "No metrics are pushed: PUSHGATEWAY is not set. docs/how-to/monitoring-setup.md says when it has to be."
        )
        return
    from goldenpath.monitoring import push

    push.run(url.strip(), environment, metrics)
