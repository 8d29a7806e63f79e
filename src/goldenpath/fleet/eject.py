"""Copy one step of the platform into a project, to be changed there; from then on it is the team's own."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

from goldenpath.pipeline.fingerprints import STAGES
from goldenpath.project import manifest, team, yaml_text
from goldenpath.project.errors import ProjectError

DVC = Path("dvc.yaml")
STEPS = "steps"
_ABOUT = '"""Steps of the pipeline that are this project\'s own; `goldenpath eject` copied them from the library."""\n'
_START = '\n\nif __name__ == "__main__":\n    from goldenpath.pipeline.stage import run\n\n    run("{step}", {step})\n'
_EJECTED = re.compile(r"^ejected:.*$", re.MULTILINE)
_COMMENT = "  # stages that this project holds itself, in its package's folder steps"


def eject(root: Path, step: str) -> list[Path]:
    """Copy a stage's module into the project, let ``dvc.yaml`` run it, and record that in the manifest.

    Args:
        root: The project's folder.
        step: The stage.

    Returns:
        The files that were written, relative to ``root``.

    Raises:
        ProjectError: There is no such stage, the project holds it already, or ``dvc.yaml`` does not run the library's.
    """
    if step not in STAGES:
        raise ProjectError(f"{step} is no step of the platform. They are: {', '.join(STAGES)}.")
    package = team.package(root)
    folder = Path("src") / package / STEPS
    path = folder / f"{step}.py"
    if (root / path).exists():
        raise ProjectError(f"{path}: is there already, so {step} is this project's own.")
    source = pkgutil.get_data("goldenpath.pipeline", f"{step}.py") or b""  # from a folder or from the wheel
    pipeline = _pipeline(root, step, f"python -m {package}.{STEPS}.{step}", path)
    recorded = _manifest(root, step)
    (root / folder).mkdir(exist_ok=True)
    written = {path: source.decode() + _START.format(step=step), DVC: pipeline, manifest.PATH: recorded}
    if not (root / folder / "__init__.py").exists():
        written[folder / "__init__.py"] = _ABOUT
    for name, text in written.items():
        (root / name).write_text(text, encoding="utf-8")
    return sorted(written)


def _pipeline(root: Path, step: str, command: str, path: Path) -> str:
    """``dvc.yaml`` with the stage run from the project's file, edited in place so that comments stay."""
    text = (root / DVC).read_text(encoding="utf-8")
    start = re.search(rf"^  {step}:[ \t]*(?:#.*)?$", text, re.MULTILINE)
    end = re.compile(r"^ {0,2}\S", re.MULTILINE).search(text, start.end()) if start else None
    begin, stop = (start.end() if start else 0), (end.start() if end else len(text))
    block = text[begin:stop]
    block, commands = re.subn(rf"(?m)^(    cmd:) goldenpath stage {step}[ \t]*$", rf"\1 {command}", block)
    if not start or not commands:
        raise ProjectError(
            f"{DVC}: the stage {step} does not run `goldenpath stage {step}`, so there is nothing to eject."
        )
    block, listed = re.subn(r"(?m)^(    deps:) \[", rf"\1 [{path}, ", block, count=1)
    if not listed:
        block, listed = re.subn(r"(?m)^(    deps:[ \t]*\n)([ ]+)- ", rf"\1\2- {path}\n\2- ", block, count=1)
    if not listed:
        block = re.sub(r"(?m)^(    cmd: .*)$", rf"\1\n    deps: [{path}]", block, count=1)
    text = text[:begin] + block + text[stop:]
    stage = yaml_text.load(text)["stages"][step]
    if stage["cmd"] != command or str(path) not in stage["deps"]:
        raise ProjectError(f"{DVC}: the stage {step} is written in a way that cannot be edited. Nothing was changed.")
    return text


def _manifest(root: Path, step: str) -> str:
    text = (root / manifest.PATH).read_text(encoding="utf-8")
    line = f"ejected: [{', '.join([*manifest.load(root).ejected, step])}]{_COMMENT}"
    text = _EJECTED.sub(line, text, count=1) if _EJECTED.search(text) else f"{text.rstrip()}\n{line}\n"
    if step not in manifest.parse(text).ejected:
        raise ProjectError(f"{manifest.PATH}: ejected is written in a way that cannot be edited. Nothing was changed.")
    return text
