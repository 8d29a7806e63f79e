from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.paths import OPENAPI
from {{ cookiecutter.package_name }}.release import openapi
from {{ cookiecutter.package_name }}.serving.document import OPEN_PATHS

ROOT = Path(__file__).parent.parent.parent


def test_the_committed_document_is_what_the_code_offers(inside: Path) -> None:
    committed = ROOT / OPENAPI
    if not committed.exists():
        pytest.skip("no document yet: run `make pipeline`")

    assert committed.read_text() == openapi.exported(), (
        f"{OPENAPI} is not what the code offers. Where the change is meant: `make openapi`, and commit it"
    )


def test_the_document_depends_on_no_setting(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = openapi.exported()

    monkeypatch.setenv("MAX_ROWS", "7")
    monkeypatch.setenv("ENVIRONMENT", "prod")

    assert openapi.exported() == before


def test_every_route_but_those_of_probes_asks_for_credentials(inside: Path) -> None:
    document = json.loads(openapi.exported())

    schemes = set(document["components"]["securitySchemes"])
    asked = {
        path: {name for choice in operation["security"] for name in choice}
        for path, item in document["paths"].items()
        for operation in item.values()
    }
    assert document["openapi"].startswith("3.1")
    assert asked == {path: set() if path in OPEN_PATHS else schemes for path in asked}


def test_a_new_document_is_told_with_its_digest(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOLDENPATH_FACTS", str(project / "facts.json"))

    assert [openapi.main(), openapi.main()] == [0, 0]

    said = capsys.readouterr().out.splitlines()
    digest = hashlib.sha256(OPENAPI.read_bytes()).hexdigest()
    assert ["changed" in said[0], "changed" in said[1]] == [True, False]
    assert json.loads((project / "facts.json").read_text()) == {"sha256": digest}
