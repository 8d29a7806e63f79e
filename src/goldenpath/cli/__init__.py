"""The command ``goldenpath``: one tree of verbs, each imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from goldenpath import __version__
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit

SECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Start a project": {
        "new": ("start", "Generate a project, asking for each answer."),
        "adopt": ("start", "Take your own table: DATA TARGET."),
        "doctor": ("doctor", "Tell what this machine lacks, for which verb, and how to get it."),
    },
    "Train": {
        "run": ("train", "Run the stages that have changed, and write what follows from their results."),
        "stage": ("train", "Run one stage, as dvc.yaml calls it."),
        "results": ("train", "Get the data and models that dvc.lock names, or make them."),
        "report": ("train", "Draw the evaluation page anew."),
        "predict": ("train", "Start the service, ask it for one prediction, and stop it."),
        "push": ("train", "Send data and models to the team's storage."),
        "reproduce": ("train", "Run the pipeline from raw data in a throwaway clone, and compare the results."),
    },
    "Serve": {
        "serve": ("serve", "Serve the model as a REST API."),
        "batch": ("serve", "Predict for a file of rows: IN OUT."),
        "consume": ("serve", "Predict for the events of a Redis stream until stopped."),
        "web": ("serve", "Build the page that runs the model in a browser."),
        "openapi": ("serve", "Write docs/openapi.json, the API that callers rely on."),
        "api-key": ("serve", "Make a key for a caller of the service."),
        "service-check": (
            "serve",
            "Start the service as in production, and see that it refuses, predicts and measures.",
        ),
        "load-test": ("serve", "Hold the service under load to slo.latency_p95_ms of golden-path.yaml."),
    },
    "Watch": {
        "drift": ("watch", "Compare logged requests, or a file, with the training data."),
        "labels": ("watch", "Join labels to logged predictions, and tell how right they were: FILE."),
        "replay": ("watch", "Compute logged predictions again by the training pipeline, and compare."),
        "monitor": ("watch", "Look once at the last week: drift, replay, and performance where labels are known."),
        "simulate": ("watch", "Play a month against the running service."),
        "experiment": ("watch", "Compare a challenger with the champion."),
        "log": ("watch", "Keep the prediction log: fetch it, or compact it."),
        "push-metrics": ("watch", "Send reports/*.prom to a Pushgateway."),
        "alerts": ("alerts", "Check the alert rules, or send a test page."),
    },
    "Gate a change": {
        "gate": ("gate", "Judge a change; without a name, by every gate that applies."),
        "pr-report": ("gate", "Tell in one report what a change does, and what the gates said of it."),
        "pr-comment": ("gate", "Show the report under its pull request."),
        "changes": ("gate", "Tell whether only documents changed since the base."),
        "metrics-diff": ("gate", "Show how the metrics moved since the base, as Markdown."),
        "rebuild-base": ("gate", "Make the base's model or rows again, where neither cache nor remote has them."),
    },
    "Ship": {
        "image": ("ship", "Build, check or list the container image."),
        "release": ("ship", "Tag the version of pyproject.toml, with its notes in CHANGELOG.md."),
        "register": ("ship", "Give the committed model its version, and tag it."),
        "promote": ("ship", "Tell an environment to run a version: VERSION ENV."),
        "publish": ("ship", "Send a promotion or rollback to the main branch."),
        "rollback": ("ship", "Take the newest promotion of an environment back: ENV."),
        "status": ("ship", "Show which model, image, data and commit is where, since when and by whom."),
        "deploy": ("ship", "Run on this machine's Docker what an environment is told to run."),
        "undeploy": ("ship", "Remove from this machine's Docker what deploy started."),
        "smoke": ("ship", "Wait until a service predicts with the promoted model: ENV URL."),
        "infra-diff": ("ship", "Compare what git names with what runs."),
        "ci-green": ("ship", "Ask the forge whether CI ended green on main for this commit."),
        "registry-login": ("ship", "Sign in to the container registry of golden-path.yaml."),
    },
    "Retrain": {
        "retrain": ("retrain", "Train a candidate: check, branch, run, commit, publish."),
    },
    "Review maturity": {
        "check": ("check", "Review a product, from level 0 to 4, by evidence."),
        "explain": ("explain", "Tell why a criterion is asked, and how it is met."),
        "fix": ("fix", "Mend what a machine may mend."),
        "attest": ("sign", "Sign what no machine can check."),
        "waive": ("sign", "Excuse a criterion for some weeks, by name and with a reason."),
        "record": ("record", "Run a command and write a receipt of what it proved."),
        "evidence": ("evidence", "Record what the review cannot see by reading."),
        "receipts": ("evidence", "Fetch or share receipts."),
        "quickstart": ("evidence", "Run the README's first commands in a throwaway clone."),
        "history": ("history", "Show the level of past commits."),
    },
    "Keep the project current": {
        "render": ("render", "Write the files that follow from settings: rules, dashboards, manifests."),
        "lock": ("maintain", "Compile requirements/*.txt from pyproject.toml."),
        "upgrade": ("maintain", "Move the project to another version of the library."),
        "eject": ("maintain", "Copy one platform step into the project, to be changed there."),
    },
}
"""Each verb by its section of the help: the module of this package that holds it, and what it does."""
UNGATED = ("new", "doctor", "upgrade")
"""Verbs that do not ask whether a project works with this version: they are how it gets one that does."""
VERBS = {verb: row for verbs in SECTIONS.values() for verb, row in verbs.items()}


class Verbs(click.Group):
    """Verbs that are imported when they are called, and one way for all of them to end."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - see click.Group
        """Every verb, in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a verb."""
        if cmd_name not in VERBS:
            return None
        found = getattr(import_module(f"{__name__}.{VERBS[cmd_name][0]}"), cmd_name.replace("-", "_"))
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs by section, without importing any."""
        longest = max(map(len, VERBS))
        for section, verbs in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(f"{verb:<{longest}}", says) for verb, (_, says) in verbs.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; its outcome, or what it raised, becomes the exit code."""
        try:
            outcome = super().invoke(ctx)
        except ProjectError as error:
            from goldenpath.reports.maturity.sanitize import visible

            click.echo(f"{ctx.invoked_subcommand} {error.outcome}.\n{visible(str(error))}", err=True)
            ctx.exit(error.exit_code)
        ctx.exit(outcome if isinstance(outcome, int) else Exit.OK)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Show the version, and that of the catalogue by which it judges."""
    if wanted:
        from goldenpath.review.standards import CATALOGUE_VERSION

        click.echo(f"goldenpath {__version__}, catalogue {CATALOGUE_VERSION}")
        ctx.exit()


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the versions."
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Run, gate, ship, watch and review a machine-learning product."""
    if ctx.invoked_subcommand not in UNGATED:
        from goldenpath.project import version_gate

        version_gate.refuse_other_version(Path.cwd())
    # What stages and hooks call is found beside this Python, whether or not its environment is active.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
