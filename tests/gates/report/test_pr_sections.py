"""What the report tells of the change itself."""

from __future__ import annotations

import json

import pytest

from goldenpath.gates.report import collect, html, markdown, plots, sections
from goldenpath.gates.report.data import bar
from goldenpath.gates.report.outline import Mark, Name, Number, Section
from goldenpath.project import paths
from goldenpath.reports.formatting import MINUS, UNKNOWN
from tests.gates.report.branches import NEW_MODEL, PAIRED, PARAMS, Branch, git

TIMES = "\N{MULTIPLICATION SIGN}"


def section(branch: Branch, title: str) -> Section:
    return next(item for item in branch.outline().sections if item.title == title)


def lines(found: Section) -> list[list[str]]:
    """The rows of all tables as text."""
    return [[_shown(cell) for cell in row] for table in found.tables for row in table.rows]


def _shown(cell: object) -> str:
    if isinstance(cell, Number):
        return f"{cell.text} {cell.interval}".strip()
    return cell.text if isinstance(cell, Name | Mark) else str(cell)


def test_the_headline_gives_the_paired_difference_with_its_interval(branch: Branch) -> None:
    branch.judged()

    assert branch.outline().headline == (
        "ROC AUC 0.700 [0.690 to 0.710]; +0.020 [0.010 to 0.030] against the champion on the same 100 held-out rows: "
        "better, beyond chance."
    )


def test_a_difference_below_zero_reads_as_worse(branch: Branch) -> None:
    worse = type(PAIRED)(PAIRED.name, "fail", "Worse.", -0.02, -0.03, -0.01)
    branch.judged(worse)

    assert branch.outline().headline.endswith("WORSE, beyond chance.")


def test_without_the_model_gate_no_difference_is_claimed(branch: Branch) -> None:
    headline = branch.outline().headline

    assert "not compared with the champion" in headline
    assert "+0.02" not in headline


def test_metrics_stand_beside_those_of_the_base(branch: Branch) -> None:
    branch.judged()

    assert lines(section(branch, "Metrics"))[0] == [
        "ROC AUC",
        "+0.020 [0.010 to 0.030]",
        "better",
        "0.700 [0.690 to 0.710]",
        "0.680 [0.670 to 0.690]",
        "higher",
    ]


def test_costs_are_told_in_the_currency_for_a_thousand_rows(branch: Branch) -> None:
    rows = lines(section(branch, "Metrics"))

    assert rows[1][0] == "Cost per 1,000 rows, EUR"
    assert rows[1][3].startswith("700")


def test_only_changed_parameters_are_listed_with_both_values(branch: Branch) -> None:
    assert lines(section(branch, "Parameters")) == [["model.max_iter", "10", "20"]]


def test_a_parameter_that_is_new_has_no_old_value(branch: Branch) -> None:
    (branch.root / "params.yaml").write_text(json.dumps({**PARAMS, "extra": [1, "a"]}))

    assert lines(section(branch, "Parameters")) == [["extra", UNKNOWN, '[1, "a"]']]


def test_rows_of_each_table_are_told_for_both_sides(branch: Branch) -> None:
    rows = lines(section(branch, "Data"))

    assert ["data/raw.parquet", "120", "220", "+100"] in rows
    assert ["data/split/test.parquet", "25", "50", "+25"] in rows


def test_drift_of_each_column_is_told_the_furthest_first(branch: Branch) -> None:
    branch.drifted("age", 0.4)

    found = section(branch, "Data")

    assert [row[:4] for row in lines(found)[-2:]] == [
        ["age", "FAR", "████████", "0.400"],
        ["still", "hardly", "▏", "0.010"],
    ]
    assert "1 of 2 columns hardly moved (PSI below 0.1)." in found.sentences
    assert len(found.pictures) == 1


def test_without_the_data_gate_drift_is_told_to_be_unknown(branch: Branch) -> None:
    assert "`goldenpath gate data`" in section(branch, "Data").sentences[0]


