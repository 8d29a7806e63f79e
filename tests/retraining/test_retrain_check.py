from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath.cli import main
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import LINEAGE, RETRAIN
from goldenpath.retraining import check, history
from goldenpath.retraining.decide import Trigger


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(project: Path) -> Path:
    """The project in git, with its lineage; it was trained just now."""
    shutil.rmtree(project / ".git", ignore_errors=True)
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "Tester")
    git("config", "user.email", "tester@example.com")
    git("add", "--force", "models/lineage.json", "params.yaml")
    git("commit", "--quiet", "--message", "Train the model")
    return project


def decide(root: Path, trigger: Trigger = "") -> str:
    return check.run(root, trigger, datetime.now(UTC))


def receipt(**changes: object) -> str:
    when = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    content = {"id": "TR-11", "when": when, "product": "", "exit_code": 1, "facts": {"seconds": 90, "model": "b" * 64}}
    return json.dumps(content | changes)


def test_the_answer_stands_in_the_reports_and_in_the_outputs_of_the_job(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(variable, variable)

    decide(repository, "drift")

    told = json.loads(RETRAIN.read_text())
    assert (told["schema"], told["decision"], told["triggered_by"]) == (1, "wait", "drift")
    assert [hold.partition(":")[0] for hold in told["holds"]] == ["cooldown"]
    assert Path("GITHUB_OUTPUT").read_text() == "go=false\nevent=drift\n"
    assert "### Retraining: Wait" in RETRAIN.with_suffix(".md").read_text()
    assert Path("GITHUB_STEP_SUMMARY").read_text() == RETRAIN.with_suffix(".md").read_text()


def test_a_person_passes_the_cooldown(repository: Path) -> None:
    decide(repository, "by-hand")

    assert json.loads(RETRAIN.read_text())["decision"] == "go"


def test_trainings_are_counted_by_lineage_and_by_receipt_each_once(repository: Path) -> None:
    content = json.loads(LINEAGE.read_text())
    ended = datetime.fromisoformat(content["predicate"]["runDetails"]["metadata"]["finishedOn"])
    content["predicate"]["runDetails"]["byproducts"][0]["annotations"] = {
        "ingest": {"started": (ended - timedelta(days=9)).isoformat(), "seconds": 400},
        "train": {"started": (ended - timedelta(minutes=1)).isoformat(), "seconds": 30},
    }
    LINEAGE.write_text(json.dumps(content))
    git("commit", "--quiet", "--amend", "--all", "--no-edit")
    [trained] = history.runs(repository)
    same = receipt(when=(trained.when + timedelta(minutes=1)).isoformat(), facts={"model": trained.model})
    notes = "\n".join([receipt(), same, receipt(id="TR-06"), receipt(product="other"), "no receipt"])
    git("notes", "--ref=refs/notes/goldenpath", "add", "--message", notes)

    found = history.runs(repository)

    assert [run.model for run in found] == ["b" * 64, trained.model]
    assert (found[0].seconds, found[1].when) == (90, trained.when)
    assert trained.seconds == 30, "what was not run again costs nothing"


def test_a_lineage_that_is_none_is_told_in_one_message(repository: Path) -> None:
    LINEAGE.write_text("{}")

    with pytest.raises(ProjectError, match=f"{LINEAGE}: a version of it is no lineage"):
        decide(repository)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("retraining: {triggers: [weather]}", "retraining.triggers.0: Input should be 'schedule', 'drift'"),
        ("retraining: {triggers: [drift, drift]}", "names a trigger twice"),
        ("retraining: {cooldown_days: -1}", "retraining.cooldown_days: Input should be greater than or equal to 0"),
        ("retraining: {budget: {run: 1}}", "retraining.budget.run: Extra inputs are not permitted"),
    ],
)
def test_wrong_rules_are_refused(repository: Path, section: str, told: str) -> None:
    params = repository / "params.yaml"
    head, _, rest = params.read_text().partition("\nretraining:")
    params.write_text(f"{head}\n{section}\n\nexport:{rest.partition('export:')[2]}")

    with pytest.raises(ProjectError, match=re.escape(told)):
        decide(repository)


def test_an_unknown_trigger_is_refused(repository: Path) -> None:
    done = CliRunner().invoke(main, ["retrain", "check", "--trigger", "weather"])

    assert done.exit_code == Exit.USAGE
    assert "'weather' is not one of 'by-hand', 'schedule', 'drift', 'performance', 'age'" in done.output


def test_the_verb_prints_the_decision(repository: Path) -> None:
    done = CliRunner().invoke(main, ["retrain", "check", "--trigger", "by-hand"])

    assert done.exit_code == Exit.OK
    assert done.output.startswith("### Retraining: Train a candidate")
