from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from goldenpath.project.paths import OPENAPI
from goldenpath.serving.rest import write_openapi
from goldenpath.serving.rest.openapi import OPEN_PATHS
from tests.sample import ROOT


def test_the_committed_document_is_what_the_code_offers(inside: Path) -> None:
    committed = ROOT / OPENAPI
    if not committed.exists():
        pytest.skip("no document yet: run `make run`")

    assert committed.read_text() == write_openapi.exported(), (
        f"{OPENAPI} is not what the code offers. Where the change is meant: `goldenpath openapi`, and commit it"
    )


def test_the_document_depends_on_no_setting(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write_openapi.exported()

    monkeypatch.setenv("MAX_ROWS", "7")
    monkeypatch.setenv("ENVIRONMENT", "prod")

    assert write_openapi.exported() == before


def test_every_route_but_those_of_probes_asks_for_credentials(inside: Path) -> None:
    document = json.loads(write_openapi.exported())

    schemes = set(document["components"]["securitySchemes"])
    asked = {
        path: {name for choice in operation["security"] for name in choice}
        for path, item in document["paths"].items()
        for operation in item.values()
    }
    assert document["openapi"].startswith("3.1")
    assert asked == {path: set() if path in OPEN_PATHS else schemes for path in asked}


def test_a_new_document_is_told_with_its_digest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENPATH_FACTS", str(project / "facts.json"))

    said = [write_openapi.write(), write_openapi.write()]

    digest = hashlib.sha256(OPENAPI.read_bytes()).hexdigest()
    assert ["changed" in said[0], "changed" in said[1]] == [True, False]
    assert json.loads((project / "facts.json").read_text()) == {"sha256": digest}
