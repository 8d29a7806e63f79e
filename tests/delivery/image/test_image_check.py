"""The verdicts of an image's gates are printed and written down, and one that fails fails all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.image import check
from goldenpath.delivery.image.gates import Gate
from goldenpath.delivery.image.identity import Identity
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit

IDENTITY = Identity("registry.example/shop", "ab" * 20, "1.2.3", 0, "unregistered", f"sha256:{'cd' * 32}")


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Gate]:
    """The verdicts that an image gets here, without Docker."""
    verdicts = [Gate("user", True, "runs as 10001")]

    def judge(*_: Any) -> list[Gate]:
        return verdicts

    monkeypatch.setattr(check, "judge", judge)
    monkeypatch.setattr(check.identity, "of_project", lambda _: IDENTITY)
    return verdicts


def test_an_image_that_passes_every_gate_passes(tmp_path: Path, judged: list[Gate]) -> None:
    assert check.check(tmp_path) == Exit.OK

    report = json.loads((tmp_path / check.REPORT).read_text())
    assert report["image"] == "registry.example/shop:abababababab"
    assert [gate["name"] for gate in report["gates"]] == ["user"]


def test_one_gate_that_fails_fails_the_image(
    tmp_path: Path, judged: list[Gate], capsys: pytest.CaptureFixture[str]
) -> None:
    judged.append(Gate("size", False, "400 MB beyond the base"))

    assert check.check(tmp_path, name="shop:1") == Exit.FAILED

    assert "FAILED  size            400 MB beyond the base" in capsys.readouterr().out
    assert json.loads((tmp_path / check.REPORT).read_text())["image"] == "shop:1"


def test_the_report_of_another_image_does_not_stand_for_one_that_cannot_be_judged(
    tmp_path: Path, judged: list[Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    check.check(tmp_path)

    def refuse(*_: Any) -> list[Gate]:
        raise ProjectError("no such image")

    monkeypatch.setattr(check, "judge", refuse)

    with pytest.raises(ProjectError, match="no such image"):
        check.check(tmp_path)

    assert not (tmp_path / check.REPORT).exists()
