"""Verbs that predict for others: requests, files, events, a page in a browser."""

from __future__ import annotations

import os
from pathlib import Path

import click

LOG = click.option(
    "--log", metavar="FOLDER", help="Where predictions are logged; off for nowhere. [default: logs/predictions]"
)
PORT = click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)


def _log_to(folder: str | None) -> None:
    """Every prediction of a job is logged unless somebody says otherwise."""
    os.environ["PREDICTION_LOG"] = folder or os.environ.get("PREDICTION_LOG") or "logs/predictions"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 only inside a container.")
@PORT
def serve(host: str, port: int) -> None:
    """Serve the model as a REST API, until stopped.

    SIGTERM ends it without losing a request; SIGHUP makes it take the model that lies in models/ now.
    """
    from goldenpath.serving.rest import server

    server.serve(host, port)


@click.command()
@click.argument("source", metavar="IN")
@click.argument("result", metavar="OUT")
@click.option("--cluster", metavar="URL", default="", help="A Dask scheduler, tcp://…; this machine's cores without.")
@LOG
@click.option(
    "--metrics", type=click.Path(path_type=Path), default=Path("reports/batch.prom"), show_default=True,
    help="Where the metrics go, for a node exporter.",
)  # fmt: skip
def batch(source: str, result: str, cluster: str, log: str | None, metrics: Path) -> None:
    """Predict for a file of rows.

    IN is Parquet or CSV, OUT is written as its name ends; both are paths, or URLs such as s3://bucket/rows.parquet.
    """
    _log_to(log)
    from goldenpath.serving.batch import command

    click.echo(command.predict(source, result, metrics, cluster))


@click.command()
@LOG
def consume(log: str | None) -> None:
    """Predict for the events of a Redis stream until stopped.

    EVENTS_REDIS=redis://… names the server.
    """
    _log_to(log)
    from goldenpath.serving.events import consumer

    consumer.consume()


@click.command()
@click.option("--serve", "is_shown", is_flag=True, help="Show it on this machine, until Ctrl-C.")
@PORT
def web(is_shown: bool, port: int) -> None:
    """Build the page that runs the model in a browser, in build/web."""
    from goldenpath.serving.web import build, packages, show

    packages.install()
    click.echo(build.told(build.build()))
    if is_shown:
        show.show(port)
    else:
        click.echo("To look at it: goldenpath web --serve")


@click.command()
def openapi() -> None:
    """Write docs/openapi.json, the API that the code offers, for others to rely on."""
    from goldenpath.serving.rest import write_openapi

    click.echo(write_openapi.write())


@click.command()
@click.argument("name")
def api_key(name: str) -> None:
    """Make a key for the caller NAME of the service. It is shown once, and stored nowhere."""
    from goldenpath.serving.rest import api_key as keys

    click.echo(keys.issue(name))


@click.command()
@click.option("--log", type=click.Path(path_type=Path), metavar="FOLDER", help="Where its prediction log stays.")
def service_check(log: Path | None) -> None:
    """Start the service as in production, and see that it refuses strangers, predicts, measures and logs."""
    from goldenpath.delivery.release import service_check as checking

    click.echo(checking.run(log))


@click.command()
def load_test() -> None:
    """Press on the service, and hold it to slo.latency_p95_ms of golden-path.yaml."""
    from goldenpath.delivery.release import load_test as pressing

    click.echo(pressing.run(Path.cwd()))
