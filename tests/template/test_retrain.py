"""From a log that drifted to a pull request, by the project's own ``monitor.yml`` and ``retrain.yml``, run by ``act``.

The forge is a stand-in that wants the job's token; training, gate, reviewer and receipts are real.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.template.act import Outcome, Runner
from tests.template.forge import TOKEN, Forge, forge
from tests.template.generation import git, lend, run, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

EVENT = {"action": "drift", "branch": "main"}
DAILY = {"schedule": "23 3 * * *"}
LABELS = 1_000


@dataclass(frozen=True)
class Shop:
    """A project that is shared by a forge.

    Attributes:
        project: A clone on its main branch.
        forge: Where it is shared.
        runner: What runs workflows.
        log: A prediction log of December, which the model does not know, and of labels by which it is always wrong.
    """

    project: Path
    forge: Forge
    runner: Runner
    log: Path

    def start(self, name: str, event: str, told: Mapping[str, Any], *words: str) -> Outcome:
        """Run a workflow for an event."""
        workflow = self.project / ".github" / "workflows" / f"{name}.yml"
        secrets = ("--secret", f"GITHUB_TOKEN={TOKEN}")
        return self.runner.run(event, told, self.project, workflow, *secrets, *words, **self.forge.environment)

    def share(self, message: str) -> None:
        """Commit all, and push it as a person does."""
        git(self.project, "commit", "--quiet", "--all", "--message", message)
        git(self.project, "push", "--quiet", str(self.forge.repository), "main")
        git(self.project, "update-ref", "refs/remotes/origin/main", "main")

    def asked(self, name: str) -> str:
        """What the forge's program was told."""
        path = self.forge.repository / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture(scope="module")
