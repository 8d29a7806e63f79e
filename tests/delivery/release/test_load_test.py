from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.release import load_test
from goldenpath.delivery.release.local_service import running
from goldenpath.project.errors import ProjectError

TOLD: dict[str, Any] = {
    "num_requests": 1000,
    "num_failures": 3,
    "start_time": 100.0,
    "last_request_timestamp": 110.0,
}


@pytest.mark.parametrize(
    ("times", "p95"),
    [
        ({"2": 950, "9": 50}, 2.0),
        ({"2": 949, "9": 51}, 9.0),
        ({"110.0": 10, "9": 990}, 9.0),
        ({"0": 1000}, 1.0),
    ],
)
def test_the_95th_percentile_comes_from_all_times(times: dict[str, int], p95: float) -> None:
    found = load_test.summary(TOLD | {"response_times": times})

    assert (found.requests, found.failures, found.p95_ms, found.rate) == (1000, 3, p95, 100.0)


@pytest.mark.parametrize("text", ["{}", "slo: {}", "slo: {latency_p95_ms: soon}", "slo: {latency_p95_ms: 0}"])
def test_without_an_objective_nothing_is_pressed(tmp_path: Path, text: str) -> None:
    (tmp_path / "golden-path.yaml").write_text(text)

    with pytest.raises(ProjectError, match=r"slo\.latency_p95_ms is"):
        load_test.objective(tmp_path)


@pytest.fixture
def measured(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[load_test.Load], str]:
    """Runs the load test under an objective of 10 ms, with a load that was measured already."""

    def run(load: load_test.Load) -> str:
        (project / "golden-path.yaml").write_text("slo: {latency_p95_ms: 10}")
        monkeypatch.setattr(load_test, "running", nullcontext)
        monkeypatch.setattr(load_test, "press", lambda _: load)
        return load_test.run(project)

    return run


@pytest.mark.parametrize("failures", [0, 20])
def test_an_objective_that_is_met_passes(measured: Callable[[load_test.Load], str], failures: int) -> None:
    assert f"{failures} failed, p95 9 ms of 10" in measured(load_test.Load(2000, failures, 9.0, 200.0))


@pytest.mark.parametrize(
    "load",
    [
        load_test.Load(2000, 21, 9.0, 200.0),
        load_test.Load(999, 0, 9.0, 200.0),
        load_test.Load(2000, 0, 11.0, 200.0),
    ],
    ids=["too many failures", "too few requests", "too slow"],
)
def test_a_missed_objective_fails(measured: Callable[[load_test.Load], str], load: load_test.Load) -> None:
    with pytest.raises(ProjectError, match=f"{load.failures} failed, p95 {load.p95_ms:g} ms of 10"):
        measured(load)


def test_locust_presses_on_the_service(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_test, "SECONDS", 4)

    with running() as service:
        found = load_test.press(service)

    assert found.requests >= load_test.USERS
    assert found.failures == 0
