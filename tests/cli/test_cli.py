"""The ``goldenpath`` command, on small repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from goldenpath import __version__
from goldenpath.cli import main
from goldenpath.reports.maturity import FORMATS
from goldenpath.repository.receipts import REF
from goldenpath.review.evidence.receipts import digest
from goldenpath.review.standards import CATALOGUE_VERSION, catalogue
from tests.review.standards.cases import PRODUCT, Repository

MANIFEST = (
    PRODUCT
    + """\
serving: [batch]
deploy:
  environments: [dev, prod]
"""
)
FILES = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    "note.md": "why\n",
    ".gitignore": "out/\n",
}
NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [{"text": "é"}], "source": ["1\n", "2"]},
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
ATTESTABLE = next(item for item in catalogue() if item.attestable and not item.is_anchor)
ANCHOR = next(item for item in catalogue() if item.is_anchor)


def run(*words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), input=stdin)


def refused(result: Result, *says: str) -> None:
    """The input was refused with words, and no traceback."""
    assert result.exit_code == 2, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert all(words in result.output for words in says), result.output


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "churn").mkdir()
    found = Repository(tmp_path / "churn")
    found.git("config", "user.email", "dev@example.com")
    found.git("config", "user.name", "Dev")
    found.commit(FILES)
    return found


def check_json(*words: str | Path) -> tuple[int, list[dict[str, object]]]:
    result = run("check", "--format", "json", *words)
    return result.exit_code, json.loads(result.stdout)["products"]


def test_check_shows_the_level_on_the_terminal_and_is_content(repository: Repository) -> None:
    result = run("check", repository.root)

    assert result.exit_code == 0
    assert result.output.startswith("Churn  ")
    assert "Level 0 of 4" in result.output


def test_check_writes_several_forms_into_a_folder_and_says_so(repository: Repository, tmp_path: Path) -> None:
    words = [word for name in FORMATS for word in ("--format", name)]

    result = run("check", repository.root, *words, "--output", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "out").iterdir()} == {item.file for item in FORMATS.values()}
    assert "Churn: level 0. Written:" in result.stderr


def test_check_writes_each_form_to_its_file_and_dash_is_standard_output(repository: Repository, tmp_path: Path) -> None:
    result = run("check", repository.root, "-f", "json,badge", "-o", "-", "-o", tmp_path / "level.svg")

    assert json.loads(result.stdout)["schema"] == 1
    assert (tmp_path / "level.svg").read_text().startswith("<svg")


def test_a_baseline_tells_the_level_of_the_base_and_every_criterion_that_changed(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({".github/CODEOWNERS": "/docs @acme/churn\n"}, "Ask nobody")

    _, [product] = check_json(repository.root, "--baseline", base)

    changes = {item["id"]: item for item in product["changes"]}
    assert (product["base"], product["base_level"]) == (base, 0)
    assert (changes["CQ-06"]["before"], changes["CQ-06"]["now"]) == ("pass", "fail")
    assert (changes["CQ-06"]["met_before"], changes["CQ-06"]["met"]) == (True, False)
    assert all(item["before"] != item["now"] for item in changes.values())


def test_a_product_that_begins_with_the_change_has_no_level_at_the_base(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    base = repository.commit({"a/golden-path.yaml": MANIFEST})
    repository.commit({"b/golden-path.yaml": MANIFEST.replace("Churn", "Price")})

    _, products = check_json(tmp_path, "--baseline", base)

    assert [(item["name"], item["base_level"], item["changes"]) for item in products] == [
        ("Churn", 0, []),
        ("Price", None, None),
    ]


def test_each_product_of_a_repository_has_a_section(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit(
        {"a/golden-path.yaml": MANIFEST, "b/golden-path.yaml": MANIFEST.replace("Churn", "Price"), "c/x.py": ""}
    )

    _, products = check_json(tmp_path)

    assert [(item["name"], item["folder"]) for item in products] == [("Churn", "a"), ("Price", "b")]


def test_a_folder_without_git_or_commits_is_judged_too(tmp_path: Path) -> None:
    (tmp_path / "explore.ipynb").write_text("{}")

    code, [product] = check_json(tmp_path)

    assert (code, product["level"], product["commit"]) == (0, 0, None)


def test_a_selection_asks_only_what_it_names(repository: Repository) -> None:
    _, [product] = check_json(repository.root, "--select", "doc-01,CQ-07")

    parts = product["parts"]
    assert isinstance(parts, list)
    assert [item["id"] for part in parts for item in part["criteria"]] == ["DOC-01", "CQ-07"]
    assert product["level"] is None


def test_below_the_minimum_level_check_fails_and_names_what_to_do(repository: Repository) -> None:
    result = run("check", repository.root, "--min-level", "1")

    assert result.exit_code == 1
    assert "level too low: level 0, want at least 1" in result.output
    assert run("check", repository.root, "--min-level", "0").exit_code == 0


def test_a_change_that_takes_evidence_away_is_red_and_names_file_and_command(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({"golden-path.yaml": MANIFEST.replace("  contact: churn@example.com\n", "")})

    result = run("check", repository.root, "--baseline", "main")

    assert result.exit_code == 1
    assert "fell back DOC-01" in result.output
    assert "golden-path.yaml" in result.output
    assert "edit golden-path.yaml" in result.output


def test_the_base_is_where_the_lines_parted_not_where_the_other_is_now(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({"src/x.txt": "x"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"golden-path.yaml": None})
    repository.git("checkout", "--quiet", "change")

    result = run("check", repository.root, "--baseline", "main", "-f", "json")

    assert json.loads(result.stdout)["products"][0]["base"] == repository.git("rev-parse", "change~1")
    assert result.exit_code == 0, result.output


def test_a_weakened_judge_is_red(repository: Repository) -> None:
    repository.commit({"golden-path.yaml": MANIFEST.replace("medium", "low")})

    result = run("check", repository.root, "--baseline", "HEAD~1")

    assert result.exit_code == 1
    assert "judge weakened: criticality falls from medium to low" in result.output


def test_a_manifest_that_no_longer_parses_is_red_and_mending_it_is_not(repository: Repository) -> None:
    repository.commit({"golden-path.yaml": "product: [\n"})
    broken = run("check", repository.root, "--baseline", "HEAD~1")
    repository.commit({"golden-path.yaml": MANIFEST})
    mended = run("check", repository.root, "--baseline", "HEAD~1")

    assert broken.exit_code == 1
    assert "the manifest cannot be used any more" in broken.output
    assert mended.exit_code == 0, mended.output


def test_a_manifest_moved_aside_does_not_hide_its_product(repository: Repository) -> None:
    repository.commit({"golden-path.yaml": None, "small/golden-path.yaml": MANIFEST})

    result = run("check", repository.root, "--baseline", "HEAD~1")

    assert result.exit_code == 1
    assert "the manifest is gone" in result.output


def test_a_product_that_begins_with_the_change_has_nothing_to_lose(repository: Repository) -> None:
    repository.commit({"new/golden-path.yaml": MANIFEST, "new/a.ipynb": json.dumps(NOTEBOOK)})

    result = run("check", repository.root / "new", "--baseline", "HEAD~1")

    assert result.exit_code == 0, result.output


def test_without_a_common_commit_the_answer_is_open(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit({"note.md": "other"})

    result = run("check", repository.root, "--baseline", "main")

    assert result.exit_code == 3
    assert "no commit in common" in result.output
    assert "git fetch --unshallow" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--format", "pdf"], "--format pdf: want some of text"),
        (["--format", "md,html"], "2 formats need --output"),
        (["-f", "md,html,json", "-o", "a", "-o", "b"], "3 formats and 2 --output"),
        (["--select", "XX-99"], "--select XX-99: no criterion"),
        (["--select", "DOC-01", "--min-level", "1"], "--select gives no level"),
        (["--baseline", "nowhere"], "--baseline nowhere: no such commit here"),
        (["--baseline", "--output=x"], "--baseline --output=x: no such commit here"),
        (["--min-level", "5"], "--min-level"),
        (["-f", "md", "-o", "/proc/none/x.md"], "cannot be written"),
    ],
)
def test_bad_wishes_are_refused_with_words(repository: Repository, words: Sequence[str], says: str) -> None:
    refused(run("check", repository.root, *words), says)


def test_a_folder_that_is_not_there_is_refused() -> None:
    refused(run("check", "/no/such/folder"), "/no/such/folder")


def test_version_names_the_catalogue_too() -> None:
    result = run("--version")

    assert result.output == f"goldenpath {__version__}, catalogue {CATALOGUE_VERSION}\n"


def test_refusal_names_the_verb_and_drives_no_terminal(repository: Repository) -> None:
    result = run("check", repository.root, "--baseline", "\x1b[31mmain")

    assert result.exit_code == 2
    assert result.stderr.startswith("check failed.\n--baseline \\x1b[31mmain: no such commit here")


def test_a_baseline_needs_a_commit(tmp_path: Path) -> None:
    refused(run("check", tmp_path, "--baseline", "main"), "no commit")


def test_the_trend_and_the_history_show_what_each_commit_gained_and_lost(repository: Repository) -> None:
    repository.commit({".github/CODEOWNERS": "* @acme/other\n"}, "Lose the owner")

    _, [product] = check_json(repository.root, "--trend", "5")
    drawn = run("history", repository.root)

    trend = product["trend"]
    assert isinstance(trend, list)
    assert [len(point["lost"]) > 0 for point in trend] == [False, True]
    assert "DOC-01" in trend[1]["lost"]
    assert "  0 ┼━━━━━━" in drawn.output.splitlines()
    assert "Lose the owner" in drawn.output
    assert "-DOC-01" in drawn.output


def test_history_needs_commits(tmp_path: Path) -> None:
    refused(run("history", tmp_path), "has no commits")


def test_check_as_json_imports_nothing_that_only_other_forms_need(repository: Repository) -> None:
    code = (
        "import sys; from goldenpath.cli import main\n"
        "try: main(['check', sys.argv[1], '-f', 'json'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'rich', 'jinja2', 'cookiecutter', 'ruamel'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, repository.root], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_every_criterion_can_be_explained(item: type) -> None:
    result = run("explain", item.id.lower())

    assert result.exit_code == 0
    assert all(label in result.output for label in ("level", "looked at", "fix", "effort"))


def test_an_unknown_id_is_refused_with_what_is_near_it() -> None:
    refused(run("explain", "DOC-00"), "there is no criterion DOC-00; near it: DOC-")


def test_a_waiver_is_added_and_comments_stay(repository: Repository) -> None:
    before = "# Agreed in the review of May.\n- id: CQ-07 # soon\n  approver: '@acme/churn'\n"
    repository.commit({"checklist/waivers.yaml": before})

    words = ["--approver", "@acme/churn", "--reason", "no load: yet", "--link", "note.md", "--days", "30"]
    result = run("waive", "DOC-01", *words, "--path", repository.root)

    text = (repository.root / "checklist/waivers.yaml").read_text()
    assert result.exit_code == 0, result.output
    assert text.startswith(before)
    entry = yaml.safe_load(text)[1]
    assert (entry["id"], entry["reason"], (entry["expires"] - entry["when"]).days) == ("DOC-01", "no load: yet", 30)


@pytest.mark.parametrize(
    "before", ["", "[]\n", "# Nothing yet.\n[]  # none\n", "---\n", "  - id: X\n    by: y\n", None]
)
def test_an_attestation_is_added_to_a_file_of_any_layout(repository: Repository, before: str | None) -> None:
    repository.commit({"checklist/attestations.yaml": before})

    words = ["--by", "@acme/churn", "--statement", "Seen.", "--link", "https://example.com/1"]
    result = run("attest", ATTESTABLE.id, *words, "--path", repository.root)

    assert result.exit_code == 0, result.output
    entries = yaml.safe_load((repository.root / "checklist/attestations.yaml").read_text())
    assert entries[-1]["id"] == ATTESTABLE.id
    assert (entries[-1]["expires"] - entries[-1]["when"]).days == ATTESTABLE.attestable


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"--approver": "@ghost"}, "whom CODEOWNERS does not name"),
        ({"--days": "91"}, "from 1 to 90 days"),
        ({"--days": "0"}, "from 1 to 90 days"),
        ({"--reason": "  "}, "lacks reason"),
        ({"--link": "nowhere.md"}, "a file of the product"),
        ({"--link": "javascript:alert(1)"}, "https://"),
    ],
)
def test_a_waiver_that_could_never_count_is_refused(repository: Repository, changed: dict[str, str], says: str) -> None:
    options = {"--approver": "@acme/churn", "--reason": "why", "--link": "note.md"} | changed

    result = run("waive", "DOC-01", "--path", repository.root, *(word for pair in options.items() for word in pair))

    refused(result, says)
    assert not (repository.root / "checklist").exists()


def waive_level(repository: Repository, level: str, **changed: str) -> Result:
    options = {"approver": "@acme/churn", "reason": "No users yet", "link": "note.md", "days": "30"} | changed
    words = [f"--{name}={text}" for name, text in options.items()]
    return run("waive", "--level", level, *words, "--path", repository.root)


def statuses(repository: Repository) -> dict[str, tuple[int, str]]:
    """Level and status of every criterion."""
    _, [product] = check_json(repository.root)
    criteria = [item for part in product["parts"] for item in part["criteria"]]
    return {item["id"]: (item["level"], item["status"]) for item in criteria}


def test_a_level_is_excused_by_one_entry_for_each_criterion_that_is_not_met(repository: Repository) -> None:
    before = statuses(repository)
    unmet = {name for name, (level, status) in before.items() if level <= 1 and status in ("fail", "unknown")}

    result = waive_level(repository, "1")

    entries = yaml.safe_load((repository.root / "checklist/waivers.yaml").read_text())
    assert result.exit_code == 0, result.output
    assert {item["id"] for item in entries} == unmet
    assert len(entries) == len(unmet) > 5
    assert all((item["expires"] - item["when"]).days == 30 for item in entries)
    assert all(f"{name} " in result.output for name in unmet)
    assert "the level stays 0" in result.output
    assert {name for name, (_, status) in statuses(repository).items() if status == "waived"} == unmet


def test_what_a_level_excuses_lets_the_gate_pass_and_raises_no_level(repository: Repository) -> None:
    waive_level(repository, "1")

    code, [product] = check_json(repository.root, "--min-level", "1")

    assert code == 0
    assert (product["level"], product["level_with_waivers"]) == (0, 1)


def test_what_is_excused_for_as_long_already_gets_no_second_entry(repository: Repository) -> None:
    waive_level(repository, "1")
    before = (repository.root / "checklist/waivers.yaml").read_text()

    again = waive_level(repository, "1")

    assert again.exit_code == 0
    assert "Nothing to excuse" in again.output
    assert (repository.root / "checklist/waivers.yaml").read_text() == before


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"approver": "@ghost"}, "whom CODEOWNERS does not name"),
        ({"days": "91"}, "from 1 to 90 days"),
        ({"reason": "  "}, "lacks reason"),
        ({"link": "nowhere.md"}, "a file of the product"),
    ],
)
def test_a_level_is_not_excused_in_part(repository: Repository, changed: dict[str, str], says: str) -> None:
    refused(waive_level(repository, "3", **changed), says)

    assert not (repository.root / "checklist").exists()


@pytest.mark.parametrize("words", [[], ["DOC-01", "--level", "3"]], ids=["neither", "both"])
def test_a_waiver_is_of_one_criterion_or_of_a_level(repository: Repository, words: list[str]) -> None:
    options = ["--approver", "@acme/churn", "--reason", "why", "--link", "note.md", "--path", str(repository.root)]

    refused(run("waive", *words, *options), "want an ID or --level")


def test_an_anchor_cannot_be_attested(repository: Repository) -> None:
    words: list[str | Path] = [
        "--by",
        "@acme/churn",
        "--statement",
        "x",
        "--link",
        "note.md",
        "--path",
        repository.root,
    ]

    refused(run("attest", ANCHOR.id, *words), "is an anchor")


def test_a_file_that_cannot_be_added_to_is_left_as_it_is(repository: Repository) -> None:
    repository.commit({"checklist/waivers.yaml": "[{id: X}]\n"})

    words: list[str | Path] = [
        "--approver",
        "@acme/churn",
        "--reason",
        "x",
        "--link",
        "note.md",
        "--path",
        repository.root,
    ]
    refused(run("waive", "DOC-01", *words), "write one entry a line")

    assert (repository.root / "checklist/waivers.yaml").read_text() == "[{id: X}]\n"


def notes(repository: Repository) -> list[dict[str, object]]:
    return [json.loads(line) for line in repository.git("notes", f"--ref={REF}", "show", "HEAD").splitlines()]


JUNIT = '<testsuite><testcase classname="tests.a" name="x"/><testcase name="y"><skipped/></testcase></testsuite>'
COBERTURA = (
    '<coverage><packages><package><classes><class filename="src/a.py"><lines><line number="1" hits="1"/>'
    '<line number="2" hits="0"/></lines></class></classes></package></packages></coverage>'
)


def test_a_receipt_holds_what_the_command_proved(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.root)
    script = (
        f"import os; os.mkdir('out'); open('out/j.xml', 'w').write('''{JUNIT}'''); "
        f"open('out/c.xml', 'w').write('''{COBERTURA}'''); "
        "open(os.environ['GOLDENPATH_FACTS'], 'w').write('{\"own\": 1}')"
    )
    options = ["--fact", "rows=10", "--fact", "by=me", "--junit", "out/j.xml", "--coverage", "out/c.xml"]

    result = run("record", "CQ-02", *options, "--artifact", "note.md", "--", sys.executable, "-c", script)

    assert result.exit_code == 0, result.output
    [receipt] = notes(repository)
    assert receipt["id"] == "CQ-02"
    assert receipt["commit"] == repository.git("rev-parse", "HEAD")
    assert receipt["tree"] == repository.git("rev-parse", "HEAD^{tree}")
    assert receipt["exit_code"] == 0
    assert receipt["artifacts"] == {"note.md": digest(b"why\n")}
    assert receipt["facts"] == {
        "tests": 2,
        "failures": 0,
        "errors": 0,
        "skipped": 1,
        "passed_by_module": {"tests.a": 1},
        "coverage": {"src/a.py": [1, 2]},
        "own": 1,
        "rows": 10,
        "by": "me",
    }


def test_in_ci_the_receipt_names_the_run_and_who_started_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "ACTIONS": "true",
        "ACTOR": "octo",
        "SERVER_URL": "https://git.example",
        "REPOSITORY": "a/b",
        "RUN_ID": "7",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    for name in ("user.email", "user.name"):
        repository.git("config", "--unset", name)
    repository.git("config", "user.useConfigOnly", "true")
    monkeypatch.setenv("HOME", str(repository.root.parent))

    result = run("record", "CQ-02", "--path", repository.root, "--", "true")

    assert result.exit_code == 0, result.output
    [receipt] = notes(repository)
    assert (receipt["who"], receipt["run"]) == ("octo (GitHub Actions)", "https://git.example/a/b/actions/runs/7")


def test_a_command_that_fails_leaves_a_receipt_that_says_so_and_its_exit_code(repository: Repository) -> None:
    result = run("record", "CQ-02", "--junit", "never.xml", "--path", repository.root, "--", "sh", "-c", "exit 7")

    assert result.exit_code == 7
    assert "does not count: exit code 7" in result.output
    assert notes(repository)[0]["exit_code"] == 7


def test_nothing_is_recorded_on_a_work_tree_that_differs_from_the_commit(repository: Repository) -> None:
    (repository.root / "note.md").write_text("changed\n")
    changed = run("record", "CQ-02", "--path", repository.root, "--", "true")
    repository.git("checkout", "--quiet", "note.md")
    (repository.root / "conftest.py").write_text("new\n")
    new = run("record", "CQ-02", "--path", repository.root, "--", "true")

    refused(changed, "commit, stash or ignore note.md")
    refused(new, "commit, stash or ignore conftest.py")
    assert repository.git("notes", f"--ref={REF}", "list") == ""


def test_nothing_is_recorded_where_there_is_no_commit(tmp_path: Path) -> None:
    refused(run("record", "CQ-02", "--path", tmp_path, "--", "true"), "is in no git repository")
    Repository(tmp_path)
    refused(run("record", "CQ-02", "--path", tmp_path, "--", "true"), "there is no commit yet")


def test_a_report_that_the_command_did_not_write_proves_nothing(repository: Repository, tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text(JUNIT)
    os.utime(old, (1_000_000_000, 1_000_000_000))
    missing = tmp_path / "missing.xml"

    stale = run("record", "CQ-02", "--junit", old, "--path", repository.root, "--", "true")
    absent = run("record", "CQ-02", "--junit", missing, "--path", repository.root, "--", "true")

    refused(stale, "was there before the command ran")
    refused(absent, "has not written it")
    assert repository.git("notes", f"--ref={REF}", "list") == ""


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--junit", "<a", "is not JUnit XML"),
        ("--coverage", "<a", "is not a report of `coverage xml`"),
        ("--coverage", "{}", "is not a report of `coverage xml`"),
        ("--json", "[1]", "want an object"),
        ("--json", "{", "is not JSON"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused(
    repository: Repository, tmp_path: Path, option: str, content: str, says: str
) -> None:
    file = tmp_path / "report"
    command = [sys.executable, "-c", f"open({str(file)!r}, 'w').write({content!r})"]

    refused(run("record", "CQ-02", option, file, "--path", repository.root, "--", *command), says)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["CQ-02", "--", "no-such-program"], "cannot be started"),
        (["CQ-02", "--fact", "rows", "--", "true"], "want name=value"),
        (["CQ-02", "--artifact", "/etc/hostname", "--", "true"], "lies outside of the product"),
        (["CQ-02"], "Missing argument 'COMMAND...'"),
        (["XX-02", "--", "true"], "there is no criterion XX-02"),
    ],
)
def test_what_cannot_be_recorded_is_refused(repository: Repository, words: Sequence[str], says: str) -> None:
    refused(run("record", "--path", repository.root, *words), says)
