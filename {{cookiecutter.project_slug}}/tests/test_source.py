"""What the rows mean: the windowed feature by its definition, and nothing that was known only later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.project import contract, params
from goldenpath.project.params import Params

from your_package.source import load, recent_departure_delay, sample_folder

START = np.datetime64("2013-05-01T00:00:00", "s")
WINDOW = np.timedelta64(2 * 3600, "s")
Flight = tuple[str, int, int | None]
"""Origin, minute of the scheduled departure, minutes of delay or None where the plane never left."""
FLIGHTS = st.lists(
    st.tuples(st.sampled_from(["EWR", "JFK"]), st.integers(0, 360), st.one_of(st.none(), st.integers(-30, 240))),
    min_size=1,
    max_size=25,
)


def through(month: str) -> Params:
    known = params.load()
    return known.model_copy(update={"data": known.data.model_copy(update={"through": month})})


@pytest.fixture(scope="module")
def january() -> pd.DataFrame:
    return load(through("2013-01"))


def recent_delays(flights: list[Flight]) -> np.ndarray:
    origin, minute, delay = zip(*flights, strict=True)
    scheduled = START + np.array(minute, dtype="timedelta64[m]").astype("timedelta64[s]")
    minutes = np.array([np.nan if value is None else value for value in delay], dtype=float)
    return recent_departure_delay(np.array(origin), scheduled, minutes, WINDOW)


def by_definition(flights: list[Flight], index: int) -> float:
    origin, now, _ = flights[index]
    known = [
        delay
        for other, (airport, minute, delay) in enumerate(flights)
        if other != index and airport == origin and delay is not None and now - 120 <= minute + delay < now
    ]
    return float(np.mean(known)) if known else np.nan


@given(FLIGHTS)
@settings(max_examples=100, deadline=None)
def test_recent_delay_is_the_mean_of_planes_that_just_left(flights: list[Flight]) -> None:
    expected = [by_definition(flights, index) for index in range(len(flights))]

    np.testing.assert_allclose(recent_delays(flights), expected, rtol=1e-9, atol=1e-9)


@given(FLIGHTS, st.integers(0, 24), st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_recent_delay_knows_nothing_of_the_future(flights: list[Flight], index: int, later: int) -> None:
    """Whatever happens at or after a flight's scheduled departure, its own delay included, changes nothing for it."""
    index %= len(flights)
    now = flights[index][1]
    altered = [
        (airport, minute, now - minute + later if other == index or delay is None or minute + delay >= now else delay)
        for other, (airport, minute, delay) in enumerate(flights)
    ]

    np.testing.assert_equal(recent_delays(altered)[index], recent_delays(flights)[index])


def test_rows_do_not_change_when_the_future_is_read_too(january: pd.DataFrame) -> None:
    features = [column.name for column in contract.load().features]

    longer = load(through("2013-02"))

    pd.testing.assert_frame_equal(longer[features].head(len(january)), january[features])


def test_weather_is_the_observation_of_the_hour_before(january: pd.DataFrame) -> None:
    weather = pd.read_csv(sample_folder() / "weather.csv").drop_duplicates(["origin", "time_hour"])
    observed = weather.set_index(["origin", "time_hour"])["temp"]
    hour_before = january["scheduled_departure"].dt.floor("h") - pd.Timedelta(hours=1)
    keys = pd.MultiIndex.from_arrays([january["origin"], hour_before.dt.strftime("%Y-%m-%dT%H:%M:%SZ")])

    np.testing.assert_array_equal(january["temperature"], observed.reindex(keys))


def test_rows_end_with_the_month_and_come_in_order(january: pd.DataFrame) -> None:
    local = january["scheduled_departure"].dt.tz_convert("America/New_York")

    assert local.max().strftime("%Y-%m-%d") == "2013-01-31"
    assert january["scheduled_departure"].is_monotonic_increasing
    assert len(january) == 27_004, "every flight of January 2013"


def test_a_cancelled_flight_has_no_target(january: pd.DataFrame) -> None:
    assert january.loc[january["arrival_delay"].isna(), "late"].isna().all()
    assert (january["late"].dropna() == (january["arrival_delay"].dropna() >= 15)).all()
