from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from goldenpath.model.features import encode
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.serving.batch.arrow_rows import check
from goldenpath.serving.batch.files import opened, place
from goldenpath.serving.rest.request import row_model
from goldenpath.tables import validation
from goldenpath.tables.null_values import MISSING_ANYWHERE, MISSING_IN_NUMBERS
from goldenpath.tables.table_io import read_table


@pytest.fixture
def agreed(shop: Any) -> Contract:
    """The small contract with features of every type and rule."""

    def change(content: Any) -> None:
        columns = content["schema"][0]["properties"]
        for item in columns:
            if item["name"] in ("member", "ordered"):
                item["customProperties"] = [{"property": "roles", "value": ["feature"]}]
                item.pop("required", None)
            if item["name"] == "ordered":
                item["logicalTypeOptions"] = {"minimum": "2026-01-01", "maximum": "2026-01-31"}
        feature = [{"property": "roles", "value": ["feature"]}]
        columns += [
            {"name": "code", "logicalType": "string", "customProperties": feature, "required": True}
            | {"logicalTypeOptions": {"pattern": "[A-Z]{2}[0-9]+", "maxLength": 4}},
            {"name": "pieces", "logicalType": "integer", "customProperties": feature}
            | {"logicalTypeOptions": {"minimum": 1}},
            {"name": "packed", "logicalType": "timestamp", "customProperties": feature}
            | {"logicalTypeOptions": {"minimum": "2026-01-01T00:00:00Z"}},
            {"name": "maker", "logicalType": "string", "customProperties": feature},
        ]

    return contract.load(shop(change))


GOOD = {
    "store": 7, "size": "S", "price": 9.5, "member": True, "ordered": "2026-01-31", "code": "AB1", "pieces": 2,
    "packed": "2026-01-31T13:45:00Z", "maker": "Acme",
}  # fmt: skip
CHANGES: list[dict[str, Any]] = [
    {}, {"store": None}, {"store": 8}, {"size": "XXL"}, {"price": -1}, {"price": 100}, {"price": 100.5},
    {"price": float("inf")}, {"code": None}, {"code": "ab1"}, {"code": "AB123"}, {"code": "AB1\n"}, {"pieces": 0},
    {"pieces": 10**12}, {"packed": None}, {"packed": "2026-01-31T13:45:00+02:00"}, {"member": None}, {"ordered": None},
    {"maker": "NA"}, {"maker": ""}, {"size": "NA"}, {"size": ""},
    {"ordered": "2026-02-01"}, {"packed": "2026-01-01T00:00:00Z"}, {"packed": "2025-12-31T23:59:59Z"},
]  # fmt: skip


def columns(rows: list[dict[str, Any]]) -> dict[str, pa.Array]:
    return {name: pa.array([row[name] for row in rows]) for name in rows[0]}


def is_kept_by_a_request(agreed: Contract, row: dict[str, Any]) -> bool:
    try:
        row_model(agreed).model_validate(row)
    except ValidationError:
        return False
    return True


def test_the_same_rows_are_kept_as_of_a_request(agreed: Contract) -> None:
    rows = [GOOD | change for change in CHANGES]

    checked = check(agreed, columns(rows), len(rows))

    assert checked.kept.tolist() == [is_kept_by_a_request(agreed, row) for row in rows]
    assert len(checked.reasons) == (~checked.kept).sum()


def test_dates_and_times_beyond_their_limits_are_refused(agreed: Contract) -> None:
    changes = [{"ordered": "2026-01-01"}, {"ordered": "2025-12-31"}, {"packed": "2026-01-01T01:30:00+02:00"}]
    rows = [GOOD | change for change in changes]

    checked = check(agreed, columns(rows), len(rows))

    assert checked.kept.tolist() == [is_kept_by_a_request(agreed, row) for row in rows] == [True, False, False]
    assert checked.reasons == [
        "ordered must be between 2026-01-01 and 2026-01-31",
        "packed must be at least 2026-01-01T00:00:00Z",
    ]


def test_the_tensors_are_those_of_the_predictor(agreed: Contract) -> None:
    rows = [GOOD, GOOD | {"store": None, "size": "M", "price": None}, GOOD | {"member": False, "pieces": None}]
    rows += [GOOD | {"maker": maker} for maker in ("NA", "null", "nan", "", None)]
    typed = [row | {"ordered": date(2026, 1, 31), "packed": datetime(2026, 1, 31, 13, 45, tzinfo=UTC)} for row in rows]

    checked = check(agreed, columns(rows), len(rows))

    wanted = encode(agreed.features, {name: [row[name] for row in typed] for name in GOOD})
    assert np.array_equal(checked.inputs.numbers, wanted.numbers, equal_nan=True)
    assert checked.inputs.categories.tolist() == wanted.categories.tolist()


