"""A project moves to a later version of the library by one commit, or stays as it was."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from goldenpath.fleet import locks
from goldenpath.fleet.upgrade import upgrade
from goldenpath.project.errors import ProjectError
from goldenpath.repository import lock_file, wheel
from tests.command import goldenpath
from tests.fleet import newer_library
from tests.fleet.conftest import commit, git
from tests.fleet.newer_library import CHANGES, VERSION

AFTER_TRAIN = ["train", "evaluate", "export", "reference"]
"""``train`` and what follows from it; ``staleness`` fits models of its own."""
START = "    agreed, settings = "
BROKEN = {
    **CHANGES,
    "src/goldenpath/pipeline/train.py": (START, f"    raise ProjectError('as the test asks')\n{START}"),
}


def state(root: Path) -> tuple[str, str, str]:
    """What must be as before when an upgrade fails."""
    return git(root, "rev-parse", "HEAD"), git(root, "branch", "--list"), git(root, "status", "--porcelain")


@pytest.mark.e2e
def test_an_upgrade_is_one_commit_with_its_report(product: Path, tmp_path: Path) -> None:
    library = newer_library.checkout(product, tmp_path / "library")
    before = git(product, "rev-parse", "HEAD")
    lock = (product / "dvc.lock").read_text(encoding="utf-8")

    report = upgrade(product, str(library))

    assert git(product, "rev-parse", "HEAD~1") == before
    assert git(product, "branch", "--show-current") == f"goldenpath-{VERSION}"
    assert git(product, "status", "--porcelain") == ""
    assert git(product, "log", "-1", "--format=%s") == f"Upgrade goldenpath 0.2.0 to {VERSION}"
    assert "Stages whose code or packages changed: train.\n" in report
    assert f"Stages that ran again: {', '.join(AFTER_TRAIN)}.\n" in report
    assert "| roc_auc | 0." in report
    assert "are decided otherwise" in report
    assert "monitoring/settings.yaml: alerts.batch_hours is alerts.batch_age_hours now" in report
    assert "- monitoring/prometheus/rules/service.yaml\n" in report
    assert git(product, "log", "-1", "--format=%b").startswith(report.partition("\nOne commit on")[0].strip()[:400])
    assert "ModelNeverLoaded" in (product / "monitoring/prometheus/rules/service.yaml").read_text(encoding="utf-8")
    assert "  batch_age_hours: 26  " in (product / "monitoring/settings.yaml").read_text(encoding="utf-8")
    assert [path.name for path in (product / "vendor").glob("*.whl")] == [f"goldenpath-{VERSION}-py3-none-any.whl"]
    assert (product / "dvc.lock").read_text(encoding="utf-8") != lock
    assert_library_is_pinned(product)
    assert_only_the_new_version_runs(product, library)


def assert_library_is_pinned(root: Path) -> None:
    built = locks.vendored(root)
    for path in (root / "requirements").glob("*.txt"):
        pinned = lock_file.pinned(path.read_text(encoding="utf-8"))
        assert pinned == (VERSION, wheel.digest(built)), path
    assert '"goldenpath[serve]>=0.3,<0.4"' in (root / "pyproject.toml").read_text(encoding="utf-8")


def assert_only_the_new_version_runs(root: Path, library: Path) -> None:
    command = [sys.executable, "-m", "goldenpath", "render", "--check"]
    former, new = (
        subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
        for variables in ({}, {"PYTHONPATH": str(library / "src")})
    )
    assert (former.returncode, new.returncode) == (1, 0), former.stderr + new.stderr
    assert "requires is >=0.3,<0.4, and goldenpath 0.2.0 runs" in former.stderr
    assert "make setup" in former.stderr


@pytest.mark.e2e
def test_a_failing_stage_leaves_the_project_as_it_was(product: Path, tmp_path: Path) -> None:
    library = newer_library.checkout(product, tmp_path / "library", BROKEN)
    before, model = state(product), (product / "models/model.onnx").read_bytes()

    with pytest.raises(ProjectError, match=f"goldenpath {VERSION} could not bring the project along"):
        upgrade(product, str(library))

    assert state(product) == before
    assert (product / "models/model.onnx").read_bytes() == model
    assert locks.vendored(product).name == "goldenpath-0.2.0-py3-none-any.whl"


def test_a_dry_run_tells_and_changes_nothing(untrained: Path, tmp_path: Path) -> None:
    library = newer_library.checkout(untrained, tmp_path / "library")
    before = state(untrained)

    report = upgrade(untrained, str(library), dry_run=True)

    assert state(untrained) == before
    assert "Stages whose code or packages changed: train.\n" in report
    assert "alerts.batch_hours is alerts.batch_age_hours now" in report
    assert "Files that would change:" in report
    assert "monitoring/prometheus/rules/service.yaml" in report
    assert "Nothing was changed." in report


def test_files_of_the_template_come_by_cruft(untrained: Path, tmp_path: Path) -> None:
    template = tmp_path / "template"
    files = {
        "cookiecutter.json": '{"project_slug": "flight-delays"}\n',
        "{{cookiecutter.project_slug}}/CONTRIBUTING.md": "Before\n",
    }
    for name, text in files.items():
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        (template / name).write_text(text, encoding="utf-8")
    git(template, "init", "--quiet", "--initial-branch=main")
    commit(template)
    facts = {"template": str(template), "commit": git(template, "rev-parse", "HEAD"), "checkout": None,
             "context": {"cookiecutter": {"project_slug": "flight-delays"}}, "directory": None}  # fmt: skip
    (untrained / ".cruft.json").write_text(json.dumps(facts), encoding="utf-8")
    (untrained / "CONTRIBUTING.md").write_text("Before\n", encoding="utf-8")
    commit(untrained)
    (template / "{{cookiecutter.project_slug}}/CONTRIBUTING.md").write_text("After\n", encoding="utf-8")
    commit(template)

    report = upgrade(untrained, str(newer_library.checkout(untrained, tmp_path / "library")), dry_run=True)

    assert "CONTRIBUTING.md" in report
    assert "Files of the template were not updated" not in report


def test_changes_that_are_not_committed_refuse_an_upgrade(untrained: Path, tmp_path: Path) -> None:
    (untrained / "README.md").write_text("Mine", encoding="utf-8")

    with pytest.raises(ProjectError, match=r"Not committed: README.md"):
        upgrade(untrained, str(tmp_path))


def test_the_same_library_is_no_upgrade(untrained: Path) -> None:
    before = state(untrained)

    said = upgrade(untrained, str(locks.vendored(untrained)))

    assert said == "goldenpath 0.2.0 is what vendor/ holds. Nothing was changed."
    assert state(untrained) == before


def test_a_branch_that_is_there_refuses_an_upgrade(untrained: Path, tmp_path: Path) -> None:
    library = newer_library.checkout(untrained, tmp_path / "library")
    git(untrained, "branch", f"goldenpath-{VERSION}")
    before = state(untrained)

    with pytest.raises(ProjectError, match=f"branch goldenpath-{VERSION} is there already"):
        upgrade(untrained, str(library))

    assert state(untrained) == before


def test_a_library_outside_the_range_refuses_every_verb(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(untrained)
    manifest = untrained / "golden-path.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(">=0.2,<0.3", ">=0.3,<0.4"), encoding="utf-8")

    refused = goldenpath("render", "--check")

    assert refused.exit_code == 1
    assert "render refused." in refused.stderr
    assert "goldenpath upgrade --to 0.2.0" in refused.stderr
    assert "Not committed: golden-path.yaml" in goldenpath("upgrade").stderr, "the way out is not barred"


def test_a_wheel_names_what_it_was_built_from(untrained: Path, tmp_path: Path) -> None:
    built = wheel.build(newer_library.checkout(untrained, tmp_path / "library"), tmp_path / "out")

    with zipfile.ZipFile(built) as archive:
        assert f"Version: {VERSION}\n" in archive.read(f"goldenpath-{VERSION}.dist-info/METADATA").decode()
