"""A step of the platform becomes the project's own, and runs from there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from goldenpath.conformance.sample import stage, working_in
from goldenpath.fleet.eject import eject
from goldenpath.project import manifest, yaml_text
from goldenpath.project.errors import ProjectError

OWN = Path("src/flight_delays/steps")


def dvc_stage(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml_text.load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"][name]
    return found


@pytest.mark.parametrize("step", ["ingest", "train", "evaluate", "staleness"])
def test_the_pipeline_runs_the_copy_and_depends_on_it(untrained: Path, step: str) -> None:
    before = dvc_stage(untrained, step)

    eject(untrained, step)

    after = dvc_stage(untrained, step)
    assert after["cmd"] == f"python -m flight_delays.steps.{step}"
    assert after["deps"] == [f"{OWN}/{step}.py", *before["deps"]]
    assert {name: after[name] for name in before if name not in ("cmd", "deps")} == {
        name: before[name] for name in before if name not in ("cmd", "deps")
    }


def test_the_manifest_records_every_ejected_step(untrained: Path) -> None:
    eject(untrained, "train")
    eject(untrained, "split")

    assert manifest.load(untrained).ejected == ("train", "split")


def test_comments_and_other_stages_stay(untrained: Path) -> None:
    before = (untrained / "dvc.yaml").read_text(encoding="utf-8").splitlines()

    eject(untrained, "split")

    after = (untrained / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 2


def test_the_project_runs_its_own_copy(untrained: Path) -> None:
    eject(untrained, "split")
    copy = untrained / OWN / "split.py"
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace("def split() -> str:", "def split() -> str:\n    return 'own'"), encoding="utf-8")

    with working_in(untrained):
        assert stage("split")() == "own"
        assert stage("train").__module__ == "goldenpath.pipeline.train"


def test_a_step_is_ejected_once(untrained: Path) -> None:
    eject(untrained, "train")

    with pytest.raises(ProjectError, match=r"steps/train\.py: is there already"):
        eject(untrained, "train")


def test_a_step_that_is_none_is_refused(untrained: Path) -> None:
    with pytest.raises(ProjectError, match=r"deploy is no step of the platform\. They are: ingest, "):
        eject(untrained, "deploy")


def test_a_stage_that_is_already_the_teams_is_refused(untrained: Path) -> None:
    path = untrained / "dvc.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("goldenpath stage train", "python train.py"), "utf-8")

    with pytest.raises(ProjectError, match="does not run `goldenpath stage train`"):
        eject(untrained, "train")

    assert not (untrained / OWN).exists()


@pytest.mark.parametrize("deps", ["    deps:\n      - contract.yaml\n      - data/valid.parquet\n", ""])
def test_other_ways_to_write_dependencies_are_kept(untrained: Path, deps: str) -> None:
    path = untrained / "dvc.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    deps: [contract.yaml, data/valid.parquet]\n", deps), encoding="utf-8")
    shutil.copy(path, untrained / "before.yaml")

    eject(untrained, "split")

    listed = ["contract.yaml", "data/valid.parquet"] if deps else []
    assert dvc_stage(untrained, "split")["deps"] == [f"{OWN}/split.py", *listed]
