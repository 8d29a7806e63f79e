from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.delivery.promote import promote
from goldenpath.delivery.rollback import rollback
from goldenpath.delivery.status import status
from tests.command import goldenpath
from tests.delivery.delivered_product import commit, digest, git, opened, overlay, register


@pytest.fixture(scope="module")
def told(first_version: Path, mature: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions in dev, of which the second was taken back; the first in staging. Do not write to it."""
    with pytest.MonkeyPatch.context() as patch:
        shop = opened(first_version, tmp_path_factory.mktemp("told"), patch)
        promote(shop, "1.0.0", "dev", judge=mature)
        promote(shop, "1.0.0", "staging", judge=mature)
        register(shop, "1.1.0", built="b")
        promote(shop, "1.1.0", "dev", judge=mature)
        rollback(shop, "dev", "answers are late")
    return shop


@pytest.fixture
def delivered(told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that product, as the working directory."""
    return opened(told, tmp_path, monkeypatch)


def test_says_what_runs_where_from_which_data_and_by_whom(delivered: Path) -> None:
    dev, staging, prod = status(delivered)[0]

    assert (dev.model, dev.image, dev.data) == ("shop@v1.0.0", digest("a"), "cd" * 32)
    assert dev.commit == git(delivered, "rev-parse", "shop@v1.0.0^{commit}")
    assert (staging.since, staging.by) == (git(delivered, "log", "-1", "--format=%aI", "HEAD~3"), "Ada")
    assert (prod.environment, prod.model) == ("prod", "")


def test_the_trail_tells_every_change_with_its_reason(delivered: Path) -> None:
    changes = status(delivered)[1]

    assert sorted((change.environment, change.reason, change.is_promotion) for change in changes) == [
        ("dev", "", True),
        ("dev", "", True),
        ("dev", "answers are late", False),
        ("staging", "", True),
    ]


def test_the_table_is_for_people(delivered: Path) -> None:
    lines = goldenpath("status").stdout.splitlines()

    assert lines[0].split() == ["environment", "model", "image", "data", "commit", "since", "by"]
    assert lines[3].startswith("prod         nothing yet")
    assert any("rolled back  shop@v1.1.0 -> shop@v1.0.0  Ada  answers are late" in line for line in lines)


def test_json_holds_the_same(delivered: Path) -> None:
    told = json.loads(goldenpath("status", "--json").stdout)

    assert [row["model"] for row in told["environments"]] == ["shop@v1.0.0", "shop@v1.0.0", ""]
    assert len(told["changes"]) == 4


def test_an_edit_by_hand_is_called_one(delivered: Path) -> None:
    path = overlay(delivered, "dev")
    path.write_text(path.read_text().replace(digest("a"), digest("b")))
    commit(delivered, "Just this once")

    shown = goldenpath("status").stdout

    assert "edited by hand" in shown


def test_what_is_not_committed_is_said_to_be_so(delivered: Path) -> None:
    path = overlay(delivered, "dev")
    path.write_text(path.read_text().replace(digest("a"), digest("b")))

    dev = status(delivered)[0][0]

    assert (dev.image, dev.since, dev.by) == (digest("b"), "not committed", "")


def test_an_overlay_that_cannot_be_read_is_one_clear_error(delivered: Path) -> None:
    overlay(delivered, "dev").write_text("images: [")

    ended = goldenpath("status")

    assert ended.exit_code == 1
    assert ended.stderr.startswith("status failed.\ndeploy/overlays/dev/kustomization.yaml: is no YAML")
