from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from goldenpath.model.signature import Signature
from goldenpath.serving.metrics import Metrics, score_buckets

VERSION = "ab" * 32


def samples(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Values by name of the series and the values of its labels, in the order of the labels' names."""
    families = text_string_to_metric_families(metrics.render().decode())
    found = [item for family in families for item in family.samples]
    return {(item.name, ",".join(item.labels[name] for name in sorted(item.labels))): item.value for item in found}


def test_a_prediction_is_counted_by_mode_variant_version_and_decision() -> None:
    metrics = Metrics("rest")

    metrics.predicted("champion", VERSION, True, 0.42)
    metrics.predicted("champion", VERSION, True, 0.6)

    found = samples(metrics)
    assert found["predictions_total", f"true,rest,{VERSION},champion"] == 2
    assert found["prediction_score_bucket", f"0.4,rest,{VERSION},champion"] == 0
    assert found["prediction_score_bucket", f"0.45,rest,{VERSION},champion"] == 1
    assert found["prediction_score_bucket", f"+Inf,rest,{VERSION},champion"] == 2
    assert found["prediction_score_sum", f"rest,{VERSION},champion"] == pytest.approx(1.02)


def test_predicted_numbers_have_no_decision() -> None:
    metrics = Metrics("rest")

    metrics.predicted("champion", VERSION, None, 12.0)

    assert samples(metrics)["predictions_total", f",rest,{VERSION},champion"] == 1


def test_many_predictions_count_as_one_by_one() -> None:
    scores = np.array([0.0, 0.05, 0.051, 1.0, 2.0], dtype=np.float32)
    single, many = Metrics("batch"), Metrics("batch")

    for score in scores.tolist():
        single.predicted("champion", VERSION, False, score)
    many.predicted_many("champion", VERSION, {False: 5}, scores)

    assert samples(many) == pytest.approx(samples(single))


@pytest.mark.parametrize(
    ("mode", "shown", "hidden"),
    [
        ("rest", "http_requests_in_progress", "batch_last_success_timestamp_seconds"),
        ("batch", "batch_last_success_timestamp_seconds", "event_lag_seconds"),
        ("events", "event_lag_seconds", "http_requests_in_progress"),
    ],
)
def test_a_mode_shows_only_what_it_can_tell(mode: str, shown: str, hidden: str) -> None:
    found = samples(Metrics(mode))

    assert (shown, "") in found
    assert (hidden, "") not in found


def test_counters_with_few_known_labels_start_at_zero() -> None:
    assert samples(Metrics("events"))["events_total", "dead_letter"] == 0


def test_the_model_and_its_age_are_told_until_it_is_replaced() -> None:
    metrics = Metrics("rest")
    metrics.describe_model("flights", VERSION, trained=datetime(2026, 1, 1, tzinfo=UTC))

    before = samples(metrics)
    metrics.forget_model("flights", VERSION)

    assert before["model_info", f"{VERSION},flights"] == 1
    assert before["model_trained_timestamp_seconds", VERSION] == datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert {name for name, _ in samples(metrics)} & {"model_info", "model_trained_timestamp_seconds"} == set()


def test_the_log_is_watched() -> None:
    metrics = Metrics("rest")
    log = SimpleNamespace(written=5, lost=1, errors=2, unwritten=3)

    metrics.watch_log(log)

    found = samples(metrics)
    assert found["prediction_log_records_total", "written"] == 5
    assert found["prediction_log_records_total", "lost"] == 1
    assert found["prediction_log_unwritten_records", ""] == 3
    assert found["prediction_log_errors_total", ""] == 2


def run_of_a_batch(path: Path, version: str, scores: list[float], refused: str = "") -> dict[tuple[str, str], float]:
    """Write the metrics of one run, and tell what the file holds then, by name and the label's value."""
    metrics = Metrics("batch")
    metrics.describe_model("delays", version)
    metrics.batch_rows.labels("in").inc(len(scores))
    metrics.predicted_many("champion", version, {True: len(scores)}, np.array(scores))
    if refused:
        metrics.violations.labels(refused, "range").inc()
    metrics.batch_last_success.set(len(scores))
    metrics.write(path)
    families = text_string_to_metric_families(path.read_text())
    keys = ("result", "column", "le", "model_version")
    return {
        (sample.name, next((sample.labels[key] for key in keys if key in sample.labels), "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_counts_of_a_file_go_on_from_run_to_run_and_its_gauges_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "metrics" / "batch.prom"

    run_of_a_batch(path, VERSION, [0.1, 0.3], refused="distance")
    found = run_of_a_batch(path, VERSION, [0.1, 0.7, 0.9])

    assert found["batch_rows_total", "in"] == 5
    assert found["predictions_total", VERSION] == 5
    assert found["contract_violations_total", "distance"] == 1
    assert (found["prediction_score_bucket", "0.1"], found["prediction_score_bucket", "+Inf"]) == (2, 5)
    assert found["prediction_score_sum", VERSION] == pytest.approx(2.1)
    assert found["batch_last_success_timestamp_seconds", ""] == 3
    assert [found.name for found in path.parent.iterdir()] == ["batch.prom"]


def test_the_counts_of_another_model_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "batch.prom"

    run_of_a_batch(path, "f" * 64, [0.1, 0.3])
    found = run_of_a_batch(path, VERSION, [0.7])

    assert {version for name, version in found if name == "predictions_total"} == {VERSION}
    assert found["batch_rows_total", "in"] == 3


def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "batch.prom"
    path.write_text("torn{")

    assert run_of_a_batch(path, VERSION, [0.7])["batch_rows_total", "in"] == 1


def test_amounts_are_told_apart_on_both_sides_of_zero() -> None:
    described = Signature("regression", "delay", (), None, (), VERSION, VERSION)

    bounds = score_buckets(described)

    assert list(bounds) == sorted(bounds)
    assert {-1000.0, 0.0, 1000.0} <= set(bounds)
