from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from goldenpath.evaluation import metrics
from goldenpath.model import task
from goldenpath.model.features import as_category
from goldenpath.monitoring import labels, log, performance, realized_metrics
from goldenpath.monitoring.labels import Taken
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import PERFORMANCE
from tests.command import exit_code
from tests.monitoring.log_factory import START, Record, newest_rows, write, written_time
from tests.sample import ROOT

TARGET = contract.load(ROOT / "contract.yaml").target.name
OLD = "0" * 64
MANIFEST = "kpi: {name: cost_per_row, label_lag_days: 3}\n"
Run = Callable[..., int]


@pytest.fixture
def label_rows(logged: Path) -> pd.DataFrame:
    """The label of every logged prediction, as a file of labels holds it."""
    Path("golden-path.yaml").write_text(MANIFEST)
    rows = newest_rows()
    return pd.DataFrame({"id": [f"p{place}" for place in range(len(rows))], TARGET: rows[TARGET]})


@pytest.fixture
def run() -> Run:
    def called(*words: str) -> int:
        return exit_code("labels", *words)

    return called


def take(rows: pd.DataFrame, folder: Path, match_hours: float = 24) -> Taken:
    rows.to_parquet("labels.parquet", index=False)
    agreed = log.of_project()
    return labels.take(Path("labels.parquet"), folder, agreed, task.of(agreed.agreed, params.load()), match_hours)


def told() -> dict[str, Any]:
    return json.loads(PERFORMANCE.read_text())


def result(
    metric: str, segment: str = "all", window: str = "", variant: str = "champion", **others: str
) -> dict[str, Any]:
    wanted = {"metric": metric, "segment": segment, "window": window, "variant": variant, **others}
    return next(item for item in told()["results"] if wanted.items() <= item.items())


def exported() -> dict[tuple[str, ...], float]:
    """Metrics by their name and the values of their labels: metric, segment, variant."""
    families = text_string_to_metric_families(PERFORMANCE.with_suffix(".prom").read_text())
    return {(sample.name, *sample.labels.values()): sample.value for item in families for sample in item.samples}


def spread(served: list[Record], changes: Callable[[int], Record]) -> list[Record]:
    """The answers, those from the 300th on a week later, and changed by their place."""
    weeks = [written_time(START + timedelta(days=7 * week)) for week in (0, 1)]
    return [record | {"time": weeks[n >= 300]} | changes(n) for n, record in enumerate(served)]


def swapped(label_rows: pd.DataFrame) -> pd.DataFrame:
    """Truths that the answers do not fit."""
    return label_rows.assign(**{TARGET: label_rows[TARGET].sample(frac=1, random_state=1, ignore_index=True)})


def other_label(values: pd.Series) -> pd.Series:
    return ~values if values.dtype == "boolean" else values + 100


def test_labels_may_come_in_parts_and_twice(logged: Path, label_rows: pd.DataFrame) -> None:
    first = take(label_rows.head(100), logged)
    second = take(label_rows.head(250), logged)
    again = take(label_rows.head(250), logged)

    assert (first.new, first.total) == (100, 100)
    assert (second.new, second.again, second.total) == (150, 100, 250)
    assert (again.new, again.again, again.changed, again.total) == (0, 250, 0, 250)


@pytest.mark.usefixtures("sample")
def test_the_last_label_wins(logged: Path, label_rows: pd.DataFrame) -> None:
    take(label_rows, logged)
    changed = label_rows.head(10).assign(**{TARGET: other_label(label_rows[TARGET].head(10))})

    taken = take(pd.concat([label_rows.head(10), changed]), logged)

    assert (taken.given, taken.changed, taken.again, taken.total) == (20, 10, 0, len(label_rows))
    assert labels.load(logged).loc["p0", "truth"] == as_category(changed[TARGET].iloc[0])


