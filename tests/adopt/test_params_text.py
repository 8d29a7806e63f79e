from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from goldenpath.adopt.division import Division
from goldenpath.adopt.params_text import Settings, params_text
from goldenpath.adopt.profile import profile
from goldenpath.adopt.target import guess_target
from goldenpath.evaluation import metrics
from goldenpath.gates.model import quality
from goldenpath.model.task import Kind
from goldenpath.project import params
from goldenpath.project.params import Params
from goldenpath.tables.table_io import TableFormat


@pytest.fixture
def written(skeleton: Path) -> Any:
    """Writes params.yaml for a target of given values, and returns it loaded."""

    def write(values: Any, rows: int = 400, share: float = 0.1, unusable: float = 0.0) -> Params:
        target = guess_target(profile(pd.Series(values, name="y")))
        path = skeleton / "params.yaml"
        split = Division("random", share)
        found = Settings("data/source/a.csv", TableFormat(";", "latin-1", ","), rows, unusable, split, target)
        path.write_text(params_text(path.read_text(), found))
        return params.load(path)

    return write


def test_the_data_section_says_how_to_read_the_file(written: Any) -> None:
    data = written([0, 1] * 200).data

    assert data == params.Data(path="data/source/a.csv", separator=";", encoding="latin-1", decimal=",")


@pytest.mark.parametrize(
    ("values", "problem", "positive"),
    [
        (["no", "yes"] * 100, "classification", "yes"),
        ([0, 1] * 100, "classification", 1),
        ([True, False] * 100, "classification", True),
        (["a", "b", "c"] * 100, "classification", None),
        (list(range(200)), "regression", None),
    ],
)
def test_problem_and_positive_class_follow_from_the_target(
    written: Any, values: Any, problem: str, positive: Any
) -> None:
    found = written(values)

    assert (found.problem, found.positive_class) == (problem, positive)
    assert type(found.positive_class) is type(positive)


def test_a_rare_class_sets_the_cost_of_missing_it_to_the_odds(written: Any) -> None:
    assert written([0] * 950 + [1] * 50).value.missed == 19
    assert written([0, 1] * 100).value.missed == 1


def test_small_tables_get_smaller_leaves_trees_and_segments(written: Any) -> None:
    few = written([0, 1] * 200, rows=400)
    assert (few.model["min_samples_leaf"], few.model["max_leaf_nodes"], few.evaluation.min_segment_rows) == (8, 8, 20)

    many = written([0, 1] * 200, rows=1_000_000)
    assert (many.model["min_samples_leaf"], many.model["max_leaf_nodes"]) == (20, 31)
    assert many.evaluation.min_segment_rows == 200


def test_the_model_is_not_tuned_to_the_sample(written: Any) -> None:
    model = written([0, 1] * 200).model

    assert (model["loss"], model["l2_regularization"], model["max_iter"]) == ("squared_error", 1.0, 200)


@pytest.mark.parametrize(
    ("values", "metric", "least"),
    [
        ([0, 1] * 200, "roc_auc", 0.55),
        (["a", "b", "c"] * 100, "balanced_accuracy", 0.4),
        (list(range(200)), "rank_correlation", 0.1),
    ],
)
def test_every_group_has_to_be_better_than_a_constant_answer(
    written: Any, values: Any, metric: str, least: float
) -> None:
    assert written(values).gates.segments == {metric: params.Floor(min=least)}


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0, 1] * 200, "binary"), (["a", "b", "c"] * 100, "multiclass"), (list(range(200)), "regression")],
)
def test_every_limit_is_about_a_metric_that_the_problem_has(written: Any, values: Any, kind: Kind) -> None:
    found = written(values)

    quality.refuse_unknown(found.gates, metrics.for_task(kind, found.value, None))
    assert set(found.gates.non_inferiority) == {metrics.HEADLINE[kind], "cost_per_row"}
    assert (found.gates.calibration is None) == (kind == "regression")


def test_fewer_rows_get_wider_margins(written: Any) -> None:
    few, many = (written([0, 1] * 200, rows=rows).gates for rows in (400, 1_000_000))

    assert few.non_inferiority["roc_auc"].absolute == 0.1
    assert many.non_inferiority["roc_auc"].absolute == 0.01
    assert few.calibration.max > many.calibration.max


def test_the_share_held_out_is_that_of_the_division(written: Any) -> None:
    split = written([0, 1] * 200, share=0.25).split

    assert (split.validation, split.test) == (0.25, 0.25)


def test_rows_without_a_target_are_tolerated(written: Any) -> None:
    assert written([0, 1] * 200, unusable=0.183).validation.tolerated_share == 0.24


def test_settings_of_the_team_and_their_comments_stay(written: Any, skeleton: Path) -> None:
    before = (skeleton / "params.yaml").read_text()

    written([0, 1] * 200)

    after = (skeleton / "params.yaml").read_text()
    for section in ("# What changes a result.\n", "  confidence: 0.95\n", "  seed: 7\n"):
        assert section in before
        assert section in after
    assert after[after.index("export:") :] == before[before.index("export:") :]


def test_nothing_of_the_sample_stays(written: Any, skeleton: Path) -> None:
    written(["a", "b", "c"] * 100)

    after = (skeleton / "params.yaml").read_text()

    assert not [word for word in ("2013", "recent", "flight", "USD") if word in after]


def test_adopting_again_changes_nothing_more(written: Any, skeleton: Path) -> None:
    written([0, 1] * 200)
    once = (skeleton / "params.yaml").read_text()

    written([0, 1] * 200)

    assert (skeleton / "params.yaml").read_text() == once


def test_sections_stay_apart_by_one_blank_line(written: Any, skeleton: Path) -> None:
    written(["a", "b", "c"] * 100)

    lines = (skeleton / "params.yaml").read_text().splitlines()

    starts = [index for index, line in enumerate(lines) if line.endswith(":")]
    assert [lines[index - 1] for index in starts] == [""] * len(starts)
    assert "\n\n\n" not in "\n".join(lines)