def test_rows_that_could_not_be_compared_leave_drift_unknown(branch: Branch) -> None:
    changed = [{"path": str(paths.RAW), "before": "1", "after": "2"}]
    branch.check("data", "inconclusive", ("Not here.",), base=branch.base, changed=changed)

    assert "How far columns moved is not known" in section(branch, "Data").sentences[0]


def test_data_that_did_not_change_is_told_as_such(branch: Branch) -> None:
    branch.check("data", base=branch.base, changed=[])

    assert section(branch, "Data").sentences == ("No data changed.",)


def test_a_base_asked_for_as_a_commit_is_named_once(branch: Branch) -> None:
    assert sections.outline(collect.collect(branch.root, branch.base)).base == branch.base[:9]


def test_a_group_whose_intervals_part_moved_beyond_chance(branch: Branch) -> None:
    found = section(branch, "Segments")

    assert lines(found)[0][:4] == ["region", "north", f"{MINUS}0.1", "beyond chance"]
    assert f"region north ({MINUS}0.1)" in found.sentences[0]


def test_a_group_whose_intervals_meet_may_have_moved_by_chance(branch: Branch) -> None:
    branch.results(NEW_MODEL, 0.7, group_auc=0.67)

    found = section(branch, "Segments")

    assert lines(found)[0][3] == "may be chance"
    assert "No group's ROC AUC moved beyond chance." in found.sentences


def test_a_group_that_only_one_side_has_is_not_called_moved(branch: Branch) -> None:
    branch.results(NEW_MODEL, 0.7, group="south")

    rows = {row[1]: row[2:4] for row in lines(section(branch, "Segments"))}

    assert rows == {"south": [UNKNOWN, "one side only"], "north": [UNKNOWN, "one side only"]}


def test_plots_show_candidate_and_base_as_pictures_and_as_text(drawn: Branch) -> None:
    found = section(drawn, "Plots")

    assert [picture.title for picture in found.pictures] == ["ROC curve"]
    assert ">base<" in found.pictures[0].chart
    assert [row[:2] for row in lines(found)] == [["ROC curve", "candidate"], ["ROC curve", "base"]]


def test_a_sparkline_rises_with_its_values() -> None:
    assert plots.sparkline([0.0, 0.5, 1.0, 2.0], 0.0, 1.0) == "▁▅██"


@pytest.mark.parametrize(("psi", "text"), [(0.0, "▏"), (0.1, "██"), (0.25, "█████"), (9.0, "██████████")])
def test_a_bar_grows_with_drift_up_to_its_end(psi: float, text: str) -> None:
    assert bar(psi) == text


def test_costs_stand_beside_the_bases_with_their_limits(branch: Branch) -> None:
    limit = type(PAIRED)("training.seconds", "pass", "Fine.", 7.0, limit="at most 600 s")
    branch.judged(PAIRED, limit)
    branch.image()

    found = section(branch, "Cost")

    assert lines(found)[0] == ["Training, s", "6.8", "7", f"{TIMES} 1.03", "at most 600 s"]
    assert ["Model, MiB", "0.68", "0.7", f"{TIMES} 1.03", ""] in lines(found)
    assert "Image: 120 MB beyond the base, of 200 allowed." in found.sentences


def test_maturity_tells_levels_and_what_was_gained(branch: Branch) -> None:
    branch.reviewed()

    found = section(branch, "Maturity")

    assert found.sentences[0] == "Level 1 → 2: 1 criterion gained, 0 criteria lost since the base."
    assert ["gained", "TR-13", "Versions in git"] in lines(found)


def test_maturity_without_a_review_of_the_base_claims_no_level_before(branch: Branch) -> None:
    branch.reviewed(before=None, changes=[])

    assert section(branch, "Maturity").sentences[0].startswith("Level 2. The review knows no level of the base")