def test_labels_by_an_id_that_the_log_does_not_hold_are_counted_and_wait_for_it(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project / "growing"
    write(folder, served[:300])

    early = take(label_rows.head(350), folder)
    again = take(label_rows.head(350), folder)
    write(folder, served[300:], "20260303T060000Z-host-7-1")
    label_rows.iloc[350:360].to_parquet("late.parquet")
    assert run("late.parquet", "--log", str(folder)) == 0

    assert (early.new, early.unmatched, early.waiting, early.total) == (300, 50, 50, 300)
    assert (again.new, again.again, again.unmatched, again.total) == (0, 300, 50, 300)
    assert "10 labels: 10 new, 0 known already, 0 changed, 0 without a prediction" in capsys.readouterr().out
    assert told()["labels"] == told()["taken"]["total"] == exported()["realized_labels_total",] == 360
    assert told()["taken"]["waiting"] == 0


def test_labels_that_wait_are_found_without_new_ones(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run
) -> None:
    folder = project / "growing"
    write(folder, served[:300])
    take(label_rows, folder)
    write(folder, served[300:], "20260303T060000Z-host-7-1")

    run("--log", str(folder))

    assert exported()["realized_labels_total",] == told()["labels"] == len(label_rows)


def test_labels_without_a_value_or_an_id_are_counted_and_left_out(logged: Path, label_rows: pd.DataFrame) -> None:
    rows = label_rows.head(5).copy()
    rows.loc[0, TARGET] = None
    rows.loc[1, "id"] = None

    taken = take(rows, logged)

    assert (taken.given, taken.unusable, taken.new) == (5, 2, 3)


@pytest.mark.usefixtures("sample")
def test_label_is_found_by_entity_and_time(logged: Path, label_rows: pd.DataFrame, served: list[Record]) -> None:
    agreed = contract.load()
    assert agreed.entity is not None
    assert agreed.time is not None
    times = pd.to_datetime([record["time"] for record in served])
    rows = pd.DataFrame(
        {
            agreed.entity.name: [record["entity"] for record in served],
            agreed.time.name: times + timedelta(minutes=20),
            TARGET: label_rows[TARGET],
        }
    )
    far = rows.tail(1).assign(**{agreed.time.name: START + timedelta(days=400)})

    taken = take(pd.concat([rows, far]), logged, match_hours=1)

    assert (taken.new, taken.unmatched, taken.unusable) == (len(rows), 1, 0)
    expected = dict(zip(label_rows["id"], label_rows[TARGET].map(as_category), strict=True))
    assert labels.load(logged)["truth"].to_dict() == expected


@pytest.mark.parametrize(
    ("columns", "message"),
    [(["id"], "has no column"), ([TARGET], "does not say whose label it is. Give the prediction's id")],
)
def test_a_file_that_lacks_a_column_is_told(
    logged: Path, label_rows: pd.DataFrame, columns: list[str], message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        take(label_rows[columns], logged)


def test_realized_metrics_are_those_of_the_evaluation(logged: Path, label_rows: pd.DataFrame, run: Run) -> None:
    label_rows.to_csv("labels.csv", index=False)

    assert run("labels.csv") == 0

    settings, agreed = params.load(), contract.load()
    asked, records = task.of(agreed, settings), log.read(logged).set_index("id").loc[label_rows["id"]]
    threshold = json.loads(Path("models/decision.json").read_text())["thresholds"].get("model")
    expected = metrics.for_task(asked.kind, settings.value, threshold)
    actual, score = asked.encode(label_rows[TARGET]), records["score"].to_numpy(dtype=float)
    for name in (metrics.HEADLINE[asked.kind], "cost_per_row"):
        found = result(name)
        assert found["labels"] == len(label_rows)
        assert found["value"] == pytest.approx(expected[name](actual, score, None), rel=1e-4)
        assert found["low"] < found["value"] < found["high"]


def test_only_predictions_with_a_label_are_judged(logged: Path, label_rows: pd.DataFrame, run: Run) -> None:
    label_rows.head(300).to_parquet("labels.parquet")

    run("labels.parquet")

    assert told()["labels"] == 300
    assert told()["through"] == (START + timedelta(hours=29.9)).isoformat()


@pytest.mark.usefixtures("sample")
def test_windows_segments_and_variants_are_told_apart(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run
) -> None:
    folder = project / "other"
    by_week = [
        record | {"time": written_time(START + timedelta(days=7 * (n // 300)))} for n, record in enumerate(served)
    ]
    write(
        folder, [record | {"variant": "challenger" if n % 4 == 0 else "champion"} for n, record in enumerate(by_week)]
    )
    label_rows.to_parquet("labels.parquet")

    run("labels.parquet", "--log", str(folder))

    rows = [item for item in told()["results"] if item["metric"] == "cost_per_row"]
    windows = [(item["window"], item["variant"], item["labels"]) for item in rows if item["segment"] == "all"]
    assert ("2026-03-02", "champion", 225) in windows
    assert ("2026-03-09", "challenger", sum(n % 4 == 0 for n in range(300, min(600, len(served))))) in windows
    few = [item for item in rows if item["labels"] < params.load().monitoring.performance.min_labels]
    assert {item["value"] for item in few} == {None}
    assert {item["segment"].partition("=")[0] for item in rows} == {"all", "carrier", "origin"}


@pytest.mark.usefixtures("sample")
def test_predictions_below_the_floor_are_an_alert(logged: Path, label_rows: pd.DataFrame, run: Run) -> None:
    swapped(label_rows).to_parquet("labels.parquet")

    assert run("labels.parquet") == 0

    [(name, _)] = params.load().gates.floors.items()
    assert told()["state"] == "low"
    values = exported()
    assert values["realized_performance_low", name, "all", "champion"] == 1
    assert values["realized_labels_total",] == len(label_rows)
    assert values["realized_through_timestamp_seconds",] > START.timestamp()
    assert "ALERT" in PERFORMANCE.with_suffix(".html").read_text()


@pytest.mark.usefixtures("sample")
def test_an_alert_gives_its_reasons_while_the_newest_window_says_too_little(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run
) -> None:
    folder = project / "other"
    write(folder, spread(served, lambda _: {}))
    swapped(label_rows).head(350).to_parquet("labels.parquet")

    run("labels.parquet", "--log", str(folder))

    assert told()["state"] == "low"
    assert told()["judged"]["window"] == "2026-03-02"
    page = PERFORMANCE.with_suffix(".html").read_text()
    [verdict] = re.findall(r'<div class="verdict bad">(.*?)</div>', page, flags=re.DOTALL)
    assert "ALERT" in verdict
    assert ", champion: " in verdict


@pytest.mark.usefixtures("sample")
def test_predictions_of_a_former_model_do_not_count_as_those_of_the_present_one(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run
) -> None:
    folder, last = project / "other", len(served) - 1
    write(folder, spread(served, lambda n: {} if n == last else {"model": OLD}))
    swapped(label_rows).to_parquet("labels.parquet")

    run("labels.parquet", "--log", str(folder))

    present = served[-1]["model"]
    assert (told()["state"], told()["judged"]["models"], told()["judged"]["labels"]) == ("unknown", [present], 1)
    assert told()["models"]["champion"] == sorted([OLD, present])
    assert not [key for key in exported() if key[0].startswith("realized_performance")]
    assert told()["kpi"]["value"] == result("cost_per_row", window="2026-03-09", model=OLD)["value"]


@pytest.mark.usefixtures("sample")
def test_a_variant_that_serves_no_more_alerts_nobody(
    project: Path, label_rows: pd.DataFrame, served: list[Record], run: Run
) -> None:
    folder = project / "other"
    write(folder, spread(served, lambda n: {"variant": "challenger", "model": OLD} if n < 300 else {}))
    swapped(label_rows).to_parquet("labels.parquet")

    run("labels.parquet", "--log", str(folder))

    assert result("cost_per_row", window="2026-03-02", variant="challenger")["value"] is not None
    assert {key[3] for key in exported() if key[0].startswith("realized_performance")} == {"champion"}


@pytest.mark.usefixtures("sample")
def test_predictions_above_the_floor_are_none(logged: Path, label_rows: pd.DataFrame, run: Run) -> None:
    scores = log.read(logged).set_index("id").loc[label_rows["id"], "score"].to_numpy(dtype=float)
    right = scores > np.median(scores) if label_rows[TARGET].dtype == "boolean" else scores
    label_rows.assign(**{TARGET: right}).to_parquet("labels.parquet")

    run("labels.parquet")

    assert told()["state"] == "ok"


def test_the_business_figure_is_a_fact(
    logged: Path, label_rows: pd.DataFrame, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    label_rows.to_parquet("labels.parquet")
    monkeypatch.setenv("GOLDENPATH_FACTS", str(tmp_path / "facts.json"))

    run("labels.parquet")

    facts = json.loads((tmp_path / "facts.json").read_text())
    last = START + timedelta(hours=0.1 * (len(label_rows) - 1))
    assert facts.pop("environment") == "local", "not of production unless it is said"
    assert facts == {
        "kpi": "cost_per_row",
        "value": result("cost_per_row", window="2026-03-02")["value"],
        "labels": len(label_rows),
        "through": str(last.date()),
    }


def test_the_business_figure_reaches_to_the_newest_answer_that_it_rests_on(tmp_path: Path) -> None:
    (tmp_path / "golden-path.yaml").write_text(MANIFEST)
    days = {"2026-03-03": OLD, "2026-03-05": "another model", "2026-03-10": OLD}
    rows = pd.DataFrame({"time": pd.to_datetime(list(days), utc=True), "variant": "champion", "model": days.values()})
    enough = realized_metrics.Judged("champion", OLD, "all", "2026-03-02", 500, "cost_per_row", 0.3, 0.2, 0.4, "", "ok")
    few = replace(enough, window="2026-03-09", labels=1, value=None, state="unknown", current=True)

    figure = performance.business_figure([enough, few], rows, "week", tmp_path)

    assert figure == {"kpi": "cost_per_row", "value": 0.3, "labels": 500, "through": "2026-03-03"}


def test_a_figure_that_labels_cannot_tell_is_refused(
    logged: Path, label_rows: pd.DataFrame, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("golden-path.yaml").write_text("kpi: {name: happiness}\n")
    label_rows.to_parquet("labels.parquet")

    assert run("labels.parquet") == 1
    assert "kpi.name is happiness, which labels cannot tell" in capsys.readouterr().err


def test_labels_of_no_known_prediction_judge_nothing(logged: Path, label_rows: pd.DataFrame, run: Run) -> None:
    label_rows.assign(id="other").to_parquet("labels.parquet")

    assert run("labels.parquet") == 3
    assert not PERFORMANCE.exists()


@pytest.mark.parametrize(("window", "first"), [("day", "2026-03-04"), ("week", "2026-03-02")])
def test_a_window_begins_with_its_day_or_its_monday(window: str, first: str) -> None:
    times = pd.Series(pd.to_datetime(["2026-03-04T23:59:59Z"]))

    assert str(realized_metrics.window_starts(times, window).iloc[0].date()) == first


def test_several_classes_are_judged_by_their_decisions(shop: Any) -> None:
    def with_sizes(content: Any) -> None:
        columns = content["schema"][0]["properties"]
        for column in columns:
            if column["name"] == "size":
                column["enum"] = [{"value": value} for value in ("S", "M", "L")]
                column["customProperties"] = [{"property": "roles", "value": ["target"]}]
        columns[-1]["customProperties"] = [{"property": "roles", "value": ["feature"]}]

    agreed = contract.load(shop(with_sizes))
    settings = params.load(ROOT / "params.yaml").model_copy(update={"problem": "classification"})
    asked = task.of(agreed, settings)
    names = np.array(["S", "M", "L"] * 100)
    decided = np.where(np.arange(300) % 10 == 0, "S", names)
    rows = pd.DataFrame(
        {
            "variant": "champion",
            "model": OLD,
            "time": START,
            "decision": decided,
            "score": 0.8,
            "actual": asked.encode(names),
        }
    )

    found = realized_metrics.judge(rows, agreed, asked, settings)

    accuracy = next(item for item in found if item.metric == "accuracy")
    assert accuracy.value == pytest.approx((decided == names).mean())
    assert "log_loss" not in {item.metric for item in found}
