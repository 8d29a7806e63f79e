"""The verbs about alerts: whether rules and routes are right, and whether a page reaches a person."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def alerts() -> None:
    """Check the alert rules, or send a test page."""


@alerts.command("check")
def alerts_check() -> None:
    """Check rules and routes with promtool and amtool, and run the rules' tests under this project's thresholds."""
    from goldenpath.delivery import render
    from goldenpath.monitoring.alerting import check

    check.check(render.rule_tests(Path.cwd()))


@alerts.command("page")
@click.argument("receiver")
@click.option("--alertmanager", metavar="URL", default="http://127.0.0.1:9093", show_default=True, help="Its address.")
@click.option("--seconds", default=900.0, show_default=True, help="For how long to wait for an acknowledgement.")
def alerts_page(receiver: str, alertmanager: str, seconds: float) -> None:
    """Send a test page to RECEIVER, such as page or ticket, and wait until somebody acknowledges it."""
    from goldenpath.monitoring.alerting import page

    page.page(receiver, alertmanager, seconds)
