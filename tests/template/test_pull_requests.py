"""Pull requests to a generated project, judged by its own workflow: a sound one, and one red for each gate."""

from __future__ import annotations

import json
import os
import random
import re
import string
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template import watchers
from tests.template.act import CI, Outcome, Runner
from tests.template.docker import Engine
from tests.template.generation import TEMPLATE, git, run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
JOBS: dict[str, Any] = yaml.safe_load((PROJECT / CI).read_text(encoding="utf-8"))["jobs"]
GATES = [name for name in JOBS if name not in ("changes", "report", "all-green")]

NOTHING = "echo nothing to do"
LINT_AND_TEST = "make --keep-going lint test"
"""The step of ci.yml that takes the longest."""
ATTEMPTS = 3
"""At what ends within milliseconds: act now and then loses what was printed last."""
OUT_OF_REACH = {"audit": "echo needs the package index: test_an_audit_that_cannot_look_up_is_red runs it"}
"""What the sound pull request does not run here."""
FEW_TESTS = {"PYTEST_ADDOPTS": "--no-cov tests/test_source.py"}
"""All of a project's tests are run by test_end_to_end.py."""


@pytest.fixture(scope="module")
def runner(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    watchers.install()  # what is missing a job installs itself, by sudo, which is on GitHub's machines
    return Runner(walked, tmp_path_factory.mktemp("act"))


@pytest.fixture
def change(walked: Path, tmp_path: Path) -> Path:
    """A clone of the walked project on a branch of its own, with the walked one's data in reach."""
    git(tmp_path, "clone", "--quiet", str(walked), "clone")
    project = tmp_path / "clone"
    git(project, "switch", "--quiet", "--create", "change")
    (project / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {walked / '.dvc' / 'cache'}\n")
    return project


def edit(project: Path, path: str, old: str, new: str) -> None:
    """Change one place of one file."""
    text = (project / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    (project / path).write_text(text.replace(old, new), encoding="utf-8")


def commit(project: Path, message: str = "Change") -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


def dvc(project: Path, walked: Path, *words: str) -> None:
    """Run the walked project's DVC on a clone and its code."""
    path = f"{walked / '.venv/bin'}:{os.environ['PATH']}"
    done = run([str(walked / ".venv/bin/dvc"), *words], project, PYTHONPATH=str(project / "src"), PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr


def red(outcome: Outcome, job: str) -> str:
    """What a job said that must have failed by itself, without a traceback of ours."""
    assert [name for name, result in outcome.jobs.items() if result != "success"] == [job], outcome.all_said
    assert "Traceback" not in outcome.said[job], outcome.said[job]
    return outcome.said[job]


def test_a_sound_pull_request_is_green_and_says_so(runner: Runner, change: Path, engine: Engine) -> None:
    # How fast a container starts is measured by benchmarks/container.py, where nothing runs beside it.
    text = (change / "params.yaml").read_text(encoding="utf-8")
    (change / "params.yaml").write_text(re.sub(r"(  ready_seconds:) [\d.]+", r"\1 10", text), encoding="utf-8")
    commit(change, "A slower machine")
    origin = change.with_name("origin.git")
    git(change, "clone", "--quiet", "--bare", ".", str(origin))
    git(change, "push", "--quiet", str(origin), "HEAD:main")
    git(change, "remote", "set-url", "origin", str(origin))
    git(change, "fetch", "--quiet", "origin")
    (change / "tests/test_more.py").write_text("def test_more() -> None:\n    assert sorted([2, 1]) == [1, 2]\n")
    commit(change)

    outcome = runner.pull_request(change, None, OUT_OF_REACH, **FEW_TESTS, **engine.environment)

    assert outcome.jobs == dict.fromkeys(JOBS, "success"), outcome.all_said
    report = (outcome.artifacts / "pull-request-report/pull-request.md").read_text(encoding="utf-8")
    assert "Gates are green: all 8 hold." in report
    assert (outcome.artifacts / "pull-request-report/pull-request.html").is_file()


def test_where_only_documents_changed_the_rest_is_skipped_within_seconds(runner: Runner, change: Path) -> None:
    with (change / "README.md").open("a", encoding="utf-8") as file:
        file.write("\nMore words.\n")
    commit(change)

    started = time.monotonic()
    outcome = runner.pull_request(change)

    assert outcome.jobs == {"changes": "success", "all-green": "success"}, outcome.all_said
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("path", "is_deleted"),
    [("params.yaml", False), ("docs/model-card.md", False), ("README.md", True), ("docs/risk.yaml", False)],
    ids=["parameters", "model-card", "document-deleted", "other-file-among-documents"],
)
def test_what_is_more_than_words_is_judged(change: Path, walked: Path, path: str, is_deleted: bool) -> None:
    with (change / "CHANGELOG.md").open("a", encoding="utf-8") as file:
        file.write("\nMore words.\n")
    if is_deleted:
        (change / path).unlink()
    else:
        with (change / path).open("a", encoding="utf-8") as file:
            file.write("\n# more\n")
    commit(change)

    told = run([str(walked / ".venv/bin/goldenpath"), "changes"], change)
    assert (told.returncode, told.stdout) == (0, "documents-only=false\n"), told.stderr


def test_one_failed_job_turns_the_whole_red_and_is_named(runner: Runner, change: Path) -> None:
    commands = dict.fromkeys([*GATES, "report"], NOTHING) | {"audit": "exit 1"}
    (change / "params.yaml").write_text("another: one\n")
    commit(change)

    for _ in range(ATTEMPTS):
        outcome = runner.pull_request(change, None, commands)
        if "audit: " in outcome.said["all-green"]:
            break

    assert outcome.jobs["all-green"] == "failure"
    assert "audit: failure" in outcome.said["all-green"].splitlines()
    assert [job for job in GATES if f"{job}: " in outcome.said["all-green"]] == ["audit"]


def verdict(results: dict[str, str], documents_only: str, changes: str = "success") -> tuple[bool, str]:
    """What the last job says of results, by its own script."""
    [step] = JOBS["all-green"]["steps"]
    needs: dict[str, Any] = {"changes": {"result": changes, "outputs": {"documents-only": documents_only}}}
    needs |= {job: {"result": result, "outputs": {}} for job, result in results.items()}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={"PATH": os.environ["PATH"], "NEEDS": json.dumps(needs)},
            cwd=folder,
            capture_output=True,
            text=True,
        )
    return done.returncode == 0, done.stdout


@pytest.mark.parametrize(("job", "result"), [*product([*GATES, "report"], ["failure", "cancelled", "skipped", ""])])
def test_every_job_that_did_not_succeed_turns_the_whole_red(job: str, result: str) -> None:
    sound = dict.fromkeys([*GATES, "report"], "success")

    assert verdict(sound, "false") == (True, "")
    assert verdict(sound | {job: result}, "false") == (False, f"{job}: {result}\n")


@pytest.mark.parametrize("result", ["success", "failure", "cancelled"])
def test_a_job_that_ran_although_only_documents_changed_breaks_the_rule(result: str) -> None:
    skipped = dict.fromkeys([*GATES, "report"], "skipped")

    assert verdict(skipped, "true") == (True, "")
    assert verdict(skipped | {"model": result}, "true") == (False, f"model: {result}\n")


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_nothing_is_green_when_nobody_knows_what_changed(result: str) -> None:
    skipped = dict.fromkeys([*GATES, "report"], "skipped")

    assert verdict(skipped, "", result)[0] is False
    assert verdict(skipped, "true", result) == (False, f"changes: {result}\n")


def test_the_last_job_gathers_every_other() -> None:
    [step] = JOBS["all-green"]["steps"]

    assert JOBS["all-green"]["needs"] == [name for name in JOBS if name != "all-green"]
    assert step["env"] == {"NEEDS": "${{ toJSON(needs) }}"}


def test_corrupted_rows_are_red(runner: Runner, change: Path, walked: Path) -> None:
    dvc(change, walked, "checkout", "--quiet")
    spoil = (
        "import pandas as pd; rows = pd.read_parquet('data/raw.parquet'); new = rows.tail(2000).copy();"
        "new['scheduled_departure'] += pd.Timedelta(days=30); new['distance'] = -1;"
        "pd.concat([rows, new]).to_parquet('data/raw.parquet', index=False)"
    )
    (change / "data/raw.parquet").chmod(0o644)
    done = run([str(walked / ".venv/bin/python"), "-c", spoil], change)
    assert done.returncode == 0, done.stderr
    dvc(change, walked, "commit", "--force", "--quiet")
    commit(change)

    said = red(runner.pull_request(change, "model"), "model")

    assert "### Pipeline's record: pass" in said
    assert "### Data: fail" in said
    assert "distance" in said


def test_a_breaking_contract_of_the_same_version_is_red(runner: Runner, change: Path, walked: Path) -> None:
    dvc(change, walked, "checkout", "--quiet")
    edit(change, "contract.yaml", "minimum: 10, maximum: 6000", "minimum: 10, maximum: 5000")
    dvc(change, walked, "commit", "--force", "--quiet")
    commit(change)

    said = red(runner.pull_request(change, "model"), "model")

    assert "### Pipeline's record: pass" in said
    assert "### Contract: fail" in said
    assert "distance" in said


def test_a_stale_lock_is_red(runner: Runner, change: Path) -> None:
    edit(change, "params.yaml", "max_iter: 150", "max_iter: 151")
    commit(change)

    said = red(runner.pull_request(change, "model"), "model")

    assert "### Pipeline's record: fail" in said
    assert "params.yaml: model has changed since it ran" in said
    assert "### Contract: pass" in said


def test_a_key_that_was_taken_back_is_red(runner: Runner, change: Path) -> None:
    edit(change, CI.as_posix(), LINT_AND_TEST, NOTHING)
    chance = random.Random(7)  # noqa: S311  # it only has to look like a key
    key = "ghp_" + "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(36))
    (change / "settings.py").write_text(f'TOKEN = "{key}"\n')
    commit(change, "Try it")
    (change / "settings.py").unlink()
    commit(change, "Take it back")

    said = red(runner.pull_request(change, "quality"), "quality")

    assert "### Secrets: fail" in said
    assert "settings.py:1: github pat, since commit" in said
    assert key not in said


def test_an_action_that_is_not_pinned_is_red(runner: Runner, change: Path) -> None:
    edit(change, CI.as_posix(), LINT_AND_TEST, NOTHING)
    path = change / ".github/workflows/monitor.yml"
    path.write_text(re.sub(r"(actions/checkout)@[0-9a-f]{40} # v7\.0\.1", r"\1@v7", path.read_text()))
    commit(change)

    said = red(runner.pull_request(change, "quality"), "quality")

    assert "unpinned-uses" in said
    assert "monitor.yml" in said
    assert "### Secrets: pass" in said


def test_dropped_tests_are_red(runner: Runner, change: Path) -> None:
    edit(change, CI.as_posix(), LINT_AND_TEST, "make test")
    kept = {"test_model.py"}
    for path in (change / "tests").rglob("test_*.py"):
        if path.name not in kept:
            path.unlink()
    commit(change)

    said = red(runner.pull_request(change, "quality", PYTEST_XDIST_AUTO_NUM_WORKERS="1"), "quality")

    assert re.search(r"Required test coverage of 85(\.0)?% not reached", said)
    assert "failed" not in "".join(re.findall(r"^=+ .* =+$", said, flags=re.MULTILINE))


def test_an_audit_that_cannot_look_up_is_red(runner: Runner, change: Path) -> None:
    edit(change, "params.yaml", "currency: USD", "currency: EUR")
    commit(change)
    nobody = "http://127.0.0.1:9"

    said = red(runner.pull_request(change, "audit", HTTPS_PROXY=nobody, https_proxy=nobody), "audit")

    assert "deps: inconclusive (pip-audit could not look every package up: " in said


def test_a_worse_model_is_red(runner: Runner, change: Path, walked: Path) -> None:
    dvc(change, walked, "checkout", "--quiet")
    edit(change, "params.yaml", "max_iter: 150", "max_iter: 3")
    edit(change, "params.yaml", "bootstrap: 200", "bootstrap: 50")
    dvc(change, walked, "repro", "--quiet")
    commit(change)

    outcome = runner.pull_request(change, "model")

    assert "The model gate is red: " in red(outcome, "model")
    found = json.loads((outcome.artifacts / "reports-model/gates.json").read_text(encoding="utf-8"))
    assert (found["exit_code"], found["champion"]["comparison"]) == (1, "compared")
    assert found["rows"]["compared"] == found["rows"]["held_out"]
    by_name = {gate["name"]: gate for gate in found["gates"]}
    worse = by_name["non_inferiority.roc_auc"]
    assert worse["verdict"] == "fail"
    assert worse["low"] < worse["high"] < 0
    assert {by_name[name]["verdict"] for name in ("records", "held_out", "parity", "size_mib")} == {"pass"}


def test_a_container_that_runs_as_root_is_red(runner: Runner, change: Path, engine: Engine) -> None:
    edit(change, "Dockerfile", "USER 10001:10001", "USER 0:0")
    commit(change)

    said = red(runner.pull_request(change, "container", **engine.environment), "container")

    assert "runs as root: want a line `USER 10001:10001`" in said


def test_lost_maturity_is_red(runner: Runner, change: Path) -> None:
    (change / ".github/CODEOWNERS").unlink()
    commit(change)

    said = red(runner.pull_request(change, "report", dict.fromkeys(GATES, NOTHING)), "report")

    assert "fell back CQ-06" in said
    assert "nobody is asked to review files that no" in said


class _NoPullRequest(BaseHTTPRequestHandler):
    """Answers as GitHub does where no pull request is open."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_the_comment_is_written_by_the_default_branch_with_nothing_installed(runner: Runner, change: Path) -> None:
    head = {"id": 5, "owner": {"login": "stranger"}, "full_name": "stranger/fork"}
    told = {"id": 11, "event": "pull_request", "conclusion": "success", "html_url": "https://github.example/run/11",
            "head_branch": "patch", "head_sha": "c0ffee" * 6, "head_repository": head}  # fmt: skip
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoPullRequest)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"

    workflow = change / ".github/workflows/comment.yml"
    outcome = runner.run("workflow_run", {"workflow_run": told}, change, workflow, GITHUB_API_URL=url, LENT="/nowhere")
    server.shutdown()
    server.server_close()

    assert outcome.jobs == {"comment": "success"}, outcome.all_said
    assert "No open pull request has c0ffeec0f as its head" in outcome.said["comment"]
