"""A test page, with a stand-in for amtool: what it sends, and what it takes for an acknowledgement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from goldenpath.cli.alerts import alerts
from goldenpath.monitoring.alerting import page
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts
from tests.sample import ROOT

STAND_IN = """\
#!/bin/sh
echo "$@" >> {folder}/said
case "$*" in
  *"routes test"*severity=page*) echo page ;;
  *"routes test"*) echo ticket ;;
  *"silence query"*) code=$(sed -nE 's/.* code="([0-9a-f]+)".*/\\1/p' {folder}/said | head -n 1)
    sed "s/CODE/$code/" {folder}/silences ;;
esac
"""


def silence(code: str = "CODE", by: str = "On Call") -> dict[str, Any]:
    matchers = [{"name": "code", "value": code, "isRegex": False}]
    return {"createdBy": by, "startsAt": "2099-01-01T00:00:00.000Z", "matchers": matchers}


@pytest.fixture
def amtool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an amtool first on PATH, and the silences that it finds."""
    program = tmp_path / "amtool"
    program.write_text(STAND_IN.format(folder=tmp_path), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv(facts.TOLD, str(tmp_path / "facts.json"))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(page, "POLL_SECONDS", 0.01)
    return tmp_path


def send(amtool: Path, silences: list[Mapping[str, Any]], receiver: str = "page") -> None:
    (amtool / "silences").write_text(json.dumps(silences), encoding="utf-8")
    page.page(receiver, seconds=0.05)


def test_a_silence_by_the_code_of_the_page_acknowledges_it(amtool: Path) -> None:
    send(amtool, [silence()])

    told = json.loads((amtool / "facts.json").read_text(encoding="utf-8"))
    assert (told["receiver"], told["by"]) == ("page", "On Call")
    assert told["sent"] < told["acknowledged"]


@pytest.mark.parametrize(
    "silences", [[], [silence(code="another")], [silence(by=" ")]], ids=["none", "of another page", "by nobody"]
)
def test_another_silence_acknowledges_nothing(amtool: Path, silences: list[Mapping[str, Any]]) -> None:
    with pytest.raises(ProjectError, match="Nobody acknowledged the page to page"):
        send(amtool, silences)

    assert not (amtool / "facts.json").exists()


def test_the_verb_says_who_acknowledged(amtool: Path) -> None:
    (amtool / "silences").write_text(json.dumps([silence()]), encoding="utf-8")

    done = CliRunner().invoke(alerts, ["page", "page", "--alertmanager", "http://there", "--seconds", "0.05"])

    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("On Call acknowledged it after ")
    assert "--alertmanager.url=http://there" in (amtool / "said").read_text(encoding="utf-8")


def test_a_receiver_that_no_alert_reaches_is_refused(amtool: Path) -> None:
    with pytest.raises(ProjectError, match="sends alerts to page or ticket"):
        send(amtool, [], receiver="nobody")

    assert "alert add" not in (amtool / "said").read_text(encoding="utf-8")


def test_an_alertmanager_that_refuses_is_named(amtool: Path) -> None:
    (amtool / "amtool").write_text("#!/bin/sh\necho connection refused; exit 1\n", encoding="utf-8")

    with pytest.raises(ProjectError, match="Alertmanager at http://there: connection refused"):
        page.wait("http://there", "c0de", 1)
