from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from goldenpath.model.predictor import Prediction
from goldenpath.serving.events.cloud_events import EventError, answer, parse
from goldenpath.serving.events.event_streams import StreamsError, read_settings

ASKED = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "asked", "subject": "42", "data": {"size": "S"}}


def event(**changes: Any) -> bytes:
    return json.dumps({**ASKED, **changes}).encode()


def test_an_event_is_read() -> None:
    found = parse(event())

    assert (found.id, found.source, found.subject, found.data) == ("e-1", "/shop", "42", {"size": "S"})


def test_an_answer_is_a_cloud_event_that_names_what_it_answers() -> None:
    timestamp = datetime(2026, 1, 31, 13, 45, tzinfo=UTC)

    found = json.loads(answer(parse(event()), "orders", "ab" * 32, "champion", Prediction(True, 0.25), timestamp))

    assert found == {
        "specversion": "1.0",
        "id": parse(event()).answer_id,
        "source": "/orders",
        "type": "orders.predicted",
        "time": "2026-01-31T13:45:00.000000Z",
        "subject": "42",
        "datacontenttype": "application/json",
        "data": {
            "decision": True,
            "score": 0.25,
            "model": "ab" * 32,
            "variant": "champion",
            "asked": {"id": "e-1", "source": "/shop"},
        },
    }


def test_an_event_has_one_answer_id_and_another_sources_event_another() -> None:
    first, again, other = parse(event()), parse(event(data={"size": "M"})), parse(event(source="/elsewhere"))

    assert first.answer_id == again.answer_id != other.answer_id


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"3", "not a JSON object"),
        (event(specversion="0.3"), "specversion is '0.3', want 1.0"),
        (event(id=""), "id is '', want text"),
        (event(source=7), "source is 7, want text"),
        (event(type=None), "type is missing, want text"),
        (event(subject=7), "subject is 7, want text"),
        (event(id="e-\ud800"), r"id is 'e-\\ud800', which holds half a character"),
        (event(source="/\ud800"), "source is .*, which holds half a character"),
        (event(subject="\udc00"), "subject is .*, which holds half a character"),
        (event(data=[1]), "data must be an object"),
        (event(data={"size": "S" * (1 << 20)}), "want at most 1048576"),
    ],
)
def test_what_is_no_event_is_told_why(content: bytes, reason: str) -> None:
    with pytest.raises(EventError, match=reason):
        parse(content)


def test_settings_have_defaults_and_are_read_by_their_names() -> None:
    found = read_settings(
        {"EVENTS_STREAM": "asked", "EVENTS_RETRIES": "5", "EVENTS_IDLE_SECONDS": "0.5", "EVENTS_DEAD_LETTERS": ""}
    )

    assert (found.stream, found.retries, found.idle_seconds, found.dead_letters) == (
        "asked",
        5,
        0.5,
        "predict-dead-letters",
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"EVENTS_RETRIES": "many"}, {"EVENTS_IDLE_SECONDS": "-1"}, {"EVENTS_IDLE_SECONDS": "nan"},
        {"EVENTS_STREAM": "one", "EVENTS_ANSWERS": "one"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(StreamsError, match="EVENTS_"):
        read_settings(variables)
