from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.project import manifest, paths
from goldenpath.project.errors import ProjectError
from goldenpath.reports import model_card

TASKS = ("binary", "multiclass", "regression")
PRODUCT = {
    "product": {
        "purpose": "Who leaves?",
        "owner": "@shop/team",
        "contact": "team@example.com",
        "criticality": "low",
    },
    "serving": ["rest", "batch"],
}

Make = Callable[..., Any]


def written(found: Any) -> str:
    root: Path = found.write()
    (root / manifest.PATH).write_text(yaml.safe_dump(PRODUCT))
    model_card.write(root)
    return (root / paths.MODEL_CARD).read_text(encoding="utf-8")


@pytest.mark.parametrize("task", TASKS)
def test_every_metric_stands_in_the_header_with_its_number(results: Make, task: str) -> None:
    found = results(task)
    card = written(found)

    header = yaml.safe_load(card.split("\n---\n")[0])
    told = {item["type"]: item["value"] for item in header["model-index"][0]["results"][0]["metrics"]}
    assert told == {name: record["value"] for name, record in found.json[paths.METRICS]["model"].items()}


def test_model_and_data_are_named_by_digest(results: Make) -> None:
    card = written(results())

    assert "ab" * 32 in card
    assert "cd" * 32 in card


@pytest.mark.parametrize("task", TASKS)
def test_every_section_says_something(results: Make, task: str) -> None:
    sections = written(results(task)).split("\n## ")[1:]

    assert [section.splitlines()[0] for section in sections] == [
        "Intended use",
        "Limitations and out-of-scope use",
        "Training data",
        "Evaluation",
        "Risks and fairness",
        "Where it comes from",
    ]
    assert all(len(section.split()) > 15 for section in sections)


def test_protected_columns_and_the_worst_served_group_are_named(results: Make) -> None:
    found = results()
    found.json[paths.SEGMENTS][0]["metrics"] = dict.fromkeys(found.json[paths.SEGMENTS][0]["metrics"], 0.51)

    card = written(found)

    assert "protected columns `age`" in card
    assert "region north is served worst: ROC AUC 0.51" in card


def test_a_metric_that_is_not_defined_is_left_out_of_the_header(results: Make) -> None:
    found = results()
    found.json[paths.METRICS]["model"]["roc_auc"]["value"] = None

    assert "type: roc_auc" not in written(found)


def test_the_card_is_written_only_when_it_changes(results: Make) -> None:
    found = results()
    before = written(found)

    assert not model_card.write(found.root)
    assert (found.root / paths.MODEL_CARD).read_text(encoding="utf-8") == before
    found.json[paths.METRICS]["model"]["roc_auc"]["value"] = 0.61
    found.write()
    assert model_card.write(found.root)


def test_hostile_words_cannot_leave_their_place(results: Make) -> None:
    found = results(group="<script>|\n## Limitations", description="a | b <b>")

    card = written(found)

    assert "<script>" not in card
    assert "\n## Limitations\n" not in card


def test_a_missing_manifest_is_told(results: Make) -> None:
    with pytest.raises(ProjectError, match=r"golden-path\.yaml: no such file"):
        model_card.write(results().write())


def test_a_missing_result_is_named_with_the_command_that_makes_it(results: Make) -> None:
    root = results().write()
    (root / paths.METRICS).unlink()

    with pytest.raises(ProjectError, match=r"metrics\.json: no such file\. Run `make run`"):
        model_card.write(root)


def test_groups_below_a_floor_are_told(results: Make) -> None:
    found = results()
    root = found.write()
    parameters = yaml.safe_load((root / "params.yaml").read_text())
    (root / "params.yaml").write_text(json.dumps(parameters | {"gates": {"segments": {"roc_auc": {"min": 0.65}}}}))

    card = written(found)

    assert "2 groups below the floor for ROC AUC: region north and age (20.0, 30.0]." in card
