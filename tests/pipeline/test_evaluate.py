from __future__ import annotations

import json
from pathlib import Path

from goldenpath.evaluation.metrics import HEADLINE
from goldenpath.project import contract
from goldenpath.project.paths import METRICS, PLOTS, SEGMENTS


def test_the_model_stands_beside_two_baselines_with_intervals(inside: Path) -> None:
    found = json.loads(METRICS.read_text())
    name = HEADLINE[found["task"]]

    for estimate in (found["model"][name], *(found["baseline"][other][name] for other in ("constant", "simple"))):
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
    gain = found["gain"]["simple"][name]
    expected = found["model"][name]["value"] - found["baseline"]["simple"][name]["value"]
    # Scores are written with six digits, so a large amount's difference is less exact than a share's.
    assert abs(gain["value"] - expected) < 1e-4 * max(1, abs(found["model"][name]["value"]))


def test_every_feature_has_an_importance(inside: Path) -> None:
    table = json.loads((PLOTS / "importance.json").read_text())

    assert {row["column"] for row in table} == {column.name for column in contract.load().features}
    assert [row["importance"] for row in table] == sorted((row["importance"] for row in table), reverse=True)


def test_every_segment_column_has_groups(inside: Path) -> None:
    agreed = contract.load()
    judged = {(item["role"], item["column"]) for item in json.loads(SEGMENTS.read_text())}

    assert judged == {(role, column.name) for role in ("segment", "protected") for column in agreed.having(role)}
