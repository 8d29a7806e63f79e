from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as of_text_format

from goldenpath.monitoring import power_simulation, rows
from goldenpath.pipeline import reference
from goldenpath.project import contract
from goldenpath.project.exit_codes import Exit
from goldenpath.project.params import Drift
from goldenpath.project.paths import DRIFT, DRIFT_DRILL, PREDICTION_LOG, REFERENCE, SIGNATURE, split_file
from tests.command import exit_code
from tests.monitoring.log_factory import Record, make_personal, write

Run = Callable[..., int]


@pytest.fixture
def run() -> Run:
    def called(*words: str) -> int:
        return exit_code("drift", *words)

    return called


def told() -> dict[str, Any]:
    return json.loads(DRIFT.read_text())


def training_rows(count: int) -> pd.DataFrame:
    rows = pd.read_parquet(split_file("train"))
    return rows.sample(count, random_state=1, replace=len(rows) < count)


def most_important() -> str:
    columns = reference.load().columns
    return max(columns, key=lambda name: columns[name].importance)


def test_rows_like_those_of_training_are_ok(project: Path, run: Run) -> None:
    training_rows(2_000).to_parquet("rows.parquet")

    assert run("--data", "rows.parquet") == 0
    assert (told()["verdict"], told()["rows"], told()["predictions"]) == ("ok", 2_000, [])


def test_a_shift_alarms_by_exit_code_report_metrics_and_page(project: Path, run: Run) -> None:
    name, rows = most_important(), training_rows(2_000)
    rows[name] = rows[name] + 3 * rows[name].std()
    rows.to_parquet("rows.parquet")

    assert run("--data", "rows.parquet") == Exit.ALARM

    report = told()
    assert (report["verdict"], report["columns"][0]["column"]) == ("alarm", name)
    families = list(text_string_to_metric_families(DRIFT.with_suffix(".prom").read_text()))
    values = {(sample.name, *sample.labels.values()): sample.value for item in families for sample in item.samples}
    assert values["drift_alarm",] == 1
    assert values["drift_overall",] >= report["columns"][0]["importance"] - 1e-6
    assert values["drift_columns_moved",] == 1
    assert values["drift_rows",] == 2_000
    assert values["drift_psi", name] == pytest.approx(report["columns"][0]["psi"], rel=1e-4)
    page = DRIFT.with_suffix(".html").read_text()
    assert "ALARM" in page
    assert f'aria-label="{name}: training and now"' in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_metrics_are_read_by_a_textfile_collector_too(project: Path, run: Run) -> None:
    training_rows(600).to_parquet("rows.parquet")
    run("--data", "rows.parquet")

    names = {family.name for family in of_text_format(DRIFT.with_suffix(".prom").read_text())}

    assert {"drift_psi", "drift_distance", "drift_overall", "drift_last_run_timestamp_seconds"} <= names


@pytest.mark.parametrize(
    ("value", "told"), [("warm", "holds 'warm', which is text and neither"), (["1"], "holds values of the type list")]
)
def test_text_where_numbers_belong_is_told_with_its_column_and_passes_for_no_alarm(
    project: Path, run: Run, capsys: pytest.CaptureFixture[str], value: object, told: str
) -> None:
    name, rows = most_important(), training_rows(50)
    rows[name] = [value] * len(rows)
    rows.to_parquet("rows.parquet")

    assert run("--data", "rows.parquet") == 1
    error = capsys.readouterr().err
    assert f"The column {name} {told}" in error
    assert "Fix the column in the file, or leave it out" in error


