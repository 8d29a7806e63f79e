"""What a new version of the library does in a project that comes to it from another.

The code of the new version runs here, started by the version that is left: see :mod:`.upgrade`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import goldenpath
from goldenpath.delivery import render
from goldenpath.fleet import codemods, comparison, locks
from goldenpath.fleet.comparison import Changes
from goldenpath.project import manifest, version_gate
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import OPENAPI
from goldenpath.repository import wheel

PYPROJECT = Path("pyproject.toml")
_REQUIRES = re.compile(r"^requires:[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|[^#\n]*?)(?=[ \t]*(?:#.*)?$)", re.MULTILINE)
_RANGE = re.compile(r"(?<=\")(goldenpath(?:\[[\w,-]+\])?)\s*[<>=!~][^\";]*")


def migrate(root: Path, since: str, *, run: bool, compile_locks: bool, notes: Sequence[str] = ()) -> Changes:
    """Bring a project along whose ``vendor/`` holds this version's wheel already, and write the report.

    Args:
        root: The project's folder.
        since: The version that it comes from.
        run: Whether to run the pipeline and compare its results.
        compile_locks: Whether other packages may be needed than before.
        notes: What else a person has to look at.

    Raises:
        ProjectError: A step failed.
    """
    before = comparison.results(root)
    locked = _third_party(root)
    renames = codemods.apply(root, since)
    _write_range(root)
    if compile_locks:
        locks.compile_all(root)
    else:
        locks.pin_wheel(root)
        locks.write_fingerprints(root)
    rendered = render.render(root)
    changes = Changes(
        before=since,
        after=goldenpath.__version__,
        stale=comparison.stale(before.fingerprints, comparison.stages(root)),
        renames=renames,
        files=[*rendered.written, *(f"{path} (removed)" for path in rendered.removed)],
        notes=notes,
    )
    if run:
        changes = _with_results(root, changes, before, is_locked=locked == _third_party(root))
    (root / comparison.REPORT).parent.mkdir(exist_ok=True)
    (root / comparison.REPORT).write_text(comparison.markdown(changes), encoding="utf-8")
    return changes


def _with_results(root: Path, changes: Changes, before: comparison.Results, *, is_locked: bool) -> Changes:
    """Run what is stale, and compare its results with those of before."""
    with ExitStack() as stack:
        python = Path(sys.executable) if is_locked else _installed(root, stack)
        _goldenpath(root, python, "run")
        if (root / OPENAPI).is_file():
            _goldenpath(root, python, "openapi")
    after = comparison.results(root)
    return Changes(
        **{name: getattr(changes, name) for name in ("before", "after", "stale", "renames", "files", "notes")},
        ran=comparison.ran(before.lock, after.lock),
        metrics=comparison.metrics(before.metrics, after.metrics),
        predictions=comparison.predictions(root, before.predictor, after.predictor),
    )


def _write_range(root: Path) -> None:
    """Let manifest and distribution name the versions that the project works with from now on."""
    wanted = version_gate.range_of(goldenpath.__version__)
    for path, pattern, text in (
        (manifest.PATH, _REQUIRES, f'requires: "{wanted}"'),
        (PYPROJECT, _RANGE, rf"\g<1>{wanted}"),
    ):
        before = (root / path).read_text(encoding="utf-8")
        (root / path).write_text(pattern.sub(text, before), encoding="utf-8")


def _third_party(root: Path) -> dict[str, str]:
    """Every lock without the library's entry."""
    from goldenpath.repository.lock_file import without_wheel

    found = sorted((root / "requirements").glob("*.txt"))
    return {path.name: without_wheel(path.read_text(encoding="utf-8")) for path in found}


def _installed(root: Path, stack: ExitStack) -> Path:
    """The Python of a throwaway environment with what the locks name, which is other than what is installed here."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="goldenpath-environment-")))
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    names = [path for path in sorted((root / "requirements").glob("*.txt")) if path.name.startswith(("dev", "remote-"))]
    words = [word for path in names for word in ("--requirement", str(path))]
    uv = locks.uv_program()
    if uv is None:
        raise ProjectError("uv is not installed; it comes with the locked tools: make setup.")
    command = [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--require-hashes", *words]
    done = subprocess.run(command, env=locks.uv_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"The new locks cannot be installed:\n{done.stderr.strip()}")
    return python


def _goldenpath(root: Path, python: Path, verb: str) -> None:
    """Run a verb by the Python that has what the locks name."""
    sources = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str((root / "src").resolve())])
    variables = os.environ | {"PYTHONPATH": sources, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run([str(python), "-m", wheel.PACKAGE, verb], cwd=root, env=variables, check=False)
    if done.returncode:
        raise ProjectError(f"goldenpath {verb} ended with {done.returncode} under {goldenpath.__version__}.")
