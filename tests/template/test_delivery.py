"""From a registered model to production and back, with git as the only state."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.template.generation import git, lend, run, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

FIRST, SECOND = (f"sha256:{letter * 64}" for letter in "ab")
BOT = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (
        ("NAME", "github-actions[bot]"),
        ("EMAIL", "41898282+github-actions[bot]@users.noreply.github.com"),
    )
}
"""Who delivers in CI, as cd.yml says."""
V1, V2 = "flight-delays@v1.0.0", "flight-delays@v2.0.0"


def done(project: Path, *words: str) -> str:
    """Run a verb that has to succeed."""
    found = verb(project, *words, **BOT)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def record(project: Path, criterion: str, *facts: str) -> None:
    """Write a receipt over a command that takes no time: promote asks for receipts, not what is in them."""
    options = [word for fact in facts for word in ("--fact", fact)]
    found = verb(project, "record", criterion, *options, "--", "true")
    assert found.returncode == 0, found.stderr


def prove(project: Path, image: str, model: str) -> None:
    """Record what the build of a version would."""
    record(project, "CQ-02")
    record(project, "TR-06")
    record(project, "TR-14", f"image={image}", f"model={model}")


def excuse(project: Path) -> None:
    """Waive, by name and for a time, what this short walk does not prove."""
    owner = ("--approver=@your-org/your-team", "--link=docs/risk.md")
    done(project, "waive", "--level=3", *owner, "--reason=Excused until the product is live")
    git(project, "commit", "--quiet", "--all", "--message", "Excuse what is not proved yet")


@pytest.fixture(scope="module")
def registered(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walked project with one registered model, everything that is not met excused."""
    project = tmp_path_factory.mktemp("delivery") / walked.name
    shutil.copytree(walked, project, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lend(walked, project)
    for tag in git(project, "tag").split():
        git(project, "tag", "--delete", tag)
    record(project, "CQ-02")
    record(project, "TR-06")
    excuse(project)
    done(project, "register", "1.0.0")
    prove(project, FIRST, V1)
    return project


@pytest.fixture(scope="module")
def story(registered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """v1 goes to production, v2 follows, and is rolled back."""
    project = tmp_path_factory.mktemp("story") / registered.name
    shutil.copytree(registered, project, symlinks=True)
    for environment in ("dev", "staging", "prod"):
        done(project, "promote", "1.0.0", environment)
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n- The same model, told better.\n")
    git(project, "commit", "--quiet", "--all", "--message", "Tell the model better")
    done(project, "register", "2.0.0")
    prove(project, SECOND, V2)
    for environment in ("dev", "staging", "prod"):
        done(project, "promote", "2.0.0", environment)
    done(project, "rollback", "prod", "--reason", "answers are late")
    return project


def overlay(project: Path, environment: str) -> str:
    return (project / f"deploy/overlays/{environment}/kustomization.yaml").read_text(encoding="utf-8")


def test_production_is_told_to_run_the_first_version_again(story: Path) -> None:
    assert FIRST in overlay(story, "prod")
    assert V1 in overlay(story, "prod")
    assert SECOND in overlay(story, "staging")


def test_status_tells_what_runs_where_from_which_data_since_when_and_by_whom(story: Path) -> None:
    told: dict[str, Any] = json.loads(done(story, "status", "--json"))

    rows = {row["environment"]: row for row in told["environments"]}
    assert {name: row["model"] for name, row in rows.items()} == {"dev": V2, "staging": V2, "prod": V1}
    assert {name: row["image"] for name, row in rows.items()} == {"dev": SECOND, "staging": SECOND, "prod": FIRST}
    assert rows["prod"]["commit"] == git(story, "rev-parse", f"{V1}^{{commit}}")
    assert rows["prod"]["since"] == git(story, "log", "-1", "--format=%aI")
    assert {row["by"] for row in rows.values()} == {"github-actions[bot]"}
    assert all(re.fullmatch("[0-9a-f]{64}", row["data"]) for row in rows.values())


def test_the_audit_trail_is_the_history_of_the_overlays(story: Path) -> None:
    subjects = git(story, "log", "--reverse", "--format=%s", "--diff-filter=M", "--", "deploy/overlays").splitlines()

    assert subjects == [
        *(f"Promote {V1} to {environment}" for environment in ("dev", "staging", "prod")),
        *(f"Promote {V2} to {environment}" for environment in ("dev", "staging", "prod")),
        f"Roll prod back to {V1}",
    ]
    assert "Reason: answers are late" in git(story, "log", "-1", "--format=%B")


def test_every_deployment_changes_one_overlay_and_nothing_else(story: Path) -> None:
    commits = git(story, "log", "--format=%H", "--diff-filter=M", "--", "deploy/overlays").split()

    assert all(len(git(story, "show", "--format=", "--name-only", commit).splitlines()) == 1 for commit in commits)


def test_the_registry_is_one_that_gto_reads(story: Path) -> None:
    gto = story / ".venv" / "bin" / "gto"

    told = run([str(gto), "history", "flight-delays", "--json"], story)

    events = [(item["event"], item.get("stage"), item["version"]) for item in json.loads(told.stdout)]
    deployed = [("assignment", stage, name) for name in ("v1.0.0", "v2.0.0") for stage in ("dev", "staging", "prod")]
    again = ("assignment", "prod", "v1.0.0")
    registered = [("registration", None, "v1.0.0"), ("registration", None, "v2.0.0")]
    assert sorted((item for item in events if item[0] in ("assignment", "registration")), key=str) == sorted(
        [*registered, *deployed, again], key=str
    )
    assert git(story, "rev-parse", "flight-delays#prod#7^{commit}") == git(story, "rev-parse", f"{V1}^{{commit}}")


def test_the_reviewer_finds_that_only_the_pipeline_deploys_and_that_production_leads_back(story: Path) -> None:
    told = verb(story, "check", "--select", "TR-13,TR-14,TR-15", "--format", "json")

    [product] = json.loads(told.stdout)["products"]
    found = {item["id"]: item["status"] for part in product["parts"] for item in part["criteria"]}
    assert found == {"TR-13": "pass", "TR-14": "pass", "TR-15": "pass"}


def test_there_is_nothing_before_the_first_version(story: Path) -> None:
    before = git(story, "rev-parse", "HEAD")

    again = verb(story, "rollback", "prod", "--reason", "late again")

    assert again.returncode != 0
    assert f"{V1} is the first version there" in again.stderr
    assert git(story, "rev-parse", "HEAD") == before


@pytest.fixture
def fresh(registered: Path, tmp_path: Path) -> Iterator[Path]:
    project = tmp_path / registered.name
    shutil.copytree(registered, project, symlinks=True)
    before = (git(project, "rev-parse", "HEAD"), git(project, "tag"))
    yield project
    assert (git(project, "rev-parse", "HEAD"), git(project, "tag")) == before, "a refusal changes nothing"


def test_the_real_judge_refuses_a_product_that_is_not_mature_enough(fresh: Path) -> None:
    waivers = fresh / "checklist" / "waivers.yaml"
    waivers.write_text("[]\n", encoding="utf-8")
    git(fresh, "commit", "--quiet", "--all", "--message", "Excuse nothing")

    refused = verb(fresh, "promote", "1.0.0", "dev")

    git(fresh, "reset", "--quiet", "--hard", "HEAD~1")
    assert refused.returncode != 0
    assert "Level 1 is wanted here" in refused.stderr
    assert "DOC-02 fail" in refused.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("1.0.0", "prod"), "has not been in staging"),
        (("3.0.0", "dev"), "is not registered"),
        (("1.0.0", "qa"), "want one of dev, staging, prod"),
        (("1.0.0", "dev", "--image", "shop:latest"), "A tag can be moved"),
        (("1.0.0", "$(touch pwned)"), "want one of dev, staging, prod"),
    ],
)
def test_promote_refuses_with_one_clear_error(fresh: Path, words: tuple[str, ...], reason: str) -> None:
    refused = verb(fresh, "promote", *words)

    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (fresh / "pwned").exists()
