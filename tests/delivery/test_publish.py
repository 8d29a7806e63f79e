from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldenpath.delivery import publish as publishing
from goldenpath.delivery.promote import promote
from goldenpath.delivery.publish import publish
from goldenpath.delivery.rollback import rollback
from goldenpath.project.errors import ProjectError
from tests.command import goldenpath
from tests.delivery.delivered_product import commit, git, register

FORGE = """\
#!/bin/sh
# Stands in for the forge: merges a pull request at once, under another commit id, as a rebase on the forge does.
set -e
echo "$@" >> "$LOG"
test "$2" = merge || exit 0
git fetch --quiet origin "$3"
GIT_COMMITTER_NAME=forge GIT_COMMITTER_DATE=2026-01-01T00:00:00Z git commit-tree FETCH_HEAD^{tree} \\
    -p FETCH_HEAD^ -m "$(git log -1 --format=%B FETCH_HEAD)" > "$LOG.commit"
git push --quiet origin "$(cat "$LOG.commit"):refs/heads/main"
"""


@pytest.fixture
def shared(shop: Path, mature: list[str], tmp_path: Path) -> Path:
    """A bare repository that holds one registered version; the work tree has promoted it to dev."""
    register(shop, "1.0.0", built="a")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "shared.git")
    git(shop, "remote", "add", "origin", str(tmp_path / "shared.git"))
    git(shop, "push", "--quiet", "origin", "main", "shop@v1.0.0")
    promote(shop, "1.0.0", "dev", judge=mature)
    return tmp_path / "shared.git"


def test_commit_and_stage_arrive_together(shop: Path, shared: Path) -> None:
    publish(shop, pull_request=False)

    assert git(shared, "rev-parse", "main") == git(shop, "rev-parse", "HEAD")
    assert "shop#dev#1" in git(shared, "tag").split()


def test_a_pull_request_is_awaited_and_its_commit_taken_over(
    shop: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text(FORGE)
    (tmp_path / "bin" / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(publishing, "PAUSE", 0.01)

    publish(shop, pull_request=True, seconds=10)

    assert "pr create --base main" in (tmp_path / "log").read_text()
    assert git(shop, "rev-parse", "HEAD") == git(shared, "rev-parse", "main")
    assert git(shop, "log", "-1", "--format=%cn") == "forge"
    assert "shop#dev#1" in git(shared, "tag").split()


def test_a_promotion_under_its_new_id_can_be_rolled_back(
    shop: Path, shared: Path, mature: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(shop, "1.1.0", built="b")
    promote(shop, "1.1.0", "dev", judge=mature)
    git(shop, "commit", "--quiet", "--amend", "--no-edit", "--date=2026-01-01T00:00:00Z")

    rollback(shop, "dev", "late")

    assert git(shop, "log", "-1", "--format=%s") == "Roll dev back to shop@v1.0.0"


def test_a_pull_request_that_nobody_merges_is_closed_and_no_tag_goes_out(
    shop: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text('#!/bin/sh\necho "$@" >> "$LOG"\n')
    (tmp_path / "bin" / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))

    with pytest.raises(ProjectError, match="was not merged within 0 s"):
        publish(shop, pull_request=True, seconds=0)

    assert (tmp_path / "log").read_text().splitlines()[-1].startswith("pr close deliver/")
    assert "shop#dev#1" not in git(shared, "tag")


def test_anything_but_an_overlay_is_refused(shop: Path, shared: Path) -> None:
    (shop / "model.txt").write_text("by the way")
    commit(shop)
    before = git(shared, "rev-parse", "main")

    with pytest.raises(ProjectError, match=r"model\.txt: a deployment changes deploy/overlays and nothing else"):
        publish(shop, pull_request=False)

    assert git(shared, "rev-parse", "main") == before


def test_nothing_to_publish_is_said_without_a_traceback(shop: Path, shared: Path) -> None:
    publish(shop, pull_request=False)

    ended = goldenpath("publish")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("publish failed.\nNothing to publish")
