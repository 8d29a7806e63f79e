"""Runs a generated project's workflows for real, on this machine and without Docker, by ``act``.

Every job works on a copy of what git holds, as on GitHub. ``actions/checkout`` is what ``act`` does by itself, unless
told not to skip it. Other actions are replaced by local ones that do the same here: Python brings the environment of a
project that is set up already, and artifacts lie in a folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.template.generation import git

ACT = Path(sys.executable).with_name("act")
CI = Path(".github/workflows/ci.yml")
USES = re.compile(r"uses: (actions/([a-z-]+)@[0-9a-f]{40})")

# Tools start by absolute paths, so the environment may be lent; the package comes from the copy itself.
SETUP_PYTHON = """\
test -d "$LENT" || exit 0
ln -sfn "$LENT/.venv" .venv
touch .venv/.installed
mkdir -p .git/info
echo .venv >> .git/info/exclude
test -z "$LENT_CACHE" || printf '[cache]\\n    dir = %s\\n' "$LENT_CACHE" > .dvc/config.local
echo "PYTHONPATH=$PWD/src" >> "$GITHUB_ENV"
"""
# From the server that $ORIGIN names, with the job's token, which stays behind nowhere.
CHECKOUT = """\
git init --quiet --initial-branch=none .
git remote add origin "$ORIGIN"
basic=$(printf 'x-access-token:%s' "$TOKEN" | base64 --wrap=0)
test "$DEPTH" = 0 || { echo "want fetch-depth: 0"; exit 1; }
git -c http.extraHeader="Authorization: Basic $basic" fetch --quiet --tags origin
test "$KEPT" = false || git config http.extraHeader "Authorization: Basic $basic"
if test -n "$REF"; then git checkout --quiet -B "$REF" "origin/$REF"
else git checkout --quiet --detach "$GITHUB_REF"; fi
"""
UPLOAD = """\
mkdir -p "$ARTIFACTS/$NAME"
shopt -s nullglob
for path in $FILES; do cp "$path" "$ARTIFACTS/$NAME"; done
if test "$IF_NONE" = error && test -z "$(ls "$ARTIFACTS/$NAME")"; then echo "no file matches $FILES"; exit 1; fi
"""
DOWNLOAD = """\
shopt -s nullglob
mkdir -p "$TO"
for folder in "$ARTIFACTS"/$PATTERN; do cp -r "$folder/." "$TO"; done
"""
INPUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "checkout": (CHECKOUT, {"REF": "ref", "DEPTH": "fetch-depth", "KEPT": "persist-credentials"}),
    "setup-python": (SETUP_PYTHON, {"VERSION": "python-version"}),
    "upload-artifact": (UPLOAD, {"NAME": "name", "FILES": "path", "IF_NONE": "if-no-files-found"}),
    "download-artifact": (DOWNLOAD, {"PATTERN": "pattern", "TO": "path", "MERGE": "merge-multiple"}),
}


@dataclass(frozen=True)
class Outcome:
    """How a run of a workflow ended.

    Attributes:
        jobs: ``success`` or ``failure`` of every job that ran, by name; what was skipped is not among them.
        said: What the jobs printed, by name.
        artifacts: The folder that holds what they left, one folder each.
    """

    jobs: Mapping[str, str]
    said: Mapping[str, str]
    artifacts: Path

    @property
    def all_said(self) -> str:
        """What all jobs printed, for messages of tests."""
        return "\n".join(f"[{job}]\n{text}" for job, text in self.said.items())


@dataclass(frozen=True)
class Runner:
    """Runs workflows with what another project lends.

    Attributes:
        lent: A project that is set up, and whose DVC cache holds its results.
        home: A folder for all that this writes.
    """

    lent: Path
    home: Path

    def pull_request(
        self, project: Path, job: str | None = None, replaced: Mapping[str, str] | None = None, /, **variables: str
    ) -> Outcome:
        """Run ``ci.yml`` for a pull request against ``main``.

        Args:
            project: A clone whose checked-out commit is the pull request's head.
            job: Runs only this job and what it needs; all jobs without.
            replaced: Commands that stand for all steps of some jobs.
            variables: Added to the environment of all jobs.
        """
        workflow = self.home / "ci.yml"
        workflow.write_text(_with(replaced or {}, (project / CI).read_text(encoding="utf-8")), encoding="utf-8")
        base, head = git(project, "rev-parse", "origin/main"), git(project, "rev-parse", "HEAD")
        request = {"number": 7, "base": {"ref": "main", "sha": base}, "head": {"ref": "change", "sha": head}}
        only = ["--job", job] if job else []
        return self.run("pull_request", {"number": 7, "pull_request": request}, project, workflow, *only, **variables)

    def run(self, event: str, told: Any, project: Path, workflow: Path, *words: str, **variables: str) -> Outcome:
        """Run a workflow for an event to its end.

        Args:
            event: Its name.
            told: What GitHub tells of it.
            project: The repository.
            workflow: The workflow's file.
            words: More arguments of ``act``.
            variables: Added to the environment of all jobs.
        """
        artifacts = self.home / "artifacts"
        shutil.rmtree(artifacts, ignore_errors=True)
        artifacts.mkdir()
        event_file = self.home / "event.json"
        event_file.write_text(json.dumps(told), encoding="utf-8")
        lent = {
            "LENT": str(self.lent),
            "LENT_CACHE": str(self.lent / ".dvc/cache"),
            "ARTIFACTS": str(artifacts),
            "MYPY_CACHE_DIR": os.environ["MYPY_CACHE_DIR"],
        }
        command = [str(ACT), event, "--json", "--workflows", str(workflow), "--eventpath", str(event_file)]
        command += ["--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"]
        command += ["--action-cache-path", str(self.home / "cache"), *words]
        command += [word for name, value in (lent | variables).items() for word in ("--env", f"{name}={value}")]
        own = sorted(project.glob(".github/actions/*/action.yml"))
        used = [use for path in (workflow, *own) for use in USES.findall(path.read_text(encoding="utf-8"))]
        for action, name in dict(used).items():
            if name in INPUTS:
                command += ["--local-repository", f"{action}={self._stand_in(name)}"]
        done = subprocess.run(
            command,
            cwd=project,
            env=os.environ | {"HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        jobs, said = _read(done.stdout)
        assert jobs, done.stdout + done.stderr
        assert (done.returncode == 0) == (set(jobs.values()) == {"success"}), done.stdout + done.stderr
        return Outcome(jobs, said, artifacts)

    def _stand_in(self, name: str) -> Path:
        folder = self.home / name
        if not folder.exists():
            script, inputs = INPUTS[name]
            folder.mkdir()
            given = {variable: "${{ inputs." + asked + " }}" for variable, asked in inputs.items()}
            given |= {"TOKEN": "${{ github.token }}"}
            step = {"shell": "bash", "run": script, "env": given}
            action = {
                "name": name,
                "description": f"What {name} does, on this machine",
                "inputs": {asked: {"description": asked, "required": False} for asked in inputs.values()},
                "runs": {"using": "composite", "steps": [step]},
            }
            (folder / "action.yml").write_text(yaml.safe_dump(action, sort_keys=False))
            git(folder, "init", "--quiet", "--initial-branch=main")
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message", name)
        return folder


def _with(replaced: Mapping[str, str], text: str) -> str:
    """A workflow in which single commands stand for all steps of some jobs."""
    if not replaced:
        return text
    content = yaml.safe_load(text)
    content["on"] = content.pop(True)  # YAML 1.1 takes the word for a truth value
    for job, command in replaced.items():
        content["jobs"][job]["steps"] = [{"run": command}]
    return yaml.safe_dump(content, sort_keys=False)


def _read(printed: str) -> tuple[dict[str, str], dict[str, str]]:
    jobs: dict[str, str] = {}
    said: dict[str, list[str]] = {}
    for line in printed.splitlines():
        entry = json.loads(line)
        if job := entry.get("jobID"):
            said.setdefault(job, []).append(str(entry["msg"]).rstrip("\n"))
            if result := entry.get("jobResult"):
                jobs[job] = result
    return jobs, {job: "\n".join(lines) for job, lines in said.items()}
