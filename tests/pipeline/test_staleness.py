from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from goldenpath.pipeline import staleness
from goldenpath.project import contract, params
from goldenpath.project.params import Floor, Params
from goldenpath.project.paths import STALENESS, VALID


def with_floor(settings: Params, floor: dict[str, Floor]) -> Params:
    few = settings.model | {"max_iter": 5}
    return settings.model_copy(update={"gates": settings.gates.model_copy(update={"floors": floor}), "model": few})


def test_the_loss_is_told_at_every_age_beside_what_the_gate_tolerates(inside: Path) -> None:
    study = json.loads(STALENESS.read_text())
    settings = params.load()

    [(name, floor)] = settings.gates.floors.items()
    assert study["applicable"]
    assert (study["metric"], study["tolerated"]) == (name, pytest.approx(1 - (floor.min or 0)))
    days = [age["days"] for age in study["ages"]]
    assert len(days) >= 3
    assert days == sorted(set(days))
    for age in study["ages"]:
        assert age["low"] <= age["loss"] <= age["high"]


def test_no_row_that_it_is_judged_on_was_learned_from(inside: Path) -> None:
    study, rows = json.loads(STALENESS.read_text()), pd.read_parquet(VALID)

    assert study["rows"] == (rows["scheduled_departure"] <= pd.Timestamp(study["trained_through"])).sum()
    assert sum(age["rows"] for age in study["ages"]) == len(rows) - study["rows"]


@pytest.mark.parametrize(("least", "is_tolerable"), [(-1.0, True), (0.999, False)])
def test_the_model_is_tolerable_until_it_is_below_the_floor(inside: Path, least: float, is_tolerable: bool) -> None:
    settings = params.load()
    name = next(iter(settings.gates.floors))

    study = staleness.study_of(contract.load(), with_floor(settings, {name: Floor(min=least)}), pd.read_parquet(VALID))

    assert study["tolerable_days"] == (study["ages"][-1]["days"] if is_tolerable else 0)


def test_rows_without_a_time_have_no_age(inside: Path) -> None:
    agreed = contract.load()
    timeless = replace(agreed, columns=tuple(column for column in agreed if "time" not in column.roles))

    study = staleness.study_of(timeless, params.load(), pd.read_parquet(VALID))

    assert (study["applicable"], study["ages"]) == (False, [])
    assert "role time" in study["reason"]


def test_without_a_floor_nothing_says_what_is_tolerable(inside: Path) -> None:
    study = staleness.study_of(contract.load(), with_floor(params.load(), {}), pd.read_parquet(VALID))

    assert "gates.floors" in study["reason"]


@pytest.mark.parametrize(("count", "words"), [(50, "too few to learn from"), (900, "fewer than 3"), (0, "too few")])
def test_few_rows_tell_nothing(inside: Path, count: int, words: str) -> None:
    rows = pd.read_parquet(VALID).iloc[:count]

    study = staleness.study_of(contract.load(), params.load(), rows)

    assert (study["applicable"], words in study["reason"]) == (False, True)
