from __future__ import annotations

import ast
import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from goldenpath.adopt.plan import Plan, Request, plan
from goldenpath.project import contract, params
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.tables.validation import validate


def planned(skeleton: Path, data: Path, target: str = "Churned?", **named: Any) -> Plan:
    return plan(Request(data, target, **named), skeleton, "shop")


def loaded(found: Plan, folder: Path) -> Contract:
    path = folder / "new.yaml"
    path.write_text(found.files[contract.PATH], encoding="utf-8")
    return contract.load(path)


def test_the_guessed_contract_holds_for_every_row_it_was_guessed_from(
    skeleton: Path, customers: pd.DataFrame, customers_csv: Path
) -> None:
    agreed = loaded(planned(skeleton, customers_csv), skeleton)

    found = validate(agreed, customers)

    assert found.quarantine.empty
    assert len(found.valid) == len(customers)


def test_each_column_gets_its_part(skeleton: Path, customers_csv: Path) -> None:
    agreed = loaded(planned(skeleton, customers_csv, time="Since", entity="household", protected=("grosse",)), skeleton)

    assert {column.name: set(column.roles) for column in agreed} == {
        "customer_id": {"excluded"},
        "since": {"time"},
        "einkommen_eur": {"feature"},
        "grosse": {"protected"},
        "store": {"feature", "segment"},
        "household": {"entity"},
        "newsletter": {"feature", "segment"},
        "country": {"excluded"},
        "churned": {"target"},
    }


@pytest.mark.parametrize(
    ("named", "split"), [({"time": "Since"}, "time"), ({"entity": "household"}, "entity"), ({}, "random")]
)
def test_rows_are_divided_by_what_was_named(
    skeleton: Path, customers_csv: Path, named: dict[str, Any], split: str
) -> None:
    found = planned(skeleton, customers_csv, **named)

    assert found.split == split
    assert f"  by: {split} " in found.files[params.PATH]


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet"])
def test_compressed_and_parquet_files_lead_to_the_same_columns(
    skeleton: Path, customers: pd.DataFrame, customers_csv: Path, tmp_path: Path, suffix: str
) -> None:
    other = tmp_path / f"customers{suffix}"
    if suffix == ".parquet":
        customers.to_parquet(other)
    else:
        other.write_bytes(gzip.compress(customers_csv.read_bytes()))

    first, second = (
        [replace(column, description="") for column in loaded(planned(skeleton, path), skeleton)]
        for path in (customers_csv, other)
    )

    assert first == second


def test_the_replaced_modules_are_python_with_imports_of_the_project(skeleton: Path, customers_csv: Path) -> None:
    files = planned(skeleton, customers_csv).files

    source, test = files[Path("src/shop/source.py")], files[Path("tests/test_source.py")]

    ast.parse(source)
    ast.parse(test)
    assert "\nfrom goldenpath.tables.table_io import" in source
    assert "\nfrom shop import" in test
    assert "your_package" not in source + test
    assert "..." not in source + test


