from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery import deployment_history, desired_state
from goldenpath.delivery.promote import promote
from goldenpath.delivery.rollback import rollback
from goldenpath.project.errors import ProjectError
from tests.command import goldenpath
from tests.delivery.delivered_product import commit, digest, git, opened, overlay, register, state_of


@pytest.fixture(scope="module")
def promoted(start: Path, mature: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions, one after the other, in dev. Do not write to it; see ``three``."""
    with pytest.MonkeyPatch.context() as patch:
        shop = opened(start, tmp_path_factory.mktemp("promoted"), patch)
        for number, letter in (("1.0.0", "a"), ("1.1.0", "b"), ("1.2.0", "c")):
            register(shop, number, built=letter)
            promote(shop, number, "dev", judge=mature)
    return shop


@pytest.fixture
def three(promoted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the product with three versions, as the working directory."""
    return opened(promoted, tmp_path, monkeypatch)


def test_what_ran_before_runs_again_to_the_byte(three: Path) -> None:
    before = git(three, "show", "HEAD~2:deploy/overlays/dev/kustomization.yaml")

    rollback(three, "dev", "answers are late")

    assert overlay(three, "dev").read_text().strip() == before
    assert git(three, "diff", "--name-only", "HEAD~1") == "deploy/overlays/dev/kustomization.yaml"


def test_said_again_it_goes_one_promotion_further_back(three: Path) -> None:
    rollback(three, "dev", "answers are late")

    rollback(three, "dev", "still late")

    assert desired_state.read(three, "dev").image.digest == digest("a")


def test_the_commit_says_who_why_and_what_it_takes_back(three: Path) -> None:
    promotion = git(three, "rev-parse", "HEAD")

    rollback(three, "dev", "answers are late;\nsee the log")

    message = git(three, "log", "-1", "--format=%an: %B")
    assert message.startswith("Ada: Roll dev back to shop@v1.1.0")
    assert f"This reverts commit {promotion}." in message
    assert "Reason: answers are late; see the log" in message


def test_the_registry_says_that_the_older_version_is_in_the_stage_again(three: Path) -> None:
    rollback(three, "dev", "answers are late")

    assert git(three, "rev-parse", "shop#dev#4^{commit}") == git(three, "rev-parse", "shop@v1.1.0^{commit}")
    assert "answers are late" in git(three, "tag", "--list", "--format=%(contents)", "shop#dev#4")


def test_a_version_may_come_again_after_a_rollback_and_be_taken_back_again(three: Path, mature: list[str]) -> None:
    rollback(three, "dev", "answers are late")
    promote(three, "1.2.0", "dev", judge=mature)

    rollback(three, "dev", "late again")

    assert desired_state.read(three, "dev").model == "shop@v1.1.0"


def test_a_revert_by_hand_counts_as_one(three: Path) -> None:
    git(three, "revert", "--no-edit", "HEAD")

    rollback(three, "dev", "answers are late")

    assert desired_state.read(three, "dev").model == "shop@v1.0.0"


def test_it_asks_nothing_of_the_judge_and_keeps_what_people_changed(three: Path) -> None:
    path = overlay(three, "dev")
    path.write_text(path.read_text() + "nameSuffix: -x\n")
    commit(three)

    rollback(three, "dev", "answers are late")

    assert desired_state.read(three, "dev").model == "shop@v1.1.0"
    assert path.read_text().endswith("nameSuffix: -x\n")


def test_there_is_nothing_before_the_first_version(three: Path) -> None:
    rollback(three, "dev", "late")
    rollback(three, "dev", "late")
    before = state_of(three)

    with pytest.raises(ProjectError, match=r"shop@v1\.0\.0 is the first version there"):
        rollback(three, "dev", "late")

    assert state_of(three) == before


@pytest.mark.parametrize(
    ("environment", "reason", "words"),
    [
        ("dev", " ", "--reason is empty"),
        ("qa", "late", "want one of dev, staging, prod"),
        ("prod", "late", "nothing was promoted that could be taken back"),
    ],
)
def test_a_refusal_changes_nothing(three: Path, environment: str, reason: str, words: str) -> None:
    before = state_of(three)

    with pytest.raises(ProjectError, match=words):
        rollback(three, environment, reason)

    assert state_of(three) == before


def test_an_unclean_work_tree_is_refused_without_a_traceback(three: Path) -> None:
    (three / "new.txt").write_text("")

    ended = goldenpath("rollback", "dev", "--reason", "late")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("rollback failed.\nNot committed: new.txt")


def test_the_command_shows_the_overlay_that_it_changed(three: Path) -> None:
    ended = goldenpath("rollback", "dev", "--reason", "late")

    assert ended.exit_code == 0, ended.stderr
    assert "deploy/overlays/dev/kustomization.yaml" in ended.stdout


def test_a_shallow_clone_is_refused(three: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", three.as_uri(), "shallow")

    with pytest.raises(ProjectError, match="git fetch --unshallow"):
        deployment_history.changes(tmp_path / "shallow", "dev")
