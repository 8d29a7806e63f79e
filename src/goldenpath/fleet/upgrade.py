"""Move a project to another version of the library, as one commit on a branch of its own.

The version that is left only fetches the new one, makes the branch and, where something fails, puts all back. What has
to change in the project is the new version's to know, so its own code does the rest: see :mod:`.migration`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from goldenpath.fleet import locks, versions
from goldenpath.fleet.comparison import REPORT
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK
from goldenpath.repository import clone, git, wheel

CRUFT = Path(".cruft.json")


def upgrade(root: Path, source: str = "", *, dry_run: bool = False) -> str:
    """Bring a project to another version of the library.

    Args:
        root: The project's folder, without uncommitted changes.
        source: Where the version is, see :func:`.versions.obtain`; where the template is unless told.
        dry_run: Only tell what would change, without a run of the pipeline; done in a throwaway clone.

    Returns:
        The report, as Markdown, and what was done.

    Raises:
        ProjectError: The tree has changes, the version cannot be had, or a step failed; the project is as it was.
    """
    _refuse_changes(root)
    with TemporaryDirectory(prefix="goldenpath-upgrade-") as folder:
        current = locks.vendored(root)
        new = versions.obtain(root, source, Path(folder))
        if wheel.digest(new) == wheel.digest(current):
            return f"goldenpath {wheel.version(new)} is what vendor/ holds. Nothing was changed."
        with wheel.unpacked(new) as library:
            if dry_run:
                return _rehearsed(root, current, new, library, Path(folder))
            branch = f"{wheel.PACKAGE}-{wheel.version(new)}"
            with _on_branch(root, branch):
                report = _migrated(root, current, new, library, run=True)
                git.run(root, "add", "--all")
                subject = f"Upgrade goldenpath {wheel.version(current)} to {wheel.version(new)}"
                # Hooks would be those of the environment that is left; CI runs them for the branch.
                git.run(root, "commit", "--quiet", "--no-verify", "--message", subject, "--message", report)
    return (
        f"{report}\nOne commit on branch {branch}, and {REPORT} is the text for its pull request. Next:\n"
        f"  make setup\n  goldenpath push\n  git push --set-upstream origin {branch}"
    )


def _refuse_changes(root: Path) -> None:
    # Of the whole repository: what is put back after a failure is put back everywhere.
    if changes := git.run(root, "status", "--porcelain").splitlines():
        names = ", ".join(line[3:] for line in changes[:5]) + (" …" if len(changes) > 5 else "")
        raise ProjectError(f"Not committed: {names}. Commit or stash first, so that the upgrade is one commit.")


@contextmanager
def _on_branch(root: Path, branch: str) -> Iterator[None]:
    """A new branch for the changes; when they fail, tree and results are as they were, and the branch is gone."""
    if git.run_or_none(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") is not None:
        raise ProjectError(f"The branch {branch} is there already. Delete it, or merge it: git branch -D {branch}")
    former = git.run(root, "branch", "--show-current") or git.run(root, "rev-parse", "HEAD")
    git.run(root, "switch", "--quiet", "--create", branch)
    try:
        yield
    except BaseException:
        git.run(root, "reset", "--quiet", "--hard", "HEAD")
        git.run(root, "clean", "--quiet", "-d", "--force", "--", ".")
        git.run(root, "switch", "--quiet", *(["--detach"] if len(former) == 40 else []), former)
        git.run(root, "branch", "--quiet", "-D", branch)
        if (root / DVC_LOCK).is_file():
            command = [sys.executable, "-m", "dvc", "checkout", "--quiet", "--force"]
            subprocess.run(command, cwd=root, capture_output=True, check=False)
        raise


def _rehearsed(root: Path, current: Path, new: Path, library: Path, folder: Path) -> str:
    """What an upgrade would change but for results, from a throwaway clone."""
    (folder / "rehearsal").mkdir()
    project = clone.clone(root, folder / "rehearsal", share_cache=True)
    report = _migrated(project, current, new, library, run=False)
    git.run(project, "add", "--all")
    return f"{report}\nFiles that would change:\n{git.run(project, 'diff', '--cached', '--stat')}\nNothing was changed."


def _migrated(project: Path, current: Path, new: Path, library: Path, *, run: bool) -> str:
    """Take the template's changes over, put the wheel in its place, and let its code do the rest.

    Returns:
        The report.
    """
    requirements = _requirements(project, current)
    notes = _update_stubs(project)
    locks.vendored(project).unlink()
    shutil.copy(new, project / "vendor" / new.name)
    words = [sys.executable, "-m", wheel.PACKAGE, "upgrade", "--migrate-from", wheel.version(current)]
    words += [] if run else ["--without-run"]
    words += ["--compile"] if requirements != _requirements(project, new) else []
    for note in notes:
        words += ["--note", note]
    done = subprocess.run(words, cwd=project, env=os.environ | {"PYTHONPATH": str(library)}, check=False)
    if done.returncode:
        raise ProjectError(
            f"goldenpath {wheel.version(new)} could not bring the project along; its own words stand above. "
            "The project is as it was."
        )
    return (project / REPORT).read_text(encoding="utf-8")


def _requirements(project: Path, built: Path) -> tuple[str, str]:
    """What decides which packages are locked: the library's requirements, and the project's own."""
    return versions.requirements(built), (project / "pyproject.toml").read_text(encoding="utf-8")


def _update_stubs(project: Path) -> list[str]:
    """Merge the template's changes into the files that the project owns.

    Returns:
        What a person has to look at.

    Raises:
        ProjectError: cruft failed.
    """
    if not (project / CRUFT).is_file():
        return ["Files of the template were not updated, because there is no .cruft.json: `cruft link` makes one."]
    done = subprocess.run(
        [sys.executable, "-m", "cruft", "update", "--skip-apply-ask", "--allow-untracked-files"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProjectError(f"cruft update failed:\n{(done.stderr or done.stdout).strip()}")
    rejected = sorted(str(path.relative_to(project)) for path in project.rglob("*.rej"))
    return [f"{path}: what cruft could not merge. Mend the file beside it, and delete this one." for path in rejected]