def test_what_changed_and_was_met_neither_before_nor_after_is_neither_gained_nor_lost(branch: Branch) -> None:
    change = {"id": "TR-13", "before": "unknown", "now": "fail", "met_before": False, "met": False}
    branch.reviewed(changes=[change])

    assert "0 criteria gained, 0 criteria lost" in section(branch, "Maturity").sentences[0]


def test_what_is_met_no_longer_is_lost(branch: Branch) -> None:
    change = {"id": "TR-13", "before": "pass", "now": "fail", "met_before": True, "met": False}
    branch.reviewed(changes=[change], before=2, level=1)

    found = section(branch, "Maturity")

    assert found.sentences[0] == "Level 2 → 1: 0 criteria gained, 1 criterion lost since the base."
    assert ["lost", "TR-13", "Versions in git"] in lines(found)


def test_a_first_model_is_reported_alone(first_model: Branch) -> None:
    first_model.judged(type(PAIRED)("non_inferiority", "n/a", "No champion."), comparison="first")

    found = first_model.outline()

    assert "The base has no metrics: this is the first model." in section(first_model, "Metrics").sentences
    assert [row[1] for row in lines(section(first_model, "Plots"))] == ["candidate"]
    assert "ROC curve" in html.render(found)
    assert "first model" in markdown.render(found, "page")


def test_a_regression_is_told_in_its_own_metrics_and_plots(branch: Branch) -> None:
    mae = {"value": 5.0, "low": 4.9, "high": 5.1}
    branch.write(paths.METRICS, {"task": "regression", "rows": 100, "model": {"mae": mae}})
    branch.write(paths.PLOTS / "predicted_actual.json", [{"predicted": x, "actual": x + 1} for x in (1.0, 2.0)])
    branch.judged(type(PAIRED)("non_inferiority.mae", "pass", "Better.", 0.2, 0.1, 0.3))

    found = branch.outline()

    assert "+0.20 [0.10 to 0.30]" in found.headline
    assert found.headline.endswith("better, beyond chance (above zero the candidate is better).")
    assert "The base solves another problem (binary), so its metrics are not shown." in found.sections[3].sentences
    assert "Predicted and actual" in [picture.title for picture in section(branch, "Plots").pictures]


def test_several_classes_are_told_by_their_confusion(drawn: Branch) -> None:
    (drawn.root / paths.PLOTS / "roc.json").unlink()
    names = ("red", "green", "blue")
    cells = [{"actual": one, "predicted": other, "rows": 3} for one in names for other in names]
    drawn.write(paths.PLOTS / "confusion.json", cells)

    found = section(drawn, "Plots")

    assert [picture.title for picture in found.pictures] == ["Confusion matrix, candidate"]
    assert all(name in found.pictures[0].chart for name in names)


def test_a_base_that_is_not_here_is_told_and_the_rest_reported(branch: Branch) -> None:
    found = sections.outline(collect.collect(branch.root, "nowhere"))

    assert "nowhere is not in this clone" in found.sections[0].sentences[0]
    assert found.headline.startswith("ROC AUC 0.700")


def test_a_branch_without_results_says_how_to_make_them(branch: Branch) -> None:
    git(branch.root, "rm", "-r", "--quiet", "reports", "models", "dvc.lock")

    found = branch.outline()

    assert found.headline == "The pipeline left no metrics here: run `make run`."
    assert "make run" in html.render(found)


@pytest.mark.parametrize("content", ["[]", "{", '{"task": "binary"}', '{"task": [], "model": 3}', '{"task": "x"}'])
def test_results_that_were_edited_by_hand_do_not_stop_the_report(drawn: Branch, content: str) -> None:
    for path in (paths.METRICS, paths.SEGMENTS, paths.LINEAGE, paths.SPLIT_REPORT, paths.PLOTS / "roc.json"):
        (drawn.root / path).write_text(content)

    found = drawn.outline()

    assert [item.title for item in found.sections][:4] == ["Gates", "Data", "Parameters", "Metrics"]
    assert "Parameters" in markdown.render(found, "page")
