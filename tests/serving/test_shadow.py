"""The challenger behind the champion's back: it tells the log what it would have said, and changes nothing else."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from goldenpath.project.paths import SIGNATURE
from goldenpath.serving import shadow as shadows
from tests.serving import plan
from tests.serving.running_service import PATIENCE_SECONDS, Running, Serve, Start, until

REQUESTS, ROOM = 20, 5


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().split("\n")[:-1]]


def rows_of(service: Running) -> dict[str, float]:
    """What became of the shadow's rows, by result."""
    lines = [line for line in service.ask(path="/metrics")[2].splitlines() if line.startswith("shadow_rows_total{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


def test_the_shadow_tells_the_log_what_it_would_have_said(start: Start, row: dict[str, Any], project: Path) -> None:
    digest = plan.write(shadow=True, variants={"champion": 1, "challenger": 99})
    champion = json.loads(SIGNATURE.read_text())["model_sha256"]
    log = project / "log"
    service = start(ROUTES=str(plan.PLAN), PREDICTION_LOG=str(log))

    answers = [service.ask(row), service.ask([row, row, row])]

    assert {answer["model"] for _, _, answer in answers} == {champion}
    until(lambda: len(records(log)) == 8)
    by_variant: dict[str, dict[str, Any]] = {"champion": {}, "shadow": {}}
    for item in records(log):
        by_variant[item["variant"]][item["id"]] = (item["model"], item["score"], item["request"], item["inputs"])
    assert len(by_variant["champion"]) == 4
    assert by_variant["shadow"] == {name: (digest, *rest) for name, (_, *rest) in by_variant["champion"].items()}
    assert f'mode="rest",model_version="{digest}",variant="shadow"' in service.ask(path="/metrics")[2]
    until(lambda: rows_of(service)["answered"] == 4)  # counted once it was logged
    assert rows_of(service) == {"answered": 4, "failed": 0, "dropped": 0, "unlogged": 0}


# A shadow that hangs behind its first question, with little room for what waits, and little time at the end.
HANGING = """
import time
from pathlib import Path
from goldenpath.serving import shadow

def hang(*_):
    Path("asked").touch()
    time.sleep(1e6)

shadow.MOST_ROWS, shadow.STOP_SECONDS, shadow.Shadow._ask = {room}, 0.5, hang
"""


def test_a_shadow_that_hangs_holds_up_no_answer_and_not_the_end(
    start: Start, row: dict[str, Any], project: Path
) -> None:
    plan.write(shadow=True)
    service = start(ROUTES=str(plan.PLAN), code=HANGING.format(room=ROOM))

    answers = [service.ask(row)[0] for _ in range(REQUESTS)]
    until((project / "asked").exists)
    seen = rows_of(service)
    service.process.terminate()

    assert answers == [200] * REQUESTS
    assert seen == {"answered": 0, "failed": 0, "dropped": REQUESTS - ROOM, "unlogged": 0}
    assert service.process.wait(PATIENCE_SECONDS) == 0


def test_the_shadow_is_asked_once_the_answer_has_gone(
    serve: Serve, row: dict[str, Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.write(shadow=True)
    service: Any = (client := serve(routes=plan.PLAN)).app
    offered: list[shadows.Asked] = []
    monkeypatch.setattr(shadows.Shadow, "offer", lambda _, asked: offered.append(asked))

    async def answer() -> tuple[int, int]:
        status, *_ = service.fast_path(((b"content-type", b"application/json"),), json.dumps(row).encode())
        assert status == 200
        before = len(offered)
        await asyncio.sleep(0)
        return before, len(offered)

    assert client.portal is not None
    assert client.portal.call(answer) == (0, 1)


def test_a_shadow_that_fails_is_counted_and_told_once(
    serve: Serve,
    row: dict[str, Any],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan.write(shadow=True)
    client = serve(routes=plan.PLAN)
    monkeypatch.setattr(shadows.Shadow, "_ask", lambda *_: 1 / 0)

    answers = [client.post("/predict", json=row).status_code for _ in range(3)]
    client.__exit__(None, None, None)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers == [200] * 3
    assert [line["message"] for line in lines].count("the shadow failed") == 1
    assert 'shadow_rows_total{result="failed"} 3.0' in client.get("/metrics").text


def test_answers_have_the_logs_last_room_to_themselves(
    serve: Serve, row: dict[str, Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.write(shadow=True)
    monkeypatch.setattr(shadows, "MOST_LOGGED", 0)
    client = serve(routes=plan.PLAN, prediction_log=project / "log")

    client.post("/predict", json=row)
    client.__exit__(None, None, None)

    assert [item["variant"] for item in records(project / "log")] == ["champion"]
    assert 'shadow_rows_total{result="unlogged"} 1.0' in client.get("/metrics").text


def test_nothing_is_asked_behind_a_refusal(serve: Serve, project: Path) -> None:
    plan.write(shadow=True)
    client = serve(routes=plan.PLAN)

    client.post("/predict", json=[])
    client.__exit__(None, None, None)

    assert 'shadow_rows_total{result="answered"} 0.0' in client.get("/metrics").text
    assert not [thread for thread in threading.enumerate() if thread.name == "shadow"]
