"""Rows are read as params.yaml says."""

from pathlib import Path

import pytest
from your_package import source

from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.tables import table_io

ROOT = Path(__file__).parents[1]


def with_path(path: Path | None) -> params.Params:
    settings = params.load(ROOT / "params.yaml")
    data = params.Data(path=str(path) if path else None, separator=";", decimal=",")
    return settings.model_copy(update={"data": data})


def test_the_file_is_read_as_the_parameters_say(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    file = tmp_path / "data.csv"
    file.write_text("größe;ort\n1,5;Köln\n2,5;Ulm\n", encoding="utf-8")

    rows = source.load(with_path(file))

    assert rows.to_dict("list") == {"größe": [1.5, 2.5], "ort": ["Köln", "Ulm"]}


def test_a_file_that_was_not_pulled_is_refused_with_the_command_that_gets_it(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ProjectError, match="dvc pull"):
        source.load(with_path(tmp_path / "absent.csv"))


def test_the_adopted_file_has_every_column_of_the_contract():
    data = params.load(ROOT / "params.yaml").data
    path = ROOT / str(data.path)
    if not path.exists():
        pytest.skip("the adopted file is not here; run `dvc pull`")

    columns = table_io.column_names(path, data.separator, data.encoding)

    assert {column.physical_name for column in contract.load(ROOT / "contract.yaml")} <= set(columns)
