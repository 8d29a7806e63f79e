from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from goldenpath.model.predictor import Prediction
from goldenpath.model.signature import Input, Signature
from goldenpath.project.paths import SIGNATURE
from goldenpath.serving import cache
from goldenpath.serving.cache import CacheError, Keys, MemoryCache, RedisCache, create
from tests.serving.redis_server import RedisServer, is_installed
from tests.serving.running_service import Running, Serve, Start, TellFault, until

ROW = {"store": 7, "size": "S", "price": None}
ANSWER = Prediction(True, 0.25)
INPUTS = (Input("store", "integer", True), Input("size", "string", True), Input("price", "number", False))
OLD = Signature("binary", "returned", (False, True), 0.5, INPUTS, "old", "contract")
ENOUGH = 50
"""Answers under load that show how it stands."""
needs_redis = pytest.mark.skipif(not is_installed(), reason="needs a Redis server: apt install redis-server")


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def count(counted: Counter[str]) -> Callable[[str], None]:
    def one(result: str) -> None:
        counted[result] += 1

    return one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    found = RedisServer(tmp_path / "redis")
    found.start()
    yield found
    found.stop()


async def is_kept(server: RedisServer, key: str) -> None:
    """Return once Redis has an answer under a key: nobody waits for its being written."""
    await asyncio.to_thread(until, lambda: bool(server.client.exists(f"answer:{key}")))


def results(service: Running) -> dict[str, float]:
    """Look-ups so far, by result."""
    lines = [line for line in service.ask(path="/metrics")[2].splitlines() if line.startswith("cache_requests_total{")]
    return {line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines}


@pytest.mark.parametrize("form", [Keys.here, Keys.anywhere])
def test_the_same_features_have_one_key_however_they_were_written(form: Callable[..., Any]) -> None:
    keys = Keys(OLD)

    assert (
        form(keys, ROW) == form(keys, {"size": "S", "price": None, "store": 7.0}) == form(keys, {**ROW, "hue": "red"})
    )


@pytest.mark.parametrize("form", [Keys.here, Keys.anywhere])
@pytest.mark.parametrize("change", [{"store": 8}, {"size": None}, {"price": 0.0}, {"size": "7"}, {"store": "7"}])
def test_other_features_have_another_key(form: Callable[..., Any], change: dict[str, object]) -> None:
    assert form(Keys(OLD), {**ROW, **change}) != form(Keys(OLD), ROW)


def test_timestamps_that_are_categories_are_told_apart_by_their_zones() -> None:
    keys = Keys(replace(OLD, inputs=(Input("ordered", "timestamp", True),)))
    timestamp = datetime(2026, 1, 1, tzinfo=UTC)

    assert keys.here({"ordered": timestamp}) != keys.here(
        {"ordered": timestamp.astimezone(timezone(timedelta(hours=2)))}
    )


@pytest.mark.parametrize("change", [{"model_sha256": "new"}, {"threshold": 0.4}, {"classes": ("no", "yes")}])
def test_another_version_never_finds_the_answers_of_this_one(
    change: dict[str, Any], counted: Counter[str], count: Callable[[str], None]
) -> None:
    held, other = MemoryCache(count), Keys(replace(OLD, **change))
    held.put(Keys(OLD).here(ROW), ANSWER)

    assert held.get(other.here(ROW)) is None
    assert other.anywhere(ROW) != Keys(OLD).anywhere(ROW)
    assert held.get(Keys(OLD).here(ROW)) == ANSWER
    assert counted == {"miss": 1, "hit": 1}


def test_what_was_not_asked_for_longest_is_forgotten_first(count: Callable[[str], None]) -> None:
    held = MemoryCache(count, most_entries=2)
    held.put("a", ANSWER)
    held.put("b", ANSWER)
    held.get("a")

    held.put("c", ANSWER)

    assert [held.get(key) for key in "abc"] == [ANSWER, None, ANSWER]


@pytest.mark.parametrize(
    ("setting", "kind"), [("off", type(None)), ("memory", MemoryCache), ("redis://h:1/0", RedisCache)]
)
def test_the_setting_chooses(setting: str, kind: type, count: Callable[[str], None]) -> None:
    assert isinstance(create(setting, count), kind)


@pytest.mark.parametrize("setting", ["disk", "redis://host:port/0", "REDIS://:5EcReT@host/0", "redis://:5Ec/ReT@host"])
def test_a_setting_that_cannot_be_used_is_refused_and_its_password_not_told(
    setting: str, count: Callable[[str], None]
) -> None:
    with pytest.raises(CacheError, match=r"CACHE is no.*want .*redis://host:port/0") as refusal:
        create(setting, count)

    assert "5Ec" not in str(refusal.value)


