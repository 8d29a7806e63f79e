from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.release import service_check
from goldenpath.delivery.release.local_service import LocalService, running
from goldenpath.model import signature
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SIGNATURE


@pytest.fixture(scope="module")
def service(trained: Path) -> Iterator[LocalService]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained)
        with running() as found:
            yield found


def test_the_facts_hold_what_the_checklist_asks_for(service: LocalService, inside: Path) -> None:
    found = service_check.check(service)

    described = signature.load(SIGNATURE)
    answers = {(call["path"], call["credentials"]): call["status"] for call in found["calls"]}
    assert {answers[path, "none"] for path in ("/predict", "/model", "/openapi.json")} == {401}
    assert {answers[path, "valid"] for path in ("/predict", "/model", "/openapi.json")} == {200}
    assert found["predictions"] > 0
    assert found["versions"] == [described.model_sha256]
    assert {"http_requests_total", "http_request_duration_seconds_bucket", "predictions_total"} <= set(found["metrics"])
    assert found["record"]["model"] == described.model_sha256
    assert set(found["record"]["inputs"]) == {column.name for column in described.inputs}


@dataclass(frozen=True)
class Lying(LocalService):
    """A service of which one answer is changed on its way."""

    path: str
    answer: tuple[int, bytes]

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, bytes]:
        return self.answer if path == self.path else super().ask(method, path, body, key)


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/model", (200, b"{}"), "GET /model answers 200 to a call with none credentials"),
        ("/model", (401, b"{}"), "GET /model answers 401 to a call with credentials"),
        ("/metrics", (200, b"up 1\n"), "/metrics names the models"),
        ("/metrics", (503, b""), "/metrics answers 503"),
    ],
)
def test_a_broken_promise_is_named(
    service: LocalService, inside: Path, path: str, answer: tuple[int, bytes], words: str
) -> None:
    lying = Lying(service.port, service.key, service.log, path, answer)

    with pytest.raises(ProjectError, match=words):
        service_check.check(lying)


def test_a_prediction_that_is_not_logged_is_named(
    service: LocalService, inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_check, "LOG_SECONDS", 0.1)

    with pytest.raises(ProjectError, match="holds fewer than"):
        service_check.check(replace(service, log=tmp_path))


def test_a_service_that_answers_what_breaks_the_contract_is_named(service: LocalService, inside: Path) -> None:
    class Lenient(LocalService):
        def ask(self, *words: Any, **named: Any) -> tuple[int, bytes]:
            status, content = super().ask(*words, **named)
            return (200 if status == service_check.UNPROCESSABLE else status), content

    with pytest.raises(ProjectError, match="200 to a row that breaks the contract, want 422"):
        service_check.check(Lenient(service.port, service.key, service.log))


def test_a_service_that_does_not_start_says_why(project: Path) -> None:
    SIGNATURE.write_text("{}")

    with pytest.raises(ProjectError, match="not a signature"):
        service_check.run()


def test_facts_are_told_to_the_recorder_and_the_log_stays_where_it_was_asked_for(
    inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    said = service_check.run(tmp_path / "log")

    found = json.loads((tmp_path / "facts.json").read_text())
    assert "each prediction is in the log" in said
    assert set(found) == {"calls", "predictions", "metrics", "versions", "record"}
    assert "contract_violations_total" in found["metrics"]
    [segment] = (tmp_path / "log").glob("*.jsonl")
    assert len(segment.read_text().splitlines()) > found["predictions"] >= service_check.PREDICTIONS
