"""Verbs that keep a project current: its locks, its library, its own copies of steps."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--upgrade", metavar="PKG", multiple=True, help="Bring this package to its newest version; repeatable.")
@click.option("--stages", is_flag=True, help="Write vendor/stages.yaml alone, by the locks as they are.")
def lock(upgrade: tuple[str, ...], stages: bool) -> None:
    """Compile requirements/*.txt from pyproject.toml, with hashes and for every supported Python.

    Packages stay at their versions where they can. vendor/stages.yaml follows.
    """
    from goldenpath.fleet import locks

    if stages:
        locks.write_fingerprints(Path.cwd())
    else:
        locks.compile_all(Path.cwd(), upgrade)
    click.echo("Commit what has changed in requirements/ and vendor/stages.yaml, then: make setup")


@click.command()
@click.option("--to", "source", metavar="PATH|URL|VERSION", default="", help="The version; the template's newest.")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option("--migrate-from", metavar="VERSION", hidden=True, help="Called by the version that is left.")
@click.option("--without-run", is_flag=True, hidden=True)
@click.option("--compile", "compile_locks", is_flag=True, hidden=True)
@click.option("--note", "notes", multiple=True, hidden=True)
def upgrade(
    source: str,
    dry_run: bool,
    migrate_from: str | None,
    without_run: bool,
    compile_locks: bool,
    notes: tuple[str, ...],
) -> None:
    """Move the project to another version of the library, as one commit on a branch.

    PATH is a checkout of the library or a wheel, URL a git repository (with @REF for a branch, tag or commit), VERSION
    one that the package index has. Where something fails, the project is as it was.
    """
    if migrate_from is not None:
        from goldenpath.fleet import migration

        migration.migrate(Path.cwd(), migrate_from, run=not without_run, compile_locks=compile_locks, notes=notes)
        return
    from goldenpath.fleet import upgrade as upgrading

    click.echo(upgrading.upgrade(Path.cwd(), source, dry_run=dry_run))


@click.command()
@click.argument("step", metavar="STEP")
def eject(step: str) -> None:
    """Copy one platform step into the project, to be changed there.

    STEP is a stage of dvc.yaml. The manifest records it; later versions of the library change nothing in it.
    """
    from goldenpath.fleet import eject as ejecting

    for path in ejecting.eject(Path.cwd(), step):
        click.echo(f"Wrote {path}")
    click.echo("Change it, then: make run")
