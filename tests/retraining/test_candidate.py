from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from goldenpath.project import contract, params, team
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import GATES, RAW, RETRAIN, SIGNATURE
from goldenpath.retraining.branch import begin, moved
from goldenpath.retraining.propose import commit, publish

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
BRANCH = "retrain/2026-03-31-1230"
GH = """\
#!/bin/sh
# Stands in for the forge's program: keeps what it is told.
echo "$@" > "$LOG"
cat >> "$LOG"
echo https://forge.example.com/pulls/7
"""


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project in git, shared by a bare repository; a source whose rows are those that the pipeline read."""
    monkeypatch.setattr(team, "load_rows", lambda _: pd.read_parquet(RAW))
    kept_out = ["/data/", "*.onnx", "*.skops", "/reports/gates.json", "/reports/retrain.*", "/reports/pull-request.*"]
    kept_out += ["/shared.git", "/bin", "/log", "/.stage-costs/"]
    (project / ".gitignore").write_text("\n".join(kept_out))
    git("init", "--quiet", "--initial-branch=main")
    git("config", "user.name", "Tester")
    git("config", "user.email", "tester@example.com")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Train the model")
    git("init", "--quiet", "--bare", "--initial-branch=main", "shared.git")
    git("remote", "add", "origin", "shared.git")
    git("push", "--quiet", "origin", "main")
    return project


def judged(verdict: str, comparison: str = "compared", **changes: Any) -> None:
    """What the gate said of the model that is there."""
    gates = [{"name": "floors.roc_auc", "verdict": verdict}, {"name": "size_mib", "verdict": "pass"}]
    champion = {"comparison": comparison, "model": "c" * 64}
    model = json.loads(SIGNATURE.read_text())["model_sha256"]
    GATES.write_text(json.dumps({"verdict": verdict, "model": model, "gates": gates, "champion": champion} | changes))


def trained() -> None:
    """Leave what a training leaves."""
    metrics = Path("reports/metrics.json")
    metrics.write_text(metrics.read_text() + "\n")


def test_a_later_month_is_a_commit_on_a_branch_of_its_own(repository: Path) -> None:
    if params.load().data.through is None:
        pytest.skip("nothing is held back here")
    path = repository / "params.yaml"
    path.write_text(moved(path.read_text(), "2013-08"))
    git("commit", "--quiet", "--all", "--message", "Hold months back")

    said = begin(repository, "newest", NOW)

    assert "data.through is 2013-10 instead of 2013-08" in said
    assert git("branch", "--show-current") == BRANCH
    assert params.load().data.through == "2013-10"
    assert git("show", "--format=%s", "--numstat") == "Learn from rows through 2013-10\n\n1\t1\tparams.yaml"


def test_the_month_moves_and_nothing_else() -> None:
    text = 'data:\n  through: "2013-10"            # last month\n  path: null\n'

    assert moved(text, "2013-12") == text.replace("2013-10", "2013-12")
    with pytest.raises(ProjectError, match="stands on no line of its own"):
        moved("data: {through: '2013-10'}\n", "2013-12")


def test_a_month_that_the_source_has_not_is_refused_and_no_branch_is_begun(repository: Path) -> None:
    if contract.load().time is None:
        pytest.skip("without a time there are no months")
    with pytest.raises(ProjectError, match="--through 1999-01: the source has no row of that month"):
        begin(repository, "1999-01", NOW)

    assert git("branch", "--show-current") == "main"


def test_a_candidate_that_won_becomes_a_pull_request(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(GH)
    (tmp_path / "bin/gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "bin/facts"))
    begin(repository, "", NOW)
    trained()
    judged("pass")
    RETRAIN.write_text(json.dumps({"reasons": ["drift: alarm. Inputs moved."], "triggered_by": "drift"}))
    Path("reports/pull-request.md").write_text("# The report\n")

    commit(repository)
    said = publish(repository, pull_request=True)

    asked = (tmp_path / "log").read_text()
    told = json.loads((tmp_path / "bin/facts").read_text())
    assert "https://forge.example.com/pulls/7" in said
    assert f"pr create --base main --head {BRANCH} --title Train the model" in asked
    assert "- drift: alarm. Inputs moved." in asked
    assert "# The report" in asked
    assert git("-C", "shared.git", "rev-parse", BRANCH) == git("rev-parse", "HEAD") == told["commit"]
    assert (told["event"], told["gate"], told["pull_request"]) == ("drift", "pass", "https://forge.example.com/pulls/7")


@pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
def test_a_candidate_that_lost_is_neither_committed_nor_sent_and_is_told_to_have_lost(
    repository: Path, verdict: str
) -> None:
    begin(repository, "", NOW)
    trained()
    judged(verdict)

    for step in (commit, lambda root: publish(root, pull_request=True)):
        with pytest.raises(ProjectError, match=r"lost its gate \(floors.roc_auc\): no pull request is opened"):
            step(repository)

    assert git("rev-parse", "HEAD") == git("rev-parse", "main")
    assert git("-C", "shared.git", "branch", "--format=%(refname:short)") == "main"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "d" * 64}, "is about another model"),
        ({"champion": {"comparison": "unchanged", "model": "c" * 64}}, "is the champion, byte for byte"),
    ],
)
def test_what_the_gate_did_not_judge_or_what_is_nothing_new_is_refused(
    repository: Path, changes: dict[str, Any], told: str
) -> None:
    judged("pass", **changes)

    with pytest.raises(ProjectError, match=told):
        commit(repository)
