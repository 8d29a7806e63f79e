from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from goldenpath.project import paths
from goldenpath.project.errors import ProjectError
from goldenpath.reports import evaluation

TASKS = ("binary", "multiclass", "regression")
VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = "<script>alert('x')</script> \"&amp; $x_1$ überlange 航空 \u202e" + "n" * 300

Make = Callable[..., Any]


class Page(HTMLParser):
    """Reads a page and notes its text, what it would load, its identifiers and whether its tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action", "poster") or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def drawn(root: Path) -> tuple[str, Page]:
    html = evaluation.write(root).path.read_text(encoding="utf-8")
    return html, Page(html)


@pytest.fixture(scope="module", params=TASKS)
def plain(results: Make, request: pytest.FixtureRequest) -> tuple[str, Page]:
    """The page of an ordinary model of each task."""
    return drawn(results(request.param).root)


@pytest.fixture(scope="module")
def binary(results: Make) -> tuple[str, Page]:
    """The page of an ordinary model that tells two classes apart."""
    return drawn(results("binary", name="Kündigungen").root)


def test_every_task_gets_a_page_for_all_three_audiences(plain: tuple[str, Page]) -> None:
    html, page = plain

    assert {"business", "risk", "technical"} <= set(page.ids)
    assert page.open == [], "a tag is left open"
    assert html.count("<svg") >= 3
    assert "None" not in page.text
    assert "nan" not in page.text.split()


def test_the_page_is_self_contained_and_runs_nothing(plain: tuple[str, Page]) -> None:
    html, page = plain

    assert page.loads == []
    assert all(link.startswith("#") for link in page.links)
    assert not {"script", "iframe", "link", "object", "embed"} & set(page.tags)
    assert not re.search(r"@import|url\((?!#)", html)


def test_charts_are_well_formed_and_share_no_identifier(plain: tuple[str, Page]) -> None:
    html, page = plain

    for chart in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ET.fromstring(chart)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)


@pytest.mark.parametrize("task", TASKS)
def test_names_from_the_data_are_text_and_never_markup(results: Make, task: str) -> None:
    html, page = drawn(results(task, name=HOSTILE, group=HOSTILE, description=HOSTILE).root)

    assert "script" not in page.tags
    assert "<script>alert('x')</script>" in page.text, "the name is told as it is"
    assert "\u202e" not in html, "no name may turn the text behind it around"


def test_the_same_results_give_the_same_bytes(results: Make, binary: tuple[str, Page]) -> None:
    assert drawn(results("binary", name="Kündigungen").root)[0] == binary[0]


def test_the_verdict_flips_when_the_interval_of_the_gain_holds_zero(results: Make, binary: tuple[str, Page]) -> None:
    clear = binary[1].text
    unclear = drawn(results(gain=(0.05, -0.01, 0.11)).root)[1].text

    assert "Beats the simple baseline by 0.050 [0.040 to 0.060] in ROC AUC." in clear
    assert "Does NOT beat the simple baseline" in unclear
    assert "Beats the simple baseline" not in unclear


def test_the_page_says_which_model_it_is_about(binary: tuple[str, Page]) -> None:
    text = binary[1].text

    for fact in ("Kündigungen", "abababababab", "c0ffeec0ffee", "5 March 2026, 14:30", "12.5", "ada@analytical-engine"):
        assert fact in text


def test_costs_are_told_per_thousand_rows_beside_doing_nothing(results: Make) -> None:
    made = results()
    made.json[paths.METRICS]["baseline"]["constant"] |= {"recall": {"value": 1.0, "low": 1.0, "high": 1.0}}

    text = drawn(made.write())[1].text

    assert "Against “Simple baseline” the model saves 100 [50 to 200] EUR per 1,000 rows." in text
    assert "Against “Alarm for every row” the model saves" in text
    # Of 100 rows, 40 positives are found (30 EUR each saved), and 10 false alarms cost 10 EUR each.
    assert re.search(r"Against “Never alarm” the model saves 11,000 \[\d", text)


def test_a_group_that_is_worse_beyond_chance_is_flagged(results: Make) -> None:
    made = results()
    made.json[paths.SEGMENTS][2] |= {
        "metrics": {**made.json[paths.SEGMENTS][2]["metrics"], "roc_auc": 0.4},
        "intervals": {"roc_auc": {"low": 0.35, "high": 0.45}},
    }

    text = drawn(made.write())[1].text

    assert "1 protected group notably worse off than the whole: age (20.0, 30.0]." in text
    assert "lower ROC AUC" in text


def test_groups_like_the_whole_are_not_flagged_and_small_ones_are_named(binary: tuple[str, Page]) -> None:
    text = binary[1].text

    assert "notably worse off than the whole: age" not in text
    assert "Too few test rows to judge (under 20): tiny (3)." in text


def test_personal_columns_and_quarantined_rows_are_named(binary: tuple[str, Page]) -> None:
    text = binary[1].text

    assert "Personal or secret, by the contract: age" in text
    assert "20 of 520 rows (3.8 %) broke the contract" in text
    assert "must be a number" in text


def test_uncommitted_changes_and_another_contract_are_concerns(results: Make) -> None:
    made = results()
    made.json[paths.SIGNATURE]["contract_sha256"] = "0" * 64
    git = made.json[paths.LINEAGE]["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    git["annotations"]["dirty"] = True

    text = drawn(made.write())[1].text

    assert "uncommitted changes: its commit does not reproduce it" in text
    assert "contract.yaml has changed since the model was exported" in text


def test_without_lineage_the_page_says_so(results: Make) -> None:
    root = results().root
    (root / paths.LINEAGE).unlink()

    text = drawn(root)[1].text

    assert "There is no lineage" in text
    assert "No lineage was recorded with this model." in text


@pytest.mark.parametrize("task", TASKS)
def test_undefined_metrics_and_absent_groups_and_curves_leave_a_page(results: Make, task: str) -> None:
    made = results(task, gain=(None, None, None))
    metrics = made.json[paths.METRICS]
    for found in (metrics["model"], *metrics["baseline"].values(), *metrics["gain"].values()):
        found.update({name: {"value": None, "low": None, "high": None} for name in found})
    made.json[paths.SEGMENTS] = []
    for plot in list(made.json):
        if plot.parent == paths.PLOTS and plot.stem != "importance":
            del made.json[plot]
            (made.root / plot).unlink()

    text = drawn(made.write())[1].text

    assert "Does NOT show that it beats the simple baseline" in text
    assert "No column has the role segment or protected" in text


def test_twenty_five_classes_fit_one_matrix(results: Make) -> None:
    made = results("multiclass")
    names = [f"class {index}" for index in range(25)]
    made.json[paths.SIGNATURE]["classes"] = names
    made.json[paths.PLOTS / "confusion.json"] = [
        {"actual": a, "predicted": b, "rows": 10**9 if a == b else 1} for a in names for b in names
    ]

    text = drawn(made.write())[1].text

    assert "6 others" in text


@pytest.mark.parametrize("missing", [paths.METRICS, paths.SEGMENTS, paths.SPLIT_REPORT, paths.PARITY, paths.SIGNATURE])
def test_a_missing_result_is_named_with_the_command_that_makes_it(results: Make, missing: Path) -> None:
    root = results().root
    (root / missing).unlink()

    with pytest.raises(ProjectError, match=re.escape(missing.name) + r".*Run `make"):
        evaluation.write(root)

    assert not (root / paths.EVALUATION_PAGE).exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_broken_result_is_named_with_the_command_that_makes_it(results: Make, content: str) -> None:
    root = results().root
    (root / paths.METRICS).write_text(content)

    with pytest.raises(ProjectError, match=r"metrics\.json.*make run"):
        evaluation.write(root)
