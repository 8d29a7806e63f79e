"""What calls the tool, really run: the pre-commit hook, the GitHub action, repo-review, commands in documents."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from repo_review.processor import Result as Shown
from repo_review.processor import collect_all, process

from goldenpath.reports.maturity import FORMATS
from goldenpath.reports.maturity.repo_review import NEEDS_HISTORY, READABLE
from goldenpath.review.product.product import open_product
from goldenpath.review.review import review
from goldenpath.review.standards import catalogue
from goldenpath.review.standards.criterion import Proof
from goldenpath.review.standards.verdict import Status
from tests.review.standards.cases import PRODUCT, Repository
from tests.template.generation import TEMPLATE, commit_template

MANIFEST = (
    PRODUCT
    + """\
serving: [batch]
deploy:
  environments: [dev, prod]
"""
)
MAKEFILE = """\
.PHONY: test
test:
	@mkdir -p reports
	@cp suite/*.xml reports/
"""
JUNIT = '<testsuite tests="1"><testcase classname="tests.test_churn" name="test_churn" /></testsuite>'
COVERAGE = """\
<coverage><packages><package><classes><class filename="src/churn.py">
<lines><line number="1" hits="1" /></lines>
</class></classes></package></packages></coverage>
"""
FILES = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- The first model, which reads every customer.\n",
    "Makefile": MAKEFILE,
    "suite/junit.xml": JUNIT,
    "suite/coverage.xml": COVERAGE,
    "note.md": "why\n",
    ".gitignore": "reports/\n",
}
BIN = Path(sys.executable).parent
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A small product on a branch of its own, with a remote that holds its main branch."""
    (tmp_path / "churn").mkdir()
    found = Repository(tmp_path / "churn")
    found.commit(FILES)
    subprocess.run(["git", "clone", "--quiet", "--bare", found.root, tmp_path / "origin.git"], check=True)
    found.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    found.git("fetch", "--quiet", "origin")
    found.git("switch", "--quiet", "--create", "change")
    return found


def run(command: list[str], folder: Path, **variables: str) -> Done:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    base = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        command, cwd=folder, env={**base, "PATH": path, **variables}, capture_output=True, text=True, check=False
    )


# The pre-commit hook -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hook_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as pre-commit clones it."""
    return commit_template(tmp_path_factory.mktemp("hook") / "golden-path")


def try_hook(source: Path, repository: Repository) -> Done:
    """Install the hook and run it. Its dependencies are those of this environment: tests use no network."""
    return run(
        [str(BIN / "pre-commit"), "try-repo", str(source), "goldenpath", "--hook-stage", "pre-push", "--all-files"],
        repository.root,
        PRE_COMMIT_HOME=str(source.parent / "pre-commit"),
        PYTHONPATH=sysconfig.get_path("purelib"),
        PIP_NO_DEPS="1",
        PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0",  # pip's own way of saying: do not isolate
    )


@pytest.mark.xdist_group("hook")
def test_the_hook_lets_a_change_pass_that_keeps_what_was_met(hook_source: Path, repository: Repository) -> None:
    repository.commit({"note.md": "why, in more words\n"})

    done = try_hook(hook_source, repository)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"goldenpath check\.+Passed", done.stdout)


@pytest.mark.xdist_group("hook")
def test_the_hook_refuses_a_change_that_falls_back_and_names_the_file(
    hook_source: Path, repository: Repository
) -> None:
    repository.commit({"CHANGELOG.md": None})

    done = try_hook(hook_source, repository)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "DOC-04" in done.stdout
    assert "CHANGELOG.md" in done.stdout


# The action ----------------------------------------------------------------------------------------------------------


ACTION: dict[str, Any] = yaml.safe_load((TEMPLATE / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """The action as a runner checks it out, with the tool already installed."""
    folder = tmp_path / "action"
    (folder / "requirements").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements/dev.txt"):
        shutil.copy2(TEMPLATE / name, folder / name)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(BIN)
    (folder / ".venv" / ".ready").touch()
    return folder


def run_action(action: Path, workspace: Path, **inputs: str) -> tuple[Done, str]:
    """Run the shell steps of the action as a runner does; return the last, or the first that fails, and the summary."""
    summary = action.parent / "summary.md"
    summary.touch()
    values = {name: inputs.get(name.replace("-", "_"), given["default"]) for name, given in ACTION["inputs"].items()}
    done = None
    for step in STEPS:
        if "run" not in step:
            continue
        variables = {name: _filled(text, values) for name, text in step["env"].items()}
        done = run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            workspace,
            **variables,
            GITHUB_ACTION_PATH=str(action),
            GITHUB_STEP_SUMMARY=str(summary),
        )
        if done.returncode:
            break
    assert done is not None
    return done, summary.read_text(encoding="utf-8")


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    found = re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: inputs[match[1]], text)
    return found.replace("${{ steps.python.outputs.python-path }}", sys.executable)


def test_the_action_uses_actions_by_commit_and_no_expression_inside_shell() -> None:
    text = (TEMPLATE / "action.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: *(.*)", text)

    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_the_action_writes_the_reports_and_the_summary(action: Path, repository: Repository) -> None:
    done, summary = run_action(action, repository.root, formats="html,sarif")

    assert done.returncode == 0, done.stdout + done.stderr
    folder = repository.root / "goldenpath-report"
    assert {path.name for path in folder.iterdir()} == {FORMATS[name].file for name in ("md", "html", "sarif")}
    assert summary == (folder / FORMATS["md"].file).read_text(encoding="utf-8")
    assert "Churn: level 0 of 4" in summary


def test_the_action_fails_below_the_level_asked_for_and_still_tells_why(action: Path, repository: Repository) -> None:
    done, summary = run_action(action, repository.root, min_level="1")

    assert done.returncode == 1
    assert "want at least 1" in summary


def test_the_action_fails_where_a_change_falls_back(action: Path, repository: Repository) -> None:
    repository.commit({"CHANGELOG.md": None})

    done, summary = run_action(action, repository.root, baseline="origin/main", formats="md")

    assert done.returncode == 1
    assert "Gate red" in summary
    assert "DOC-04" in summary


def test_the_action_speaks_of_a_baseline_that_is_not_there(action: Path, repository: Repository) -> None:
    done, _ = run_action(action, repository.root, baseline="origin/gone")

    assert done.returncode == 2
    assert "no such commit here" in done.stderr


def test_the_action_fetches_receipts_and_keeps_those_of_its_own_job(action: Path, repository: Repository) -> None:
    theirs = repository.receipt("CQ-05", {"who": "another job"})
    repository.git("push", "--quiet", "origin", "refs/notes/goldenpath")
    repository.git("update-ref", "-d", "refs/notes/goldenpath")
    ours = repository.receipt("CQ-06", {"who": "this job"})

    done, _ = run_action(action, repository.root)

    assert done.returncode == 0, done.stdout + done.stderr
    notes = repository.git("notes", "--ref=goldenpath", "show", "HEAD").splitlines()
    assert {json.loads(line)["id"] for line in notes} == {theirs.id, ours.id}


def test_the_action_warns_where_receipts_cannot_be_fetched(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", str(repository.root.parent / "gone.git"))
    fetch = next(step for step in STEPS if step.get("name") == "Fetch the receipts")

    done = run(["bash", "-e", "-o", "pipefail", "-c", fetch["run"]], repository.root, FOLDER=".")

    assert done.returncode == 0
    assert done.stdout.startswith("::warning")


# repo-review ---------------------------------------------------------------------------------------------------------


def shown(root: Any) -> dict[str, Shown]:
    """What repo-review shows of our criteria, other plugins left out."""
    ours = {item.id for item in catalogue()}
    return {result.name: result for result in process(root).results if result.name in ours}


@pytest.mark.filterwarnings("error:.*modified the input fixtures")
def test_repo_review_shows_the_criteria_that_reading_settles_as_the_review_judges_them(repository: Repository) -> None:
    verdicts = {result.criterion.id: result.status for result in review(open_product(repository.root)).results}

    found = shown(repository.root)

    readable = {item.id for item in catalogue() if set(item.proofs) == {Proof.PARSED}}
    assert set(found) == readable
    for name, result in found.items():
        judged = found[name].result is not None
        assert not judged or result.result is verdicts[name].counts, name
        assert judged or verdicts[name] in (Status.UNKNOWN, Status.WAIVED), name


def test_repo_review_is_told_why_where_and_what_to_do(repository: Repository) -> None:
    repository.commit({"CHANGELOG.md": None})

    result = shown(repository.root)["DOC-04"]

    assert result.result is False
    assert result.err_msg == "there is no changelog.\n\n- `CHANGELOG.md`: is missing\n\nFix: edit `CHANGELOG.md`."


def test_what_is_waived_is_skipped_and_not_shown_as_met(repository: Repository) -> None:
    repository.commit({"CHANGELOG.md": None})
    words = ["--approver", "@acme/churn", "--reason", "Not yet", "--link", "note.md"]
    waived = run([str(BIN / "goldenpath"), "waive", "DOC-04", *words], repository.root)
    assert waived.returncode == 0, waived.stderr

    assert shown(repository.root)["DOC-04"].result is None


def test_names_of_a_stranger_cannot_make_markup(tmp_path: Path) -> None:
    (tmp_path / "golden-path.yaml").write_text(MANIFEST.replace("batch", "'<img src=x>'"), encoding="utf-8")

    messages = [result.md_as_html().err_msg for result in shown(tmp_path).values()]

    assert any("&lt;img src=x&gt;" in message for message in messages)
    assert not any("<img" in message for message in messages)


@dataclass(frozen=True)
class Elsewhere(Traversable):
    """Files that lie on no disk, as repo-review reads them from a forge."""

    files: Mapping[str, bytes]
    path: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def iterdir(self) -> Iterator[Elsewhere]:
        below = f"{self.path}/" if self.path else ""
        for name in sorted({path[len(below) :].partition("/")[0] for path in self.files if path.startswith(below)}):
            yield self.joinpath(name)

    def joinpath(self, *descendants: Any) -> Elsewhere:
        return Elsewhere(self.files, "/".join(filter(None, (self.path, *descendants))))

    def is_dir(self) -> bool:
        return any(path.startswith(f"{self.path}/") for path in self.files)

    def is_file(self) -> bool:
        return self.path in self.files

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
        return BytesIO(self.files[self.path]) if "b" in mode else StringIO(self.read_text())

    def read_bytes(self) -> bytes:
        return self.files[self.path]

    def read_text(self, encoding: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8")


def test_files_without_a_folder_are_judged_alike_and_what_needs_history_is_skipped(repository: Repository) -> None:
    files = {path: (repository.root / path).read_bytes() for path in repository.git("ls-files").splitlines()}

    on_disk, elsewhere = shown(repository.root), shown(Elsewhere(files))

    assert {name for name, result in elsewhere.items() if result.result is None} >= NEEDS_HISTORY
    assert {name: result.result for name, result in elsewhere.items() if name not in NEEDS_HISTORY} == {
        name: result.result for name, result in on_disk.items() if name not in NEEDS_HISTORY
    }


def test_every_check_is_listed_without_a_repository() -> None:
    listed = collect_all()

    assert {item.id for item in READABLE} <= set(listed.checks)
    assert [listed.families[name]["name"] for name in ("DOC", "SEC")] == [
        "Golden path: documentation",
        "Golden path: security & governance",
    ]


# The documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["evidence.md", "meeting.md"])
def test_the_commands_of_the_documents_work(name: str, repository: Repository) -> None:
    repository.receipt("CQ-06")
    repository.git("push", "--quiet", "origin", "refs/notes/goldenpath")
    text = (TEMPLATE / "docs" / "review" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)

    done = run(["bash", "-e", "-o", "pipefail", "-c", "\n".join(blocks)], repository.root)

    assert blocks
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_of_the_readme_work(repository: Repository, tmp_path: Path) -> None:
    text = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    commands = "\n".join(line for line in text.splitlines() if line.startswith(".venv/bin/goldenpath "))

    here = commands.replace(".venv/bin/", "").replace("../your-project", str(repository.root))
    done = run(["bash", "-e", "-o", "pipefail", "-c", here], tmp_path)

    assert commands
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "review.html").is_file()
