from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from goldenpath.delivery import desired_state
from goldenpath.delivery.promote import promote
from goldenpath.delivery.rollback import rollback
from goldenpath.project.errors import ProjectError
from tests.command import goldenpath
from tests.delivery.delivered_product import (
    NOTES,
    commit,
    digest,
    git,
    image,
    judge,
    overlay,
    record,
    register,
    state_of,
)


def through(shop: Path, judge: list[str], *environments: str, version: str = "1.0.0") -> None:
    for environment in environments:
        promote(shop, version, environment, judge=judge)


def test_a_promotion_is_one_commit_that_changes_only_the_overlay(shop: Path, mature: list[str]) -> None:
    register(shop, "1.0.0")
    before = git(shop, "rev-parse", "HEAD")

    promote(shop, "1.0.0", "dev", image("a"), judge=mature)

    assert git(shop, "rev-parse", "HEAD~1") == before
    assert git(shop, "diff", "--name-only", "HEAD~1") == "deploy/overlays/dev/kustomization.yaml"
    assert git(shop, "log", "-1", "--format=%s") == "Promote shop@v1.0.0 to dev"
    assert desired_state.read(shop, "dev") == desired_state.DesiredState(
        desired_state.image(image("a"), "test"), "shop@v1.0.0"
    )
    assert git(shop, "status", "--porcelain") == ""


@pytest.mark.parametrize(("version", "expected"), [("1.0.0", "promoted=true\n"), ("1.1.0", "")])
def test_the_gate_tells_a_workflow_what_is_there_already(
    shop: Path, mature: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, expected: str
) -> None:
    register(shop, "1.0.0", built="a")
    through(shop, mature, "dev")
    register(shop, "1.1.0", built="b")
    before = state_of(shop)
    output = tmp_path / "output"
    output.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monkeypatch.setattr("goldenpath.delivery.promote.promote", partial(promote, judge=mature))

    ended = goldenpath("promote", version, "dev", "--dry-run")

    assert ended.exit_code == 0, ended.stderr
    assert output.read_text() == expected
    assert state_of(shop) == before


def test_the_registry_says_the_stage_on_the_commit_of_the_version(shop: Path, mature: list[str]) -> None:
    tag = register(shop, "1.0.0", built="a")

    through(shop, mature, "dev", "staging")

    assert git(shop, "tag", "--list", "shop#*").split() == ["shop#dev#1", "shop#staging#2"]
    assert git(shop, "rev-parse", "shop#staging#2^{commit}") == git(shop, "rev-parse", tag + "^{commit}")


def test_the_image_comes_from_the_receipt_of_the_build(shop: Path, mature: list[str]) -> None:
    register(shop, "1.0.0", built="b")

    through(shop, mature, "dev")

    assert desired_state.read(shop, "dev").image.digest == digest("b")


def test_the_same_image_goes_all_the_way(shop: Path, mature: list[str]) -> None:
    register(shop, "1.0.0", built="b")

    through(shop, mature, "dev", "staging", "prod")

    assert {desired_state.read(shop, name).image.digest for name in ("dev", "staging", "prod")} == {digest("b")}


def test_a_version_that_was_replaced_before_may_still_move_up(registered: Path, mature: list[str]) -> None:
    through(registered, mature, "dev")
    register(registered, "1.1.0", built="b")
    through(registered, mature, "dev", version="1.1.0")

    through(registered, mature, "staging", version="1.0.0")

    assert desired_state.read(registered, "staging").model == "shop@v1.0.0"


def test_a_dry_run_judges_and_changes_nothing(registered: Path, mature: list[str]) -> None:
    before = state_of(registered)

    answer = promote(registered, "1.0.0", "dev", dry_run=True, judge=mature)

    assert "would let it pass" in answer
    assert state_of(registered) == before


def nothing(shop: Path) -> None:
    """The product as it is."""


def untidy(shop: Path) -> None:
    (shop / "new.txt").write_text("")


def elsewhere(shop: Path) -> None:
    git(shop, "checkout", "--quiet", "-b", "other", "HEAD~1")


def no_tests(shop: Path) -> None:
    git(shop, "notes", f"--ref={NOTES}", "remove", "HEAD")


def failed_tests(shop: Path) -> None:
    record(shop, git(shop, "rev-parse", "HEAD"), "CQ-02", exit_code=2, when="2026-03-06T00:00:00+00:00")