def test_a_dead_redis_is_a_miss_and_soon_costs_nothing(counted: Counter[str], count: Callable[[str], None]) -> None:
    async def ask() -> float:
        held = RedisCache("redis://127.0.0.1:1/0", count)
        assert [await held.get("key") for _ in range(cache.MOST_FAILURES)] == [None] * cache.MOST_FAILURES
        started = time.perf_counter()
        for _ in range(1000):
            await held.get("key")
            held.put("key", ANSWER)
        took = time.perf_counter() - started
        await held.close()
        return took

    assert asyncio.run(ask()) < 0.5
    assert counted == {"error": cache.MOST_FAILURES}


@needs_redis
def test_redis_gives_back_what_any_process_has_put_there(
    server: RedisServer, count: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "PATIENCE_SECONDS", 5.0)

    async def ask(*keys: str) -> list[Prediction | None]:
        mine, other = RedisCache(server.url, count), RedisCache(server.url, count)
        mine.put(keys[0], ANSWER)
        await is_kept(server, keys[0])
        server.client.set(f"answer:{keys[2]}", server.client.get(f"answer:{keys[0]}"))
        server.client.set(f"answer:{keys[3]}", "no answer")
        found = [await other.get(key) for key in keys]
        await mine.close()
        await other.close()
        return found

    assert asyncio.run(ask("its own", "unknown", "of another key", "damaged")) == [ANSWER, None, None, None]


@needs_redis
def test_redis_is_asked_again_once_it_is_back(
    server: RedisServer, counted: Counter[str], count: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "REST_SECONDS", 0.1)
    monkeypatch.setattr(cache, "PATIENCE_SECONDS", 5.0)

    async def ask() -> Prediction | None:
        held = RedisCache(server.url, count)
        held.put("before", ANSWER)
        await is_kept(server, "before")
        server.stop()
        for _ in range(10):
            assert await held.get("key") is None
        assert held.is_resting
        server.start()
        await asyncio.to_thread(until, lambda: not held.is_resting)
        held.put("key", ANSWER)
        await is_kept(server, "key")
        found = await held.get("key")
        await held.close()
        return found

    assert asyncio.run(ask()) == ANSWER
    assert counted["error"] == cache.MOST_FAILURES


@needs_redis
def test_a_redis_that_hangs_and_dies_under_load_fails_no_request(
    start: Start, row: dict[str, Any], server: RedisServer, tell_fault: TellFault
) -> None:
    service = start(CACHE=server.url)
    expected = service.ask(row)[2]
    seen: list[tuple[float, int, Any]] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            begun = time.perf_counter()
            try:
                status, _, answer = service.ask(row)
            except (OSError, HTTPException) as error:
                status, answer = 0, repr(error)
            seen.append((time.perf_counter() - begun, status, answer))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(seen) > ENOUGH)
        hits = results(service)["hit"]
        server.pause()
        hung = len(seen)
        until(lambda: len(seen) > hung + ENOUGH and results(service)["error"] >= cache.MOST_FAILURES)
        server.stop()
        dead = len(seen)
        until(lambda: len(seen) > 2 * dead)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()

    after = results(service)
    assert hits > 0
    assert {status for _, status, _ in seen} == {200}
    assert all(answer == expected for _, _, answer in seen)
    assert cache.MOST_FAILURES <= after["error"] <= cache.MOST_FAILURES + 8  # those on their way when it began
    assert after["hit"] + after["miss"] + after["error"] < len(seen)  # most did not ask
    tell_fault(
        "the cache's Redis hangs, then dies, under load",
        seen=f"nothing: {len(seen):,} answers, the slowest after {max(took for took, *_ in seen) * 1000:.0f} ms",
        lost="nothing",
        seconds=None,
    )


def test_the_same_row_is_predicted_once_and_logged_each_time(serve: Serve, row: dict[str, Any], project: Path) -> None:
    client = serve(prediction_log=project / "log")

    answers = [client.post("/predict", json=row) for _ in range(3)]
    shown = client.get("/metrics").text
    client.__exit__(None, None, None)

    lines = [line for path in (project / "log").iterdir() for line in path.read_text().splitlines()]
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["x-prediction-id"] for answer in answers}) == len(lines) == 3
    assert 'cache_requests_total{result="hit"} 2.0' in shown
    assert 'cache_requests_total{result="miss"} 1.0' in shown


def test_no_answer_of_the_former_version_comes_after_a_new_one(start: Start, row: dict[str, Any]) -> None:
    described = json.loads(SIGNATURE.read_text())
    if described["threshold"] is None:
        pytest.skip("the model has no threshold to turn")
    service = start(CACHE="memory")
    [before] = [service.ask(row)[2]["predictions"][0] for _ in range(2)][1:]

    # The same graph under a threshold that turns the decision: the version that looks most like the former one.
    described["threshold"] = 1.1 if before["score"] >= described["threshold"] else 0.0
    SIGNATURE.write_text(json.dumps(described))
    service.process.send_signal(signal.SIGHUP)
    service.told("model reloaded")
    after = [service.ask(row)[2]["predictions"][0] for _ in range(2)]

    assert all(answer["decision"] != before["decision"] and answer["score"] == before["score"] for answer in after)
    assert results(service) == {"hit": 2, "miss": 2, "error": 0}
