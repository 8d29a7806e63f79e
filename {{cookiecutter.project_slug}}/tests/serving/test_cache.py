from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from redis_server import RedisServer, is_installed

from {{ cookiecutter.package_name }}.serving import cache
from {{ cookiecutter.package_name }}.serving.cache import CacheError, Keys, MemoryCache, NoCache, RedisCache, create

ROW = {"store": 7, "size": "S", "price": None}
needs_redis = pytest.mark.skipif(not is_installed(), reason="needs a Redis server: apt install redis-server")


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


def count(counted: Counter[str], result: str) -> None:
    counted[result] += 1


def test_the_same_features_have_one_key_however_they_were_written() -> None:
    keys = Keys("model", ["store", "size", "price"])

    assert keys.of(ROW) == keys.of({"size": "S", "store": 7.0}) == keys.of({**ROW, "colour": "red"})


@pytest.mark.parametrize("change", [{"store": 8}, {"size": None}, {"price": 0.0}, {"size": "7"}, {"store": "7"}])
def test_other_features_have_another_key(change: dict[str, object]) -> None:
    keys = Keys("model", ["store", "size", "price"])

    assert keys.of({**ROW, **change}) != keys.of(ROW)


def test_another_model_never_finds_the_answers_of_this_one(counted: Counter[str]) -> None:
    held = MemoryCache(lambda result: count(counted, result))
    held.put(Keys("old", ["store"]).of(ROW), b"answer")

    assert held.get(Keys("new", ["store"]).of(ROW)) is None
    assert held.get(Keys("old", ["store"]).of(ROW)) == b"answer"
    assert counted == {"miss": 1, "hit": 1}


def test_what_was_not_asked_for_longest_is_forgotten_first(counted: Counter[str]) -> None:
    held = MemoryCache(lambda result: count(counted, result), most_entries=2)
    held.put("a", b"1")
    held.put("b", b"2")
    held.get("a")

    held.put("c", b"3")

    assert [held.get(key) for key in "abc"] == [b"1", None, b"3"]


@pytest.mark.parametrize(
    ("setting", "kind"), [("", NoCache), ("off", NoCache), ("memory", MemoryCache), ("redis://h:1/0", RedisCache)]
)
def test_the_setting_chooses(setting: str, kind: type) -> None:
    assert isinstance(create(setting, lambda _: None), kind)


@pytest.mark.parametrize("setting", ["disk", "redis://host:port/0"])
def test_a_setting_that_cannot_be_used_is_refused(setting: str) -> None:
    with pytest.raises(CacheError, match=f"CACHE={setting}"):
        create(setting, lambda _: None)


def test_a_dead_redis_is_a_miss_and_soon_costs_nothing(counted: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    held = RedisCache("redis://127.0.0.1:1/0", lambda result: count(counted, result))

    for _ in range(cache.MOST_FAILURES):
        assert held.get("key") is None
    started = time.perf_counter()
    for _ in range(1000):
        held.get("key")
        held.put("key", b"answer")

    assert time.perf_counter() - started < 0.5
    assert counted == {"error": cache.MOST_FAILURES}


@needs_redis
def test_a_hanging_redis_is_waited_for_only_shortly(counted: Counter[str], tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    server.start()
    held = RedisCache(server.url, lambda result: count(counted, result))
    held.put("key", b"answer")

    server.pause()
    started = time.perf_counter()
    found = [held.get("key") for _ in range(100)]
    seconds = time.perf_counter() - started
    server.stop()

    assert found == [None] * 100
    assert seconds < 1


@needs_redis
def test_redis_is_used_again_when_it_is_back(
    counted: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "REST_SECONDS", 0.1)
    monkeypatch.setattr(cache, "PATIENCE_SECONDS", 1.0)
    server = RedisServer(tmp_path / "redis")
    server.start()
    held = RedisCache(server.url, lambda result: count(counted, result))
    held.put("key", b"answer")
    server.stop()
    for _ in range(cache.MOST_FAILURES):
        assert held.get("key") is None

    server.start()
    time.sleep(0.2)

    assert held.get("key") == b"answer"
    server.stop()
