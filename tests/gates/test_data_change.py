from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from goldenpath.gates import data_change
from goldenpath.gates.model import rebuild_champion
from goldenpath.project import params
from goldenpath.project.contract import Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import DATA_CHECK, RAW
from tests.gates.orders import git, orders, run_pipeline
from tests.sample import ROOT

Compare = Callable[..., dict[str, Any]]


def judged() -> tuple[int, dict[str, Any]]:
    outcome = data_change.run(Path.cwd(), "main")
    return outcome.exit_code, json.loads(DATA_CHECK.read_text())


@pytest.fixture
def compare(shop_contract: Contract, tmp_path: Path) -> Compare:
    """Judges rows beside those of the base, under the project's parameters, changed as the test asks."""

    def compared(rows: pd.DataFrame, **changes: Any) -> dict[str, Any]:
        content = yaml.safe_load((ROOT / params.PATH).read_text())
        for section, change in changes.items():
            content[section] |= change
        path = tmp_path / params.PATH
        path.write_text(yaml.safe_dump(content))
        return data_change.compare(shop_contract, params.load(path), stored(rows), stored(orders()))

    return compared


def stored(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as they come back from the file of a table."""
    return pd.read_parquet(io.BytesIO(rows.to_parquet(index=False)))


def set_params(section: str, key: str, value: Any) -> None:
    content = yaml.safe_load(params.PATH.read_text())
    content[section][key] = value
    params.PATH.write_text(yaml.safe_dump(content))


def test_where_no_data_changed_there_is_nothing_to_judge(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = judged()

    assert (code, report["changed"]) == (0, [])
    assert "No data changed." in capsys.readouterr().out


def test_new_rows_that_keep_the_contract_are_green_and_counted(product: Path) -> None:
    orders(500).to_parquet("source.parquet", index=False)
    run_pipeline(product)

    code, report = judged()

    assert code == 0, report["reasons"]
    assert {item["path"] for item in report["changed"]} >= {"data/raw.parquet", "data/valid.parquet"}
    assert report["rows"][0] == {"table": "data/raw.parquet", "before": 400, "after": 500}
    assert report["comparison"]["added"] == 100
    assert report["comparison"]["lost"] == 0


def test_bad_new_rows_are_red_although_they_drown_among_the_old(compare: Compare) -> None:
    rows = orders(420)
    rows.loc[410:, "price"] = -1.0  # half of the new ones, and one in forty of all

    report = compare(rows, validation={"tolerated_share": 0.1})

    assert report["verdict"] == "fail"
    assert "10 of 20 new rows (50.0%) break the contract" in report["reasons"][0]
    assert "price must be between 0 and 100" in report["reasons"][0]


def test_too_many_violations_overall_are_red_by_the_pipelines_own_report(product: Path) -> None:
    path = Path("reports/validation.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quarantined": 399, "quarantined_share": 0.9}))

    code, report = judged()

    assert (code, report["verdict"]) == (1, "fail")
    assert "399 of 400 rows break the contract" in report["reasons"][0]


def test_rows_lost_beyond_the_limit_are_red(product: Path) -> None:
    orders().iloc[40:].to_parquet("source.parquet", index=False)
    run_pipeline(product, "ingest")

    code, report = judged()

    assert (code, report["verdict"]) == (1, "fail")
    assert "40 of 400 rows of the base (10.0%) are gone" in report["reasons"][0]
    assert report["comparison"]["lost_by"] == "matched by ordered, Customer No"


def test_rows_lost_are_not_made_up_for_by_others(compare: Compare) -> None:
    report = compare(orders(440).iloc[40:])

    assert (report["verdict"], report["comparison"]["lost"]) == ("fail", 40)


def test_few_lost_rows_are_borne(compare: Compare) -> None:
    report = compare(orders().iloc[2:])

    assert (report["verdict"], report["comparison"]["lost"]) == ("pass", 2)


def test_the_limit_for_lost_rows_is_a_parameter(compare: Compare) -> None:
    assert compare(orders().iloc[40:], gates={"data": {"lost_share": 0.2}})["verdict"] == "pass"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows.assign(price=None), "price has no value any longer"),
        (lambda rows: rows.assign(price=5.0), "price has the same value in every row, and had 100 different ones"),
        (
            lambda rows: pd.concat([rows, orders(430).iloc[400:].assign(price=None)]),
            "price has no value in any of 30 new rows; in the base 0.0% miss it",
        ),
    ],
    ids=["all missing", "constant", "all missing in the new rows"],
)
def test_a_column_that_went_dead_is_red(compare: Compare, spoil: Any, words: str) -> None:
    report = compare(spoil(orders()))

    assert report["verdict"] == "fail"
    assert any(words in reason for reason in report["reasons"]), report["reasons"]


def test_drift_of_each_column_is_told_and_is_not_red(compare: Compare) -> None:
    rows = orders()
    rows["price"] = rows["price"] / 2

    report = compare(rows)

    moves = {item["column"]: item for item in report["drift"]}
    assert report["verdict"] == "pass", report["reasons"]
    assert moves["price"]["size"] == "large"
    assert moves["size"]["psi"] == pytest.approx(0)
    assert "ordered" not in moves, "time always moves on"
    assert "| price | large |" in data_change.markdown({**report, "changed": [str(RAW)]})


def without_base_rows(product: Path) -> None:
    """The data changes, and what it was before is neither in the cache nor in a remote."""
    orders(410).to_parquet("source.parquet", index=False)
    run_pipeline(product, "ingest")
    shutil.rmtree(product / ".dvc" / "cache")


def test_a_base_whose_rows_are_not_to_be_had_is_inconclusive(product: Path) -> None:
    without_base_rows(product)

    code, report = judged()

    assert (code, report["verdict"]) == (3, "inconclusive")
    assert "neither in DVC's cache nor in its remote" in report["reasons"][0]
    assert report["reasons"][0].endswith("goldenpath rebuild-base --rows --base main")


def test_rows_of_the_base_that_are_nowhere_can_be_read_again(product: Path) -> None:
    without_base_rows(product)

    said = rebuild_champion.rows(product, "main")

    assert "was made again" in said
    code, report = judged()
    assert (code, report["comparison"]["added"]) == (0, 10)


def test_a_source_that_gives_other_rows_now_is_no_base(product: Path) -> None:
    orders(390).to_parquet("source.parquet", index=False)
    git(product, "commit", "--quiet", "--all", "--message", "The source moved, and nobody ran the pipeline")
    git(product, "branch", "--force", "main")
    without_base_rows(product)

    with pytest.raises(ProjectError, match=r"made another raw table here than its dvc\.lock names"):
        rebuild_champion.rows(product, "main")


def test_rows_that_did_not_change_are_not_read_again(product: Path) -> None:
    said = rebuild_champion.rows(product, "main")

    assert said.endswith("nothing to make.")


def test_too_many_violations_are_red_without_the_bases_rows_too(product: Path) -> None:
    without_base_rows(product)
    set_params("validation", "tolerated_share", 0.0)
    path = Path("reports/validation.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"quarantined_share": 0.5}))

    assert judged()[0] == 1


def test_rows_of_the_base_come_from_the_remote(product: Path, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    shutil.copytree(product / ".dvc" / "cache", storage)
    (product / ".dvc" / "config").write_text(f"[core]\n    remote = there\n['remote \"there\"']\n    url = {storage}\n")
    git(product, "commit", "--quiet", "--all", "--message", "Remote")
    git(product, "branch", "--force", "main")
    without_base_rows(product)

    code, report = judged()

    assert (code, report["comparison"]["added"]) == (0, 10)


def test_a_missing_record_is_told_with_the_command_that_makes_it(product: Path) -> None:
    Path("dvc.lock").unlink()

    code, report = judged()

    assert code == 1
    assert "make run" in report["reasons"][0]
    assert RAW.exists()
