"""The verbs that train a candidate, beside programs that only note how they were called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from goldenpath.cli import main
from goldenpath.delivery.release import results
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import SIGNATURE, STAGE_COSTS
from goldenpath.repository.facts import TOLD

NOTE = """\
#!/bin/sh
echo "$@" >> {log}
exit {code}
"""


def called(*words: str) -> Result:
    return CliRunner().invoke(main, ["retrain", *words])


def program(path: Path, log: Path, code: int = 0) -> Path:
    """A program that notes its arguments and ends with a code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NOTE.format(log=log, code=code))
    path.chmod(0o755)
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained project as the working directory; every Python that it starts only notes what it was to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))
    (tmp_path / STAGE_COSTS).mkdir()
    for stage, started in (("ingest", "2026-03-31T12:00:00+00:00"), ("train", "2026-03-31T12:01:00+00:00")):
        (tmp_path / STAGE_COSTS / f"{stage}.json").write_text(json.dumps({"started": started, "seconds": 30}))
    (tmp_path / SIGNATURE).parent.mkdir()
    (tmp_path / SIGNATURE).write_text(json.dumps({"model_sha256": "ab" * 32}))
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "python", tmp_path / "log")))
    monkeypatch.setattr(results, "write_documents", lambda _: iter(["The page was written."]))
    return tmp_path


def test_run_reads_the_source_again_and_runs_what_follows(project: Path) -> None:
    done = called("run")

    assert (done.exit_code, done.output) == (Exit.OK, "The page was written.\n")
    assert (project / "log").read_text().splitlines() == [
        "-m dvc repro --force --single-item ingest",
        "-m dvc repro",
    ]
    assert json.loads((project / "told.json").read_text()) == {"seconds": 60, "model": "ab" * 32}


def test_run_fetches_an_adopted_table_that_a_fresh_clone_lacks(project: Path) -> None:
    (project / "data/source").mkdir(parents=True)
    for name in ("here.csv", "here.csv.dvc", "elsewhere.csv.dvc"):
        (project / "data/source" / name).touch()

    called("run")

    first, *others = (project / "log").read_text().splitlines()
    assert first.startswith("-m dvc ")
    assert first.endswith(" data/source/elsewhere.csv.dvc")
    assert "/here.csv" not in " ".join(others)


def test_run_stops_at_the_first_step_that_fails(project: Path) -> None:
    program(project / "python", project / "log", code=1)

    done = called("run")

    assert done.exit_code == Exit.FAILED
    assert done.stderr.startswith("retrain failed.\n`dvc repro --force --single-item ingest` ended with 1")
    assert not (project / "told.json").exists()


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the forge's program was called with."""
    program(tmp_path / "bin/gh", tmp_path / "log")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("GITHUB_REPOSITORY", "shop/prices")
    return tmp_path / "log"


def test_ask_starts_the_workflow_for_an_event(forge: Path) -> None:
    done = called("ask", "drift")

    assert (done.exit_code, done.output) == (Exit.OK, "Asked shop/prices to start retraining: drift.\n")
    assert forge.read_text() == "api repos/shop/prices/dispatches --raw-field event_type=drift\n"


def test_ask_refuses_an_event_that_retraining_does_not_know(forge: Path) -> None:
    done = called("ask", "weather")

    assert done.exit_code == Exit.USAGE
    assert not forge.exists()


def test_ask_needs_to_know_the_repository(forge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY")

    done = called("ask", "drift")

    assert done.exit_code == Exit.FAILED
    assert "GITHUB_REPOSITORY is not set" in done.stderr
    assert not forge.exists()


def test_verbs_are_known_before_any_library_is_loaded() -> None:
    code = "import sys; from goldenpath.cli import main; import goldenpath.cli.retrain, goldenpath.cli.gate; "
    code += "print(sorted({'pandas', 'dvc', 'rich', 'yaml', 'numpy'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "[]\n"
