"""What the report says of the gates, whatever they left."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from goldenpath.delivery.image.check import REPORT as CONTAINER
from goldenpath.delivery.image.gates import Gate as ImageGate
from goldenpath.gates.data_change import Output
from goldenpath.gates.model.findings import Gate
from goldenpath.gates.report import collect, markdown, verdicts
from goldenpath.gates.report.verdicts import REVIEW
from goldenpath.project import paths
from tests.gates.report.branches import CHECKS, NEW_MODEL, PAIRED, Branch


def judged(branch: Branch) -> dict[str, verdicts.Gate]:
    return {gate.name: gate for gate in verdicts.judged(collect.collect(branch.root, "main"))}


def test_all_gates_green_make_a_green_report(branch: Branch) -> None:
    branch.all_green()

    found = branch.outline()

    assert found.tone == "good"
    assert found.verdict == "Gates are green: all 7 hold."


def test_gates_without_a_report_are_named_as_not_run(branch: Branch) -> None:
    found = judged(branch)

    assert {name for name, gate in found.items() if gate.verdict == "not run"} == {
        *CHECKS,
        "model",
        "image",
        "check",
    }
    assert "goldenpath image build, then goldenpath gate image" in found["image"].summary.fix


def test_one_gate_that_was_not_run_keeps_the_report_from_being_green(branch: Branch) -> None:
    branch.all_green()
    (branch.root / CONTAINER).unlink()

    found = branch.outline()

    assert found.tone == "mixed"
    assert found.verdict == "Gates are INCONCLUSIVE: not run: the container. 6 of 7 gates green, none red."


@pytest.mark.parametrize("name", CHECKS)
def test_a_red_check_makes_the_report_red_and_gives_its_reason(branch: Branch, name: str) -> None:
    branch.all_green()
    branch.check(name, "fail", ("A key was found. Fix: revoke it.",))

    text = markdown.render(branch.outline(), "page")

    assert "Gates are RED" in text.splitlines()[1]
    assert "A key was found. Fix: revoke it." in text


def test_a_red_limit_of_the_model_gate_stands_with_value_limit_and_fix(branch: Branch) -> None:
    branch.all_green()
    branch.judged(PAIRED, Gate("floors.roc_auc", "fail", "Too low.", 0.6, 0.59, 0.61, "at least 0.65", "Train longer."))

    text = markdown.render(branch.outline(), "page")

    row = next(line for line in text.splitlines() if line.startswith("| <code>floors.roc&#95;auc"))
    assert "fail | 0.600 &#91;0.590 to 0.610&#93; | at least 0.65 | Too low. To fix: Train longer. |" in row


def test_a_red_demand_on_the_image_makes_the_report_red(branch: Branch) -> None:
    branch.all_green()
    branch.image(ImageGate("user", False, "runs as root"), ImageGate("size", True, "120 MB"))

    found = branch.outline()

    assert found.tone == "bad"
    assert "runs as root" in markdown.render(found, "page")


def test_a_criterion_that_fell_back_makes_the_report_red_with_the_way_back(branch: Branch) -> None:
    branch.all_green()
    way = {"text": "the way back", "path": None, "line": None, "command": "make test"}
    branch.reviewed("red", [{"kind": "fell back", "id": "CQ-02", "reason": "Tests: fail now", "evidence": [way]}])

    found = judged(branch)["check"]

    assert found.verdict == "fail"
    assert [(item.name, item.fix) for item in found.findings] == [("CQ-02", "make test")]


def test_red_outweighs_inconclusive(branch: Branch) -> None:
    branch.all_green()
    branch.check("data", "inconclusive", ("Rows are not here.",))
    assert branch.outline().tone == "mixed"

    branch.check("lock", "fail", ("Stale.",))

    found = branch.outline()
    assert found.tone == "bad"
    assert "inconclusive: the data" in found.verdict


def test_a_report_about_another_model_counts_as_inconclusive(branch: Branch) -> None:
    branch.all_green()
    branch.judged(model="cc" * 32)

    assert judged(branch)["model"].verdict == "inconclusive"
    assert "another model" in judged(branch)["model"].summary.text


@pytest.mark.parametrize("name", ["contract", "data"])
def test_a_report_about_another_base_counts_as_inconclusive(branch: Branch, name: str) -> None:
    branch.check(name, base="0" * 40)

    assert judged(branch)[name].verdict == "inconclusive"


def test_a_report_about_other_data_counts_as_inconclusive(branch: Branch) -> None:
    branch.check("data", changed=[asdict(Output("models/model.onnx", "1", "2"))])

    assert judged(branch)["data"].verdict == "inconclusive"


def test_a_review_without_a_base_is_no_verdict(branch: Branch) -> None:
    branch.reviewed(None)

    assert judged(branch)["check"].verdict == "inconclusive"


@pytest.mark.parametrize("path", [*CHECKS.values(), paths.GATES, CONTAINER, REVIEW], ids=str)
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 99, "version": 99}', '{"schema": 1, "version": 1}'])
def test_a_report_that_cannot_be_read_counts_as_inconclusive(branch: Branch, path: Path, text: str) -> None:
    branch.all_green()
    (branch.root / path).write_text(text)

    assert verdicts.overall(verdicts.judged(collect.collect(branch.root, "main"))) == "inconclusive"


@pytest.mark.parametrize("path", [paths.DATA_CHECK, paths.GATES, REVIEW], ids=str)
def test_what_a_report_that_cannot_be_read_would_tell_is_left_out(branch: Branch, path: Path) -> None:
    branch.all_green()
    (branch.root / path).write_text('{"schema": 1}')

    text = markdown.render(branch.outline(), "page")

    assert f"{path} cannot be read." in text


def test_an_unknown_verdict_is_not_taken_for_green(branch: Branch) -> None:
    branch.all_green()
    branch.write(paths.SECRETS, {"schema": 1, "gate": "secrets", "verdict": "fine", "reasons": []})

    assert judged(branch)["secrets"].verdict == "inconclusive"


def test_the_model_gate_tells_what_a_reviewer_should_know_besides(branch: Branch) -> None:
    branch.judged(model=NEW_MODEL, notes=["The limit gates.size_mib changes from 5 to 50 with this change."])

    assert "The limit gates.size_mib changes from 5 to 50 with this change." in branch.outline().sections[0].notes
