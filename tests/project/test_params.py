from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from pydantic import ValidationError

from goldenpath.project import params
from goldenpath.project.params import ParamsError
from tests.sample import ROOT


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tolerated_share: ", "tolerated_share: 7 #", "validation.tolerated_share: Input should be less than"),
        ("bootstrap: ", "botstrap: 200 #", "evaluation.botstrap: Extra inputs are not permitted"),
        ("bootstrap: ", "botstrap: 200 #", "evaluation.bootstrap: Field required"),
        ("problem: ", "problem: clustering #", "problem: Input should be 'classification' or 'regression'"),
        ("problem: ", "problem: [", "not YAML"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(project: Path, old: str, new: str, words: str) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(ParamsError) as refusal:
        params.load(path)

    assert words in str(refusal.value)


@pytest.mark.parametrize("floor", [{}, {"min": 0.5, "max": 0.6}])
def test_a_floor_is_either_a_least_or_a_most(floor: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="want min or max"):
        params.Floor(**floor)


@pytest.mark.parametrize(
    ("floor", "value", "holds"),
    [
        ({"min": 0.5}, 0.5, True),
        ({"min": 0.5}, 0.4, False),
        ({"max": 9.0}, 9.0, True),
        ({"max": 9.0}, 9.1, False),
        ({"min": 0.5}, None, False),
    ],
)
def test_a_floor_holds_what_is_as_good_or_better(floor: dict[str, float], value: float | None, holds: bool) -> None:
    assert params.Floor(**floor).holds(value) is holds


def test_missing_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="no such file"):
        params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize("margin", [{}, {"absolute": 0.1, "relative": 0.1}])
def test_a_margin_is_either_absolute_or_relative(margin: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="want absolute or relative"):
        params.Margin(**margin)


def test_a_margin_is_told_in_the_units_of_the_metric() -> None:
    assert params.Margin(absolute=0.1).beside(champion=20) == 0.1
    assert params.Margin(relative=0.1).beside(champion=-20) == pytest.approx(2)


def test_every_limit_stands_beside_its_reason() -> None:
    lines = (ROOT / "params.yaml").read_text().splitlines()
    block = lines[next(index for index, line in enumerate(lines) if line.startswith("gates:")) + 1 :]
    limits = [line for line in itertools.takewhile(lambda line: line.startswith(" "), block) if line.strip()]

    assert limits
    assert [line for line in limits if "  # " not in line and "reason: " not in line] == []
