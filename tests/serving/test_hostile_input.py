"""Whatever is sent, the service answers by its document, and never with a fault of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goldenpath.serving.rest.api_key import made
from tests.serving.fork_server import ForkServer
from tests.serving.running_service import Running, TellFault, running

EXAMPLES = 30
KEY, LINE = made("schemathesis")


@pytest.fixture(scope="module")
def service(trained: Path, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service as in production: whoever asks needs a key."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "keys").write_text(LINE)
    with running(fork_server, trained, folder / "said", AUTH="api-key", API_KEYS_FILE=str(folder / "keys")) as found:
        yield found


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_predict_keeps_its_document_whatever_is_sent(service: Running, mode: str, tell_fault: TellFault) -> None:
    import schemathesis  # here: it takes a second, and every worker reads every file
    from hypothesis import HealthCheck, given, settings

    headers = {"X-API-Key": KEY}
    document = schemathesis.openapi.from_url(f"http://127.0.0.1:{service.port}/openapi.json", headers=headers)
    cases = document["/predict"]["POST"].as_strategy(generation_mode=schemathesis.GenerationMode(mode))
    health = list(HealthCheck)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=health)
    @given(case=cases)
    def is_answered_by_the_document(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers)

    is_answered_by_the_document()
    tell_fault(
        f"{EXAMPLES} {mode} requests by schemathesis",
        seen="answers that keep to the document; never 500",
        lost="nothing",
        seconds=0,
    )


@pytest.mark.parametrize("padding", [b"", b" " * 10_000], ids=["small", "large"])
def test_hostile_bodies_are_refused_and_the_next_is_answered(
    service: Running, row: dict[str, Any], padding: bytes, tell_fault: TellFault
) -> None:
    name = next((column for column, value in row.items() if isinstance(value, float)), next(iter(row)))
    values = ["NaN", "-Infinity", "1e999", "-0", "9" * 400, "9" * 5_000, '"\\ud800"', '"\\u0000"', "{}", "[[]]", "true"]
    values += ['"' + "x" * 5_000 + '"', "[" * 2_000, '{"a":' * 1_000, "0x10", "1_000", "'x'", "undefined"]
    changed = [json.dumps({**row, name: "VALUE"}).replace('"VALUE"', value).encode() for value in values]
    text = json.dumps(row)
    bodies = [
        *changed, b"", b"null", b"[]", b"{", b"\x00", b"\xff\xfe\xfd", "\ufeff{}".encode(), text.encode("utf-16"),
        b"[" * 3_000, b"[" + b"{}," * 1_500 + b"{}]", text.replace("}", f', "{name}": 1}}').encode(),
        json.dumps({f"c{number}": number for number in range(300)}).encode(), (text + text).encode(),
    ]  # fmt: skip

    found = Counter(service.ask(padding + body, **{"X-API-Key": KEY})[0] for body in bodies)

    assert set(found) <= {200, 422}
    assert found[422] >= len(bodies) - 3  # a column without a range takes numbers however large
    assert service.ask(row, **{"X-API-Key": KEY})[0] == 200
    tell_fault(
        f"{len(bodies)} hostile bodies: deep, huge, torn, of wrong types ({'small' if not padding else 'large'})",
        seen="422 with what is wrong; never 500",
        lost="nothing",
        seconds=0,
    )