def test_codes_of_the_entity_are_excluded_and_its_measures_are_not(
    skeleton: Path, customers: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "entity.csv"
    household = customers["household"]
    codes = "h" + household.clip(1).astype(str)  # two households share a code by mistake
    customers.assign(code=codes, number=household * 3 + 7, area=household * 1.5).to_csv(path)

    agreed = loaded(planned(skeleton, path, entity="household"), skeleton)

    reasons = {agreed[name].reason for name in ("code", "number")}
    assert reasons == {"Copy of the entity: says the same as household in other words."}
    assert agreed["area"].roles == {"feature"}


def test_a_protected_name_may_hold_a_comma(skeleton: Path, customers: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "comma.csv"
    customers.rename(columns={"Größe": "size,shoes"}).to_csv(path, index=False)

    agreed = loaded(planned(skeleton, path, protected=("size", "shoes")), skeleton)

    assert agreed["size_shoes"].roles == {"protected"}


def test_planning_changes_nothing(skeleton: Path, customers_csv: Path) -> None:
    before = {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()}

    planned(skeleton, customers_csv)

    assert {path: path.read_bytes() for path in skeleton.rglob("*") if path.is_file()} == before


def test_a_trace_of_the_target_is_reported_and_stays_a_feature(
    skeleton: Path, customers: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "leak.csv"
    customers.assign(refund=(customers["Churned?"] == "yes") * customers["Einkommen (€)"]).to_csv(path, index=False)

    found = planned(skeleton, path)

    assert any("Suspected leakage: refund" in warning for warning in found.warnings)
    assert "SUSPECTED LEAKAGE" in found.files[contract.PATH]
    assert "feature" in loaded(found, skeleton)["refund"].roles


@pytest.mark.parametrize("copy", ["same", "recoded"])
def test_the_target_in_other_words_is_excluded_and_reported(
    skeleton: Path, customers: pd.DataFrame, tmp_path: Path, copy: str
) -> None:
    path = tmp_path / "leak.csv"
    target = customers["Churned?"]
    customers.insert(0, "left", target if copy == "same" else target.map({"yes": 1, "no": 0}))
    customers.to_csv(path, index=False)

    found = planned(skeleton, path)

    assert any("Suspected leakage: left" in warning for warning in found.warnings)
    assert loaded(found, skeleton)["left"].roles == {"excluded"}


def test_parts_of_the_target_are_reported_together(skeleton: Path, customers: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "sum.csv"
    customers["fees"] = np.random.default_rng(1).uniform(0, 9_000, len(customers)).round(2)
    customers.assign(total=customers["Einkommen (€)"] + customers["fees"]).to_csv(path, index=False)

    found = planned(skeleton, path, target="total")

    assert any("total can be computed from Einkommen (€) and fees" in warning for warning in found.warnings)
    assert found.files[contract.PATH].count("SUSPECTED LEAKAGE: total can be computed from") == 2


@pytest.mark.parametrize(("rows", "held_out"), [((100, 150, 150), 0.2), ((100, 120, 180), 0.25)])
def test_few_timestamps_make_the_parts_as_large_as_needed(
    skeleton: Path, customers: pd.DataFrame, tmp_path: Path, rows: tuple[int, ...], held_out: float
) -> None:
    path = tmp_path / "months.csv"
    customers.assign(Since=np.repeat(["2026-01", "2026-02", "2026-03"], rows)).to_csv(path, index=False)

    found = planned(skeleton, path, time="Since")

    assert f"  test: {held_out} " in found.files[params.PATH]


def test_two_timestamps_are_too_few_to_divide(skeleton: Path, customers: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    customers.assign(Since=[2020 + row // 200 for row in range(len(customers))]).to_csv(path, index=False)

    with pytest.raises(ProjectError, match="2 different values, want at least 3"):
        planned(skeleton, path, time="Since")


def test_years_can_be_the_time(skeleton: Path, customers: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    customers.assign(Since=[1950 + row // 10 for row in range(len(customers))]).to_csv(path, index=False)

    found = planned(skeleton, path, time="Since")

    assert loaded(found, skeleton)["since"].type == "date"


CODES = b"code,Churned?\n" + b"".join(b"x%d,%s\n" % (row, b"yes" if row % 3 else b"no") for row in range(300))
BAD_FILES = {
    "absent": (None, "no such file"),
    "empty": (b"", "is empty"),
    "header only": (b"a,b,Churned?\n", "no rows"),
    "rubbish": (os.urandom(5000), "is not text"),
    "broken gzip": (b"\x1f\x8b\x08rubbish", "cannot be read"),
    "broken parquet": (b"PAR1rubbish", "cannot be read"),
    "repeated names": (b"a,a,Churned?\n1,2,yes\n", "more than once"),
    "ragged rows": (b"a,Churned?\n1,yes\n1,2,3\n", "cannot be read"),
    "few rows": (b"a,Churned?\n" + b"1,yes\n2,no\n" * 20, "at least 100"),
    "nothing to learn from": (b"a,Churned?\n" + b"1,yes\n1,no\n" * 100, "no column is left"),
    "only the target": (b"Churned?\n" + b"yes\nno\n" * 100, "no column is left"),
    "only codes": (CODES, "code: Identifier: 300 different values"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_the_reason(
    skeleton: Path, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ProjectError, match=words):
        planned(skeleton, path)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"target": "churn"}, "TARGET churn: the file has no such column. Did you mean 'Churned\\?'"),
        ({"target": "country"}, "is constant"),
        ({"target": "Customer ID"}, "identifier or free text"),
        ({"time": "absent"}, "--time absent: the file has no such column"),
        ({"time": "Größe"}, "cannot be read as a date"),
        ({"time": "newsletter"}, "cannot be read as a date"),
        ({"time": "Churned?"}, "is already TARGET"),
        ({"entity": "absent"}, "--entity absent: the file has no such column"),
        ({"entity": "store"}, "3 different values, want at least 20"),
        ({"protected": ("Größe", "nobody")}, "--protected nobody: the file has no such column"),
    ],
)
def test_columns_that_cannot_do_what_they_are_named_for_are_refused(
    skeleton: Path, customers_csv: Path, named: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProjectError, match=words):
        planned(skeleton, customers_csv, **named)


def test_a_time_that_leaves_one_class_to_the_test_is_refused(
    skeleton: Path, customers: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "sorted.csv"
    ordered = ["no"] * 150 + ["no", "yes"] * 75 + ["yes"] * 100
    customers.assign(**{"Churned?": ordered}).to_csv(path, index=False)

    with pytest.raises(ProjectError, match="the test part would hold only 'yes'"):
        planned(skeleton, path, time="Since")
