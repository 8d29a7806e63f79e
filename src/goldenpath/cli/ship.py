"""Verbs that ship: an image, a version, a promotion, and what runs where."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from goldenpath.project.exit_codes import Exit

NAME = click.option("--name", metavar="NAME", default="", help="Another name than registry/project:commit.")
BASE_IMAGE = click.option(
    "--base-image", metavar="IMAGE", default="", envvar="BASE_IMAGE", show_envvar=True, help="Another base image."
)
"""What differs between machines, not between commands, may also be set in the environment: for CI, and for a shell."""


@click.group()
def image() -> None:
    """Build, check or list the container image.

    The program is docker unless the environment variable DOCKER names another.
    """


@image.command("build")
@click.option("--push", is_flag=True, help="Send it to its registry, too.")
@NAME
@BASE_IMAGE
@click.option(
    "--network",
    metavar="NETWORK",
    default="",
    envvar="BUILD_NETWORK",
    show_envvar=True,
    help="The network of build steps, such as host.",
)
def image_build(push: bool, name: str, base_image: str, network: str) -> None:
    """Build the container image of this commit and its model."""
    from goldenpath.delivery.image import build

    click.echo(build.build(Path.cwd(), name=name, base_image=base_image, network=network, push=push))


@image.command("check")
@NAME
@BASE_IMAGE
def image_check(name: str, base_image: str) -> Exit:
    """Judge the image: size, user, start, prediction, read-only root, stop, damaged model."""
    from goldenpath.delivery.image import check

    return check.check(Path.cwd(), name=name, base_image=base_image)


@image.command("sbom")
def image_sbom() -> None:
    """List what the image holds, packages and model, in reports/sbom.cdx.json (CycloneDX)."""
    from goldenpath.delivery.image import sbom

    click.echo(sbom.write(Path.cwd()))


@click.command()
def release() -> None:
    """Tag the version of pyproject.toml, with its notes in CHANGELOG.md."""
    from goldenpath.delivery.release import version

    click.echo(version.release(Path.cwd(), f"{datetime.now(UTC):%Y-%m-%d}"))


@click.command()
@click.argument("version", required=False, default="")
def register(version: str) -> None:
    """Give the committed model its version and tag it, with its lineage; the next minor VERSION unless told."""
    from goldenpath.delivery.release import register as registering

    click.echo(registering.register(Path.cwd(), version.strip()))


@click.command()
@click.argument("version")
@click.argument("environment", metavar="ENV")
@click.option(
    "--image",
    "image_name",
    metavar="IMAGE",
    default="",
    help="For the first environment: name@sha256:…, or local for the image that this machine built.",
)
@click.option("--dry-run", is_flag=True, help="Ask whether it would pass, and change nothing.")
def promote(version: str, environment: str, image_name: str, dry_run: bool) -> None:
    """Tell ENV to run a registered VERSION, such as 1.2.3; a version goes through the environments in their order.

    Makes one commit, which changes only the environment's overlay, and one tag. To share both: goldenpath publish.
    """
    from goldenpath.delivery import promote as promoting

    root, version, environment = Path.cwd(), version.strip(), environment.strip()
    if dry_run and promoting.is_there(root, version, environment):
        from goldenpath.gates import github

        github.output("promoted", "true")
        click.echo(f"{environment} is told to run {version} already: there is nothing to promote.")
        return
    click.echo(promoting.promote(root, version, environment, image_name.strip(), dry_run=dry_run))
    if not dry_run:
        _show_last_commit(root)


@click.command()
@click.option("--pull-request", is_flag=True, help="By a pull request, with the forge's program gh.")
@click.option("--seconds", default=1800.0, show_default=True, help="For how long to wait for its merge.")
def publish(pull_request: bool, seconds: float) -> None:
    """Send a promotion or rollback to the main branch, then its tag."""
    from goldenpath.delivery import publish as publishing

    click.echo(publishing.publish(Path.cwd(), pull_request=pull_request, seconds=seconds))


@click.command()
@click.argument("environment", metavar="ENV")
@click.option("--reason", metavar="TEXT", required=True, help="Why; the history keeps it.")
def rollback(environment: str, reason: str) -> None:
    """Take the newest promotion of ENV back, so that what ran before runs again. Again, it goes one further back."""
    from goldenpath.delivery import rollback as rolling_back

    root = Path.cwd()
    click.echo(rolling_back.rollback(root, environment.strip(), reason))
    _show_last_commit(root)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def status(as_json: bool) -> None:
    """Show which model, image, data and commit is where, since when and by whom."""
    from goldenpath.delivery import status as state

    rows, changes = state.status(Path.cwd())
    click.echo(state.as_json(rows, changes) if as_json else state.as_text(rows, changes))


@click.command()
@click.option("--env", "environment", metavar="ENV", default="", help="Whose state to run; the last one unless told.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    help="The port of 127.0.0.1 on which people ask.",
)
@click.option(
    "--proxy-image",
    metavar="IMAGE",
    default="",
    envvar="PROXY_IMAGE",
    show_envvar=True,
    help="Another HAProxy than the one that is known to work.",
)
@click.option("--rehearse-rollback", is_flag=True, help="Go back to the version before, time it, and forward again.")
def deploy(environment: str, port: int, proxy_image: str, rehearse_rollback: bool) -> None:
    """Run on this machine's Docker what an environment is told to run.

    The old version serves until the new one predicts. To end it: goldenpath undeploy.
    """
    from goldenpath.delivery import local

    root = Path.cwd()
    start = local.rehearse_rollback if rehearse_rollback else local.deploy
    click.echo(start(root, environment.strip(), local.in_front(root, port, proxy_image)))


@click.command()
def undeploy() -> None:
    """Remove from this machine's Docker what deploy started: containers and network."""
    from goldenpath.delivery import local

    click.echo(local.undeploy(Path.cwd()))


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("url")
@click.option("--seconds", default=600.0, show_default=True, help="For how long to wait for it.")
def smoke(environment: str, url: str, seconds: float) -> None:
    """Wait until the service at URL predicts with the model that ENV is told to run.

    Where the service asks who is there, SERVICE_KEY or SERVICE_TOKEN of the environment tells it.
    """
    from goldenpath.delivery import smoke as asking

    click.echo(asking.smoke(Path.cwd(), environment.strip(), url.strip(), seconds))


@click.command()
@click.argument("environment", metavar="[ENV]", required=False, default="")
def infra_diff(environment: str) -> Exit:
    """Compare what git names with what runs: in the cluster or on this host, and in infra/.

    The programs are kubectl, docker and terraform, unless KUBECTL, DOCKER or TERRAFORM name others. Ends with 1 where
    something differs, with 3 where that cannot be told.
    """
    from goldenpath.delivery import infra_diff as comparing

    return comparing.infra_diff(Path.cwd(), environment.strip())


@click.command()
def ci_green() -> None:
    """Ask the forge whether CI ended green on main for this commit; cd.yml runs this."""
    from goldenpath.delivery import continuous_integration

    click.echo(continuous_integration.require_green(Path.cwd()))


@click.command()
def registry_login() -> None:
    """Sign in to the container registry of golden-path.yaml, with REGISTRY_USER and REGISTRY_PASSWORD."""
    from goldenpath.delivery import continuous_integration

    click.echo(continuous_integration.sign_in(Path.cwd()))


def _show_last_commit(root: Path) -> None:
    from goldenpath.repository import git

    click.echo(git.run(root, "show", "--stat", "--format=", "HEAD", "--", "deploy/overlays"))
