from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.names import file_name, identifiers, resolve


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("Age", "age"),
        ("PassengerId", "passenger_id"),
        ("IMDB Rating", "imdb_rating"),
        ("Culmen Length (mm)", "culmen_length_mm"),
        ("Größe", "grosse"),
        ("Élève", "eleve"),
        ("class", "class_"),
        ("2020", "c_2020"),
        ("json", "json_"),
        ("年齢", "column_1"),
        ("_private", "private"),
        ("a%", "a_percent"),
    ],
)
def test_a_name_becomes_a_snake_case_identifier(name: str, identifier: str) -> None:
    assert identifiers([name]) == [identifier]


def test_names_that_become_the_same_are_told_apart() -> None:
    assert identifiers(["Age", "age", "AGE!", "age_2"]) == ["age", "age_2", "age_3", "age_2_2"]


@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_names_become_different_usable_identifiers(names: list[str]) -> None:
    found = identifiers(names)

    assert len(set(found)) == len(names)
    for identifier in found:
        assert identifier.isidentifier()
        assert identifier.isascii()
        assert not keyword.iskeyword(identifier)
        assert not hasattr(BaseModel, identifier)


@pytest.mark.parametrize("typed", ["Churned?", "churned"])
def test_a_column_is_found_by_its_own_name_and_by_its_identifier(typed: str) -> None:
    assert resolve(typed, ["Age", "Churned?"], "TARGET") == "Churned?"


def test_an_unknown_column_is_refused_with_close_names() -> None:
    with pytest.raises(AdoptError, match=r"TARGET churn: .*Did you mean 'Churned'"):
        resolve("churn", ["Age", "Churned"], "TARGET")


def test_a_header_of_numbers_is_said_to_look_like_data() -> None:
    with pytest.raises(AdoptError, match="looks like data"):
        resolve("y", ["5.1", "3.5", "setosa"], "TARGET")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("customers.csv", "customers.csv"),
        ("étiquettes françaises.csv", "etiquettes_francaises.csv"),
        ("$(touch x); a.csv.gz", "usd_touch_x_a.csv.gz"),
        ("-x.csv", "x.csv"),
        ("данные.csv", "data.csv"),
    ],
)
def test_a_file_gets_a_name_without_awkward_signs(name: str, written: str) -> None:
    assert file_name(name) == written
