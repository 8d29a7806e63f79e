"""Whether ``dvc.lock`` describes what is here: ``goldenpath gate lock``.

``dvc status`` is not asked: it calls a fresh clone changed, because data is not there, and it needs the network for
imported data. Instead each stage's command, parameters and files are compared with the lock by DVC's own digests,
offline. What DVC keeps may be absent: then the lock has to agree with itself, so that what a stage read is what another
wrote.

A lock that was edited with care all through, on a clone without data, passes here; ``goldenpath reproduce`` detects it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage

from goldenpath.gates import gate
from goldenpath.gates.gate import Report
from goldenpath.gates.verdict import Outcome
from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DVC_LOCK, LOCK_CHECK

GATE = "lock"
FIX = "make run, then commit dvc.lock and the results."


@dataclass(frozen=True)
class Stale:
    """One thing that the lock does not describe as it is.

    Attributes:
        stage: The stage of ``dvc.yaml``, or the ``.dvc`` file.
        path: The file, or the parameter.
        what: In which way.
        fix: The command that fixes it.
    """

    stage: str
    path: str
    what: str
    fix: str = FIX


def run(root: Path) -> Outcome:
    """Judge the lock of a project's work tree, and write ``reports/lock-check.json``."""
    return gate.run(GATE, root / LOCK_CHECK, partial(judge, root), markdown)


def judge(root: Path) -> Report:
    """Compare, and name everything that is stale.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no pipeline, or DVC cannot read it.
    """
    try:
        with Repo(str(root)) as repo:
            stages = list(repo.index.stages)
            found = list(stale(stages))
    except DvcException as error:
        raise ProjectError(f"dvc: {' '.join(str(error).split())}") from error
    if not any(isinstance(stage, PipelineStage) for stage in stages):
        raise ProjectError("dvc.yaml: no stage is there, so there is nothing to hold the lock against.")
    return {
        "verdict": "fail" if found else "pass",
        "reasons": [f"{item.stage}: {item.path} {item.what}. Fix: {item.fix}" for item in found],
        "stages": [stage.addressing for stage in stages],
        "stale": [asdict(item) for item in found],
    }


def stale(stages: list[Any]) -> Iterator[Stale]:
    """Everything in which the lock differs from the files, or from itself.

    Args:
        stages: DVC's stages, with what the lock says of each.
    """
    written = {out.def_path: _digest(out) for stage in stages for out in stage.outs}
    for stage in stages:
        if not isinstance(stage, PipelineStage):
            fix = f"dvc add {stage.addressing.removesuffix('.dvc')}, or dvc checkout {stage.addressing}"
            yield from (_pointed(stage, out, fix) for out in stage.outs if _state(out) == "modified")
        elif not any(_digest(item) for item in (*stage.outs, *stage.deps)):
            yield Stale(stage.addressing, str(DVC_LOCK), "does not know this stage: it has never run")
        else:
            yield from _of_stage(stage, written)


def markdown(report: Report) -> str:
    """The report for a pull request."""
    found = report.get("stale", [])
    lines = gate.heading("Pipeline's record", report if not found else {**report, "reasons": []})
    lines += gate.table(
        ["stage", "what is stale", "how to fix it"],
        [[item["stage"], f"{item['path']} {item['what']}", item["fix"]] for item in found],
    )
    if report["verdict"] == "pass":
        lines.append(f"dvc.lock describes all of {', '.join(report['stages'])} as they are here.")
    return "\n".join(lines).rstrip()


def _of_stage(stage: Any, written: Mapping[str, str]) -> Iterator[Stale]:
    name = stage.addressing
    if stage.cmd_changed:
        yield Stale(name, "dvc.yaml", "gives it another command than the one that ran")
    for dep in stage.deps:
        if dep.protocol != "local":
            continue  # what lies elsewhere is compared by `dvc update`, which needs the network
        if isinstance(dep, ParamsDependency):
            yield from (Stale(name, f"{dep.def_path}: {param}", "has changed since it ran") for param in _params(dep))
            continue
        state, path = _state(dep), dep.def_path
        kept = path in written
        if state == "new":
            yield Stale(name, path, "is read now and was not when it ran")
        elif state == "modified":
            yield Stale(name, path, "has changed since it ran")
        elif kept and written[path] != _digest(dep):
            yield Stale(name, path, "is not what the stage before it wrote, by dvc.lock")
        elif state == "deleted" and not kept and not _lies_in(path, written):
            yield Stale(name, path, "is missing", "bring it back, or take it from dvc.yaml, then make run")
    for out in stage.outs:
        state = _state(out)
        if state == "new":
            yield Stale(name, out.def_path, "is written now and was not when it ran")
        elif state == "modified":
            yield Stale(name, out.def_path, "is not what it wrote, by dvc.lock")
        elif state == "deleted" and not out.use_cache:
            yield Stale(name, out.def_path, "is missing, and git should hold it")
    yield from _dropped(stage)


def _dropped(stage: Any) -> Iterator[Stale]:
    """What the lock lists and ``dvc.yaml`` no longer does; DVC sees no change in that."""
    record = yaml_text.load(Path(stage.path).with_suffix(".lock").read_bytes())["stages"][stage.name]
    for kind, items, verb in (("deps", stage.deps, "read"), ("outs", stage.outs, "written")):
        now = {item.def_path for item in items}
        for entry in record.get(kind, []):
            if entry["path"] not in now:
                fix = f"dvc repro --force --single-item {stage.addressing}, then commit dvc.lock"
                yield Stale(stage.addressing, entry["path"], f"is {verb} no longer, and dvc.lock still lists it", fix)


def _pointed(stage: Any, out: Any, fix: str) -> Stale:
    return Stale(stage.addressing, out.def_path, "is not the data that the pointer names", fix)


def _state(item: Any) -> str:
    """``new``, ``modified`` or ``deleted``; empty where a file or folder is as the lock says."""
    found = item.workspace_status()
    return str(next(iter(found.values()), ""))


def _params(dep: Any) -> Iterator[str]:
    for changes in dep.workspace_status().values():
        yield from changes if isinstance(changes, Mapping) else [str(changes)]


def _digest(item: Any) -> str:
    return str(item.hash_info.value) if item.hash_info else ""


def _lies_in(path: str, written: Mapping[str, str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in written)
