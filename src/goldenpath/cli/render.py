"""The verb that writes what follows from settings."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is not what the settings render.")
def render(check: bool) -> None:
    """Write the files that follow from golden-path.yaml and monitoring/settings.yaml.

    Rules, dashboards, routes of alerts, runbooks, manifests and catalog-info.yaml; vendor/rendered.yaml lists them.
    """
    from goldenpath.delivery import render as rendering
    from goldenpath.project.errors import ProjectError

    root = Path.cwd()
    if check:
        if faults := rendering.check(root):
            raise ProjectError("\n".join(faults))
        click.echo("Every rendered file is what the settings render.")
        return
    changes = rendering.render(root)
    for word, paths in (("Wrote", changes.written), ("Removed", changes.removed)):
        for path in paths:
            edited = "; what was edited by hand is in git alone" if path in changes.overwritten else ""
            click.echo(f"{word} {path}{edited}")
    if not changes.written and not changes.removed:
        click.echo("Every rendered file is current.")
