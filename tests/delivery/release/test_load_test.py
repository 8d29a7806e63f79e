from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.release import load_test
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


@pytest.mark.parametrize(
    ("found", "is_held"),
    [
        (load_test.Load(2000, 0, 9.0, 200.0), True),
        (load_test.Load(2000, 20, 9.0, 200.0), True),
        (load_test.Load(2000, 21, 9.0, 200.0), False),
        (load_test.Load(999, 0, 9.0, 200.0), False),
        (load_test.Load(2000, 0, 11.0, 200.0), False),
    ],
)
def test_a_missed_objective_fails(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: load_test.Load,
    is_held: bool,
) -> None:
    Path("golden-path.yaml").write_text("slo: {latency_p95_ms: 10}")
    monkeypatch.setattr(load_test, "running", lambda: nullcontext())
    monkeypatch.setattr(load_test, "press", lambda _: found)

    assert load_test.main() == (0 if is_held else 1)

    assert ("p95" in capsys.readouterr().out) == is_held


def test_locust_presses_on_the_service(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_test, "SECONDS", 2)
    monkeypatch.setattr(load_test, "LOCUSTFILE", Path(__file__).parents[1] / "load" / "locustfile.py")

    with load_test.running() as service:
        found = load_test.press(service)

    assert found.requests >= load_test.USERS
    assert found.failures == 0