def test_too_few_rows_are_inconclusive(project: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    training_rows(100).to_parquet("rows.parquet")

    assert run("--data", "rows.parquet") == 3
    assert "100 rows are too few" in capsys.readouterr().out


@pytest.mark.usefixtures("sample")
def test_a_file_is_read_a_part_at_a_time(project: Path) -> None:
    values = np.random.default_rng(4).normal(0, 1, 50_000)
    with pq.ParquetWriter("rows.parquet", pa.schema([("distance", pa.float64())])) as file:
        for _ in range(40):
            file.write_table(pa.table({"distance": values}))
    before = pa.total_allocated_bytes()

    tables = rows.of_file(Path("rows.parquet"), contract.load(), reference.load(), None, None)
    held = max(pa.total_allocated_bytes() - before for _ in tables)

    assert held < Path("rows.parquet").stat().st_size / 3


def test_a_csv_file_says_what_the_parquet_file_says(project: Path, run: Run) -> None:
    rows = training_rows(1_500)
    rows.to_parquet("rows.parquet")
    rows.to_csv("rows.csv", index=False)

    run("--data", "rows.parquet")
    expected = told()
    run("--data", "rows.csv")

    assert [(m["column"], m["psi"], m["missing_after"]) for m in told()["columns"]] == [
        (m["column"], m["psi"], m["missing_after"]) for m in expected["columns"]
    ]


@pytest.mark.usefixtures("sample")
def test_a_time_is_chosen_from_a_file(project: Path, run: Run) -> None:
    rows = training_rows(1_500).sort_values("scheduled_departure")
    rows.to_parquet("rows.parquet")
    middle = rows["scheduled_departure"].iloc[700]

    run("--data", "rows.parquet", "--since", middle.isoformat())

    assert told()["rows"] == (rows["scheduled_departure"] >= middle).sum()


def test_the_log_is_compared_with_its_predictions(logged: Path, served: list[Record], run: Run) -> None:
    run()

    report = told()
    assert report["rows"] == len(served)
    assert report["torn_lines"] == 1
    assert report["not_compared"] == []
    kinds = json.loads(SIGNATURE.read_text())["task"]
    assert [move["column"] for move in report["predictions"]] == ["score", "decision"][
        : 1 if kinds == "regression" else 2
    ]
    # The log holds the predictions of which the reference describes the scores.
    assert {move["verdict"] for move in report["predictions"]} == {"ok"}


def test_what_a_shadow_would_have_said_is_not_compared(project: Path, served: list[Record], run: Run) -> None:
    write(project / PREDICTION_LOG, [*served, *({**record, "variant": "shadow"} for record in served)])

    run()

    assert told()["rows"] == len(served)


def test_scores_of_a_former_model_are_not_compared_with_those_of_the_present_one(
    project: Path, served: list[Record], run: Run
) -> None:
    former = [record | {"id": f"old {n}", "model": "0" * 64, "score": 0.999} for n, record in enumerate(served)]
    write(project / PREDICTION_LOG, [*former, *served])

    run()

    assert (told()["rows"], told()["foreign_answers"]) == (2 * len(served), len(served))
    assert {(move["rows"], move["verdict"]) for move in told()["predictions"]} == {(len(served), "ok")}
    assert "came from other models" in DRIFT.with_suffix(".html").read_text()


def test_where_only_another_model_has_answered_the_inputs_are_compared(
    project: Path, served: list[Record], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project / PREDICTION_LOG, [record | {"model": "0" * 64} for record in served])

    run()

    assert (told()["rows"], told()["predictions"]) == (len(served), [])
    assert f"{len(served):,} predictions are of other models" in capsys.readouterr().out


@pytest.mark.usefixtures("sample")
def test_values_of_personal_columns_stand_in_no_report(project: Path, run: Run) -> None:
    make_personal("carrier")
    training_rows(1_000).assign(carrier="somebody").to_parquet("rows.parquet")

    run("--data", "rows.parquet")

    assert told()["not_compared"] == ["carrier"]
    assert "somebody" not in DRIFT.read_text() + DRIFT.with_suffix(".html").read_text()


@pytest.mark.usefixtures("sample")
def test_a_personal_column_takes_no_weight_from_those_that_can_be_seen_to_move(project: Path, run: Run) -> None:
    make_personal("carrier")
    known = json.loads(REFERENCE.read_text())
    weights = {"carrier": 0.8, "distance": 0.1, "origin": 0.1}
    for name, column in known["columns"].items():
        column["importance"] = weights.get(name, 0.0)
    REFERENCE.write_text(json.dumps(known))
    training_rows(1_000).assign(distance=9_999, origin="elsewhere").to_parquet("rows.parquet")

    assert run("--data", "rows.parquet") == Exit.ALARM
    report = told()
    assert (report["overall"]["alarm_share"], report["not_compared"]) == (1, ["carrier"])
    assert {move["column"]: move["importance"] for move in report["columns"][:2]} == {"distance": 0.5, "origin": 0.5}


@pytest.mark.usefixtures("sample")
def test_words_for_missing_values_in_a_csv_file_count_as_in_training(project: Path, run: Run) -> None:
    rows = training_rows(600).astype({"distance": "string"})
    rows.iloc[:3, rows.columns.get_loc("distance")] = ["?", "None", "#DIV/0!"]
    rows.to_csv("rows.csv", index=False)

    run("--data", "rows.csv")

    moves = {move["column"]: move for move in told()["columns"]}
    assert moves["distance"]["missing_after"] == pytest.approx(3 / 600)


def test_only_the_asked_time_of_the_log_is_compared(logged: Path, run: Run) -> None:
    run("--since", "2026-03-02", "--until", "2026-03-02T10:00:00Z")

    assert told()["rows"] == 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "holds no input of the model"),
        (b"PAR1 and nothing more", "cannot be read as Parquet"),
        (b"distance,carrier\nfar,UA\n", "does not hold what contract.yaml says"),
    ],
)
@pytest.mark.usefixtures("sample")
def test_a_file_that_cannot_be_compared_is_told(
    project: Path, run: Run, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    Path("rows").write_bytes(content)

    assert run("--data", "rows") == 1
    assert message in capsys.readouterr().err
    assert not DRIFT.exists()


def test_a_log_that_is_not_there_is_told(project: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert f"{PREDICTION_LOG}: no such folder" in capsys.readouterr().err


def test_a_file_in_the_way_of_the_log_is_no_log(project: Path, run: Run, served: list[Record]) -> None:
    path = write(project / "log", served[:1])

    assert run("--log", str(path)) == 1


def test_the_drill_rests_without_a_shift_and_alarms_with_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    assert power_simulation.run() == 0

    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["null"]["alarms"] == []
    assert most_important() in facts["shift"]["injected"]
    assert set(facts["shift"]["injected"]) <= set(facts["shift"]["alarms"])
    assert min(facts["null"]["rows"], facts["shift"]["rows"]) >= 100
    assert json.loads(DRIFT_DRILL.read_text())["verdict"] == "pass"


@pytest.mark.usefixtures("sample")
def test_the_drill_leaves_personal_columns_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = most_important()
    make_personal(name)
    reference.reference()

    assert power_simulation.run() == 0
    assert name not in json.loads(DRIFT_DRILL.read_text())["shift"]["injected"]


def test_the_drill_refuses_a_watch_that_never_alarms(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("params.yaml").read_text()
    head, _, rest = text.partition("  drift:\n")
    names = ("psi", "distance", "missing", "unseen")
    settings = "".join(f"    {name}: {json.dumps({'moved': 1e9, 'alarm': 1e9})}\n" for name in names)
    Path("params.yaml").write_text(f"{head}  drift:\n{settings}  performance:{rest.partition('  performance:')[2]}")

    assert power_simulation.run() == 1


@pytest.mark.usefixtures("sample")
def test_the_drill_refuses_a_watch_that_alarms_without_a_shift(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.loads(REFERENCE.read_text())
    values = content["columns"]["carrier"]["values"]
    content["columns"]["carrier"]["values"] = dict(zip(values, reversed(values.values()), strict=True))
    REFERENCE.write_text(json.dumps(content))

    assert power_simulation.run() == 1
    assert "carrier" in json.loads(DRIFT_DRILL.read_text())["null"]["alarms"]


def test_rates_of_false_alarms_and_of_found_shifts_are_measured(project: Path) -> None:
    known = reference.load()

    [few, many] = power_simulation.table(known, power_simulation.training_rows(known), Drift(), 10, (500, 5_000))

    assert (few["any_alarm"], many["any_alarm"], many["overall_moved"]) == (0, 0, 0)
    assert (many["found_1"], many["found_0.5"]) == (1, 1)