@pytest.mark.parametrize(
    ("arrange", "version", "environment", "image_name", "words"),
    [
        (nothing, "", "dev", "", "shop@v is not registered"),
        (
            nothing,
            "9.9.9",
            "dev",
            "",
            r"shop@v9\.9\.9 is not registered; registered are shop@v1\.0\.0.*golden",
        ),
        (nothing, "1.0.0", "qa", "", "want one of dev, staging, prod"),
        (nothing, "1.0.0", "staging", "", "has not been in dev.*goldenpath promote 1.0.0 dev"),
        (nothing, "1.0.0", "dev", "shop:latest", "A tag can be moved"),
        (untidy, "1.0.0", "dev", "", r"Not committed: new\.txt"),
        (elsewhere, "1.0.0", "dev", "", "not part of this history.*git merge shop@v1"),
        (no_tests, "1.0.0", "dev", image("a"), "no receipt of CQ-02.*goldenpath record CQ-02"),
        (
            no_tests,
            "1.0.0",
            "dev",
            "",
            "which image holds it is not known.*record TR-14 -- goldenpath image build --push",
        ),
        (failed_tests, "1.0.0", "dev", "", "`make it` failed on its commit"),
    ],
)
def test_a_refusal_says_how_to_mend_it_and_changes_nothing(
    registered: Path,
    mature: list[str],
    arrange: Callable[[Path], None],
    version: str,
    environment: str,
    image_name: str,
    words: str,
) -> None:
    arrange(registered)
    before = state_of(registered)

    with pytest.raises(ProjectError, match=words):
        promote(registered, version, environment, image_name, judge=mature)

    assert state_of(registered) == before


def test_a_version_that_was_taken_back_is_refused_with_the_reason(registered: Path, mature: list[str]) -> None:
    through(registered, mature, "dev", "staging")
    register(registered, "1.1.0", built="b")
    through(registered, mature, "dev", "staging", version="1.1.0")
    rollback(registered, "staging", "answers are late")

    with pytest.raises(ProjectError, match=r"1\.1\.0 was taken back from staging on .* by Ada: answers are late"):
        through(registered, mature, "prod", version="1.1.0")


def test_another_image_than_the_one_that_was_tried_is_refused(registered: Path, mature: list[str]) -> None:
    through(registered, mature, "dev")

    with pytest.raises(ProjectError, match="the same image goes all the way"):
        promote(registered, "1.0.0", "staging", image("b"), judge=mature)


def test_an_image_that_no_build_made_stops_at_staging(registered: Path, mature: list[str]) -> None:
    promote(registered, "1.0.0", "dev", image("b"), judge=mature)

    with pytest.raises(ProjectError, match="was not built from"):
        promote(registered, "1.0.0", "staging", judge=mature)


def test_what_runs_already_is_refused(registered: Path, mature: list[str]) -> None:
    through(registered, mature, "dev")

    with pytest.raises(ProjectError, match=r"dev runs .* already"):
        through(registered, mature, "dev")


@pytest.mark.parametrize(
    ("level", "passed", "refused"), [(0, (), "dev"), (1, ("dev",), "staging"), (2, ("dev", "staging"), "prod")]
)
def test_each_environment_wants_its_level(
    registered: Path, tmp_path: Path, level: int, passed: tuple[str, ...], refused: str
) -> None:
    reviewed = judge(tmp_path, level)
    through(registered, reviewed, *passed)

    with pytest.raises(ProjectError, match=f"Level {level + 1} is wanted here"):
        promote(registered, "1.0.0", refused, judge=reviewed)


def test_level_three_reaches_production(registered: Path, tmp_path: Path) -> None:
    through(registered, judge(tmp_path, 3), "dev", "staging", "prod")

    assert desired_state.read(registered, "prod").model == "shop@v1.0.0"


def test_a_level_that_is_too_low_names_what_is_in_the_way(registered: Path, tmp_path: Path) -> None:
    before = state_of(registered)

    with pytest.raises(ProjectError, match=r"the product has level 0.*\n  MON-10 fail: nobody is told"):
        promote(registered, "1.0.0", "dev", judge=judge(tmp_path, 0))

    assert state_of(registered) == before


@pytest.mark.parametrize("judge", [["/no/such/tool"], ["false"], ["echo", "no json"]])
def test_without_a_judge_nothing_is_promoted(registered: Path, judge: list[str]) -> None:
    before = state_of(registered)

    with pytest.raises(ProjectError, match=r"Nothing was judged: .* cannot be run"):
        promote(registered, "1.0.0", "dev", judge=judge)

    assert state_of(registered) == before


def test_the_command_says_what_is_wrong_without_a_traceback(shop: Path) -> None:
    ended = goldenpath("promote", "1.0.0", "dev")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("promote failed.\nshop@v1.0.0 is not registered")


def test_the_product_is_reviewed_by_the_library_that_promotes(registered: Path) -> None:
    before = state_of(registered)

    ended = goldenpath("promote", "1.0.0", "dev")

    assert ended.exit_code == 1
    assert "Level 1 is wanted here, the product has level" in ended.stderr
    assert state_of(registered) == before


def test_hooks_of_people_do_not_run_on_what_a_machine_writes(registered: Path, mature: list[str]) -> None:
    hook = registered / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    through(registered, mature, "dev")

    assert desired_state.read(registered, "dev").model == "shop@v1.0.0"


def test_edits_of_the_overlay_by_people_stay(registered: Path, mature: list[str]) -> None:
    path = overlay(registered, "dev")
    path.write_text(path.read_text() + "nameSuffix: -x\n")
    commit(registered)

    through(registered, mature, "dev")

    assert path.read_text().endswith("nameSuffix: -x\n")
