"""The verbs that keep a project current."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldenpath.project import manifest
from tests.command import goldenpath
from tests.sample import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the generated project, as the working directory."""
    copy = Path(shutil.copytree(ROOT, tmp_path / ROOT.name))
    monkeypatch.chdir(copy)
    return copy


def test_lock_writes_the_fingerprints_alone_where_asked(project: Path) -> None:
    lock = project / "requirements/train.txt"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("scikit-learn==", "scikit-learn==9.", 1), encoding="utf-8")
    before = (project / "vendor/stages.yaml").read_text(encoding="utf-8")

    done = goldenpath("lock", "--stages")

    assert done.exit_code == 0, done.output
    assert "then: make setup" in done.output
    assert (project / "vendor/stages.yaml").read_text(encoding="utf-8") != before
    assert "scikit-learn==9." in lock.read_text(encoding="utf-8")


def test_lock_without_a_wheel_says_how_to_get_it_back(project: Path) -> None:
    next((project / "vendor").glob("*.whl")).unlink()

    refused = goldenpath("lock")

    assert refused.exit_code == 1
    assert "lock failed.\nvendor/ holds 0 wheels" in refused.stderr
    assert "git checkout HEAD -- vendor" in refused.stderr


def test_eject_names_what_it_wrote(project: Path) -> None:
    done = goldenpath("eject", "evaluate")

    assert done.exit_code == 0, done.output
    assert "Wrote src/flight_delays/steps/evaluate.py\n" in done.output
    assert manifest.load(project).ejected == ("evaluate",)


def test_eject_refuses_what_is_no_step(project: Path) -> None:
    refused = goldenpath("eject", "everything")

    assert refused.exit_code == 1
    assert "everything is no step of the platform" in refused.stderr


def test_upgrade_refuses_what_names_no_version(project: Path) -> None:
    refused = goldenpath("upgrade", "--to", "nonsense")

    assert refused.exit_code == 1
    assert "nonsense is no checkout, wheel, git address or version" in refused.stderr


def test_help_of_upgrade_tells_people_what_they_may_say() -> None:
    shown = goldenpath("upgrade", "--help").output

    assert "--dry-run" in shown
    assert "--migrate-from" not in shown, "that is how one version calls another"