def shop(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The walked project, shared, and a log of what its model was asked in December."""
    folder = tmp_path_factory.mktemp("retrain")
    project = folder / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv", "cache", "logs"))
    lend(walked, project)
    (project / ".dvc/config.local").write_text(f"[cache]\n    dir = {walked / '.dvc' / 'cache'}\n")
    git(project, "update-ref", "-d", "refs/notes/goldenpath")  # what other tests have proved
    (folder / "act").mkdir()
    with forge(folder) as shared:
        git(project, "remote", "add", "origin", shared.url)
        git(project, "push", "--quiet", str(shared.repository), "main")
        git(project, "update-ref", "refs/remotes/origin/main", "main")
        yield Shop(project, shared, Runner(walked, folder / "act"), _december(project, folder))


@pytest.fixture(scope="module")
def monitored(shop: Shop) -> Outcome:
    """The daily look, with a cooldown that has passed."""
    params = shop.project / "params.yaml"
    text, count = re.subn(r"cooldown_days: 7 ", "cooldown_days: 0 ", params.read_text(encoding="utf-8"))
    assert count == 1
    params.write_text(text, encoding="utf-8")
    shop.share("Wait for nothing")
    return shop.start("monitor", "schedule", DAILY, "--var", f"PREDICTION_LOG={shop.log}")


@pytest.fixture(scope="module")
def retrained(shop: Shop, monitored: Outcome) -> Outcome:
    """What the event of the daily look starts."""
    assert monitored.jobs["ask"] == "success", monitored.all_said
    return shop.start("retrain", "repository_dispatch", EVENT)


def test_within_the_cooldown_an_event_starts_nothing(shop: Shop) -> None:
    outcome = shop.start("retrain", "repository_dispatch", EVENT)

    assert outcome.jobs == {"check": "success"}, outcome.all_said
    assert "cooldown: the last training was on" in outcome.said["check"]


def test_a_look_that_finds_drift_asks_for_a_training_by_an_event(shop: Shop, monitored: Outcome) -> None:
    assert monitored.jobs == {"watch": "success", "ask": "success"}, monitored.all_said
    report = json.loads((monitored.artifacts / "monitoring" / "drift.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "alarm"
    assert re.fullmatch(r"api repos/\S+/dispatches --raw-field event_type=drift\n", shop.asked("dispatched"))
    assert "goldenpath push-metrics" not in monitored.said["watch"], "there is no Pushgateway"


def test_labels_that_lie_beside_the_log_let_performance_ask_too(monitored: Outcome) -> None:
    folder = monitored.artifacts / "monitoring"
    performance = json.loads((folder / "performance.json").read_text(encoding="utf-8"))
    triggers = json.loads((folder / "retrain.json").read_text(encoding="utf-8"))["triggers"]

    assert (performance["state"], performance["labels"], performance["taken"]) == ("low", LABELS, None)
    asking = {item["name"]: item["why"] for item in triggers if item["fires"] and item["enabled"]}
    window = performance["judged"]["window"]
    assert asking["performance"] == f"low, by {LABELS:,} labels of the window that began on {window}."


def test_the_candidate_becomes_a_pull_request_and_nothing_else(shop: Shop, retrained: Outcome) -> None:
    assert retrained.jobs == {"check": "success", "retrain": "success"}, retrained.all_said
    [branch] = _branches(shop)
    subjects = git(shop.forge.repository, "log", "--format=%s", f"main..{branch}").splitlines()
    asked = shop.asked("asked")
    assert [subject.partition(" on ")[0] for subject in subjects] == [
        "Train the model", "Learn from rows through 2013-12"]  # fmt: skip
    assert git(shop.forge.repository, "rev-parse", "main") == git(shop.project, "rev-parse", "main")
    assert git(shop.forge.repository, "tag") == "", "no version, and nothing deployed"
    assert f"--base main --head {branch}" in asked
    assert "- drift: Triggered externally." in asked
    assert "training.seconds" in asked, "the report of the pull request"


def test_the_reviewer_sees_the_loop_closed(shop: Shop, retrained: Outcome, tmp_path: Path) -> None:
    [branch] = _branches(shop)
    git(tmp_path, "clone", "--quiet", "--branch", branch, str(shop.forge.repository), "clone")
    clone = tmp_path / "clone"
    git(clone, "fetch", "--quiet", "origin", "refs/notes/goldenpath:refs/notes/goldenpath")
    program, report = shop.project / ".venv/bin/goldenpath", tmp_path / "review.json"
    run([str(program), "check", "--format", "json", "--output", str(report)], clone)

    [product] = json.loads(report.read_text(encoding="utf-8"))["products"]
    criteria = {item["id"]: item for part in product["parts"] for item in part["criteria"]}
    found = {name: (criteria[name]["status"], criteria[name]["reason"]) for name in ("TR-11", "TR-19")}
    assert found == {
        "TR-11": ("pass", "training starts by itself, and was seen to"),
        "TR-19": ("pass", "drift leads to a pull request"),
    }, retrained.all_said


def _branches(shop: Shop) -> list[str]:
    return git(shop.forge.repository, "branch", "--list", "retrain/*", "--format=%(refname:short)").split()


def _december(project: Path, folder: Path) -> Path:
    """A log of answers to December's flights, as a batch leaves it, and the contrary of some answers as their truth."""
    variables = {"PREDICTION_LOG": str(folder / "log")}
    python = str(project / ".venv/bin/python")
    made = run([python, "-c", _ROWS, str(folder / "rows.parquet")], project, **variables)
    assert made.returncode == 0, made.stderr
    done = verb(project, "batch", str(folder / "rows.parquet"), str(folder / "answers.parquet"), **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    taken = run([python, "-c", _LABELS, str(folder / "answers.parquet"), str(folder / "log")], project, **variables)
    assert taken.returncode == 0, taken.stderr
    return folder / "log"


_ROWS = """
import sys
from goldenpath.project import params, team
known = params.load()
rows = team.load_rows(known.model_copy(update={"data": known.data.model_copy(update={"through": None})}))
rows = rows[(rows["scheduled_departure"] >= "2013-12-01") & rows["late"].notna()]
rows.sample(4_000, random_state=0).to_parquet(sys.argv[1])
"""
_LABELS = f"""
import sys
from pathlib import Path
import pandas as pd
from goldenpath.project import params
from goldenpath.model import task
from goldenpath.monitoring import labels, log
answers, folder = pd.read_parquet(sys.argv[1]).head({LABELS}), Path(sys.argv[2])
truth = folder / "truth.csv"
answers.assign(late=~answers["decision"])[["prediction_id", "late"]].to_csv(truth, index=False)
agreed = log.of_project()
taken = labels.take(truth, folder, agreed, task.of(agreed.agreed, params.load()), 0)
assert taken.new == {LABELS}
"""
