from __future__ import annotations

from pathlib import Path

import pytest

from {{ cookiecutter.package_name }} import params
from {{ cookiecutter.package_name }}.params import ParamsError


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tolerated_share: ", "tolerated_share: 7 #", "validation.tolerated_share: Input should be less than"),
        ("learning_rate: ", "lerning_rate: 0.1 #", "model.lerning_rate: Extra inputs are not permitted"),
        ("learning_rate: ", "lerning_rate: 0.1 #", "model.learning_rate: Field required"),
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


def test_missing_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="no such file"):
        params.load(tmp_path / "params.yaml")