def csv_columns(path: Path) -> dict[str, pa.Array]:
    """The columns of a CSV file, as a batch reads them."""
    with opened(place(str(path)), set(GOOD)) as table:
        [batch] = table.batches(0)
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def test_text_of_a_csv_file_is_read_as_the_contract_says(agreed: Contract, tmp_path: Path) -> None:
    text = "store,size,price,member,ordered,code,pieces,packed\n7,S, 9.5,yes,2026-01-31,AB1,2.0,2026-01-31T13:45:00Z\n"
    text += '12,NA,,false,2026-01-31,AB2,"NA",\n7,S,1e1,1,2026-01-31,AB1,+3,2026-01-31 13:45:00\n'
    (tmp_path / "rows.csv").write_text(text)

    checked = check(agreed, csv_columns(tmp_path / "rows.csv"), 3)

    assert checked.reasons == []
    assert checked.columns["price"].to_pylist() == [9.5, None, 10.0]
    assert checked.columns["pieces"].to_pylist() == [2, None, 3]
    assert checked.columns["member"].to_pylist() == [True, False, True]
    assert checked.columns["size"].to_pylist() == ["S", None, "S"]
    assert checked.columns["packed"].to_pylist()[2] == datetime(2026, 1, 31, 13, 45, tzinfo=UTC)


def test_words_of_a_csv_file_are_missing_where_training_takes_them_for_missing(tmp_path: Path) -> None:
    words = [*MISSING_ANYWHERE, "None", "Acme", " Acme ", " "]
    lines = [f'{number},{word}\n{number},"{word}"\n' for number, word in enumerate(words)]
    (tmp_path / "rows.csv").write_text("store,maker\n" + "".join(lines))

    found = csv_columns(tmp_path / "rows.csv")["maker"].to_pylist()

    trained_on = read_table(tmp_path / "rows.csv")["maker"]
    assert found == [None if missing else word for word, missing in zip(trained_on, trained_on.isna(), strict=True)]
    assert found[2:4] == [None, "NA"]


def test_each_word_for_a_missing_value_is_one_where_training_takes_it_for_one(agreed: Contract, tmp_path: Path) -> None:
    words = [*MISSING_ANYWHERE, *(form for word in MISSING_IN_NUMBERS for form in (word, word.upper(), f" {word}"))]
    fields = [field for word in words for field in (word, f'"{word}"')]
    good = "7,S,9.5,true,2026-01-31,AB1,2,2026-01-31T13:45:00Z,Acme\n"
    lines = [f"7,S,{field},true,{field},AB1,{field},{field},{field}\n" for field in fields]
    # With a truth training takes no other words than anywhere.
    lines += [f"7,S,9.5,{word},2026-01-31,AB1,2,2026-01-31T13:45:00Z,Acme\n" for word in MISSING_ANYWHERE]
    (tmp_path / "rows.csv").write_text(",".join(GOOD) + "\n" + good + "".join(lines) + good)

    checked = check(agreed, csv_columns(tmp_path / "rows.csv"), len(lines) + 2)

    table = read_table(tmp_path / "rows.csv", timestamps=[c.name for c in agreed if c.type in contract.MOMENTS])
    trained_on = {name: validation.in_type(agreed[name], table[name]) for name in GOOD}
    missing = {name: values.is_null().to_pylist() for name, values in checked.columns.items()}
    assert checked.reasons == [name for name in GOOD if (table[name].notna() & trained_on[name].isna()).any()] == []
    assert missing == {name: values.isna().tolist() for name, values in trained_on.items()}
    assert missing["price"] == missing["pieces"] == missing["packed"] == missing["ordered"]
    assert sum(missing["price"]) == len(fields)
    assert sum(missing["member"]) == len(MISSING_ANYWHERE)


@pytest.mark.parametrize(
    ("name", "value"),
    [("price", "dear"), ("pieces", "2.5"), ("pieces", 2.5), ("member", "perhaps"), ("ordered", "soon"), ("packed", 7)],
)
def test_a_value_of_another_type_is_refused_alone(agreed: Contract, name: str, value: Any) -> None:
    given = columns([GOOD, GOOD, GOOD]) | {name: pa.array([None, value, None])}

    checked = check(agreed, given, 3)

    assert checked.kept.tolist() == [True, False, True]
    assert checked.reasons == [f"{name} {agreed[name].rules['type'].text}"]
    assert checked.violations == {(name, "type"): 1}


def test_every_broken_rule_is_told(agreed: Contract) -> None:
    checked = check(agreed, columns([GOOD | {"code": None, "price": 101, "size": "L"}]), 1)

    assert checked.reasons == ["size must be one of S, M; price must be between 0 and 100; code must be present"]


def test_a_column_that_is_left_out_is_missing_everywhere(agreed: Contract) -> None:
    given = columns([GOOD, GOOD])
    del given["price"]

    checked = check(agreed, given, 2)

    assert checked.kept.all()
    assert checked.missing["price"] == 2


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_text_is_text_however_arrow_keeps_it(agreed: Contract, kind: pa.DataType) -> None:
    given = columns([GOOD, GOOD]) | {"size": pa.array(["S", None]).cast(kind)}

    assert check(agreed, given, 2).inputs.categories[:, 1].tolist() == ["S", ""]


def test_whole_numbers_beside_missing_ones_name_a_category_without_a_point(agreed: Contract) -> None:
    given = columns([GOOD, GOOD]) | {"store": pa.array([7.0, float("nan")])}

    assert check(agreed, given, 2).inputs.categories[:, 0].tolist() == ["7", ""]
