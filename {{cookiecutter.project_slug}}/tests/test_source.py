from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from {{ cookiecutter.package_name }} import contract, params, source
from {{ cookiecutter.package_name }}.source import recent_departure_delay

START = np.datetime64("2013-05-01T00:00:00", "s")
WINDOW = np.timedelta64(2 * 3600, "s")

FLIGHTS = st.lists(
    st.tuples(
        st.sampled_from(["EWR", "JFK"]),
        st.integers(0, 360),
        st.one_of(st.none(), st.integers(-30, 240)),
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def january() -> pd.DataFrame:
    settings = params.load()
    return source.load(settings.model_copy(update={"data": settings.data.model_copy(update={"through": "2013-01"})}))


def columns(flights: list[tuple[str, int, int | None]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    origin, minute, delay = zip(*flights, strict=True)
    scheduled = START + np.array(minute, dtype="timedelta64[m]").astype("timedelta64[s]")
    return np.array(origin), scheduled, np.array([np.nan if value is None else value for value in delay], dtype=float)


def by_definition(flights: list[tuple[str, int, int | None]], asked: int) -> float:
    origin, now, _ = flights[asked]
    known = [
        delay
        for other, (airport, minute, delay) in enumerate(flights)
        if other != asked and airport == origin and delay is not None and now - 120 <= minute + delay < now
    ]
    return float(np.mean(known)) if known else np.nan


@given(FLIGHTS)
@settings(max_examples=200, deadline=None)
def test_recent_delay_is_the_mean_over_the_planes_that_just_left(flights: list[tuple[str, int, int | None]]) -> None:
    found = recent_departure_delay(*columns(flights), WINDOW)

    expected = [by_definition(flights, index) for index in range(len(flights))]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(FLIGHTS, st.integers(0, 24), st.integers(1, 500))
@settings(max_examples=200, deadline=None)
def test_recent_delay_knows_nothing_of_the_future(
    flights: list[tuple[str, int, int | None]], asked: int, later: int
) -> None:
    """Whatever happens at or after a flight's scheduled departure, its own delay included, changes nothing for it."""
    asked %= len(flights)
    now = flights[asked][1]
    altered = [
        (airport, minute, now - minute + later if index == asked or delay is None or minute + delay >= now else delay)
        for index, (airport, minute, delay) in enumerate(flights)
    ]

    before = recent_departure_delay(*columns(flights), WINDOW)[asked]
    after = recent_departure_delay(*columns(altered), WINDOW)[asked]

    np.testing.assert_equal(after, before)


def test_sampled_rows_do_not_change_when_the_future_is_cut_off(january: pd.DataFrame) -> None:
    """The features of January are the same whether or not February has been read."""
    settings = params.load()
    longer = settings.model_copy(update={"data": settings.data.model_copy(update={"through": "2013-02"})})
    february = source.load(longer)
    features = [column.name for column in contract.load().features]

    pd.testing.assert_frame_equal(february[features].head(len(january)), january[features])


def test_weather_is_the_observation_of_the_hour_before(january: pd.DataFrame) -> None:
    weather = pd.read_csv(source._sample_folder() / "weather.csv").drop_duplicates(["origin", "time_hour"])
    observed = weather.set_index(["origin", "time_hour"])["temp"]
    hour_before = january["scheduled_departure"].dt.floor("h") - pd.Timedelta(hours=1)
    keys = pd.MultiIndex.from_arrays([january["origin"], hour_before.dt.strftime("%Y-%m-%dT%H:%M:%SZ")])

    np.testing.assert_array_equal(january["temperature"], observed.reindex(keys))


def test_rows_end_with_the_month_asked_for_and_come_in_order(january: pd.DataFrame) -> None:
    local = january["scheduled_departure"].dt.tz_convert("America/New_York")

    assert local.max().strftime("%Y-%m-%d") == "2013-01-31"
    assert january["scheduled_departure"].is_monotonic_increasing
    assert len(january) == 27_004, "every flight of January 2013"


def test_cancelled_flights_have_no_target_rather_than_a_wrong_one(january: pd.DataFrame) -> None:
    assert january.loc[january["arrival_delay"].isna(), "late"].isna().all()
    assert (january["late"].dropna() == (january["arrival_delay"].dropna() >= 15)).all()
