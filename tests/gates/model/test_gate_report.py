"""The findings for people."""

from __future__ import annotations

import io

from rich.console import Console

from goldenpath.gates.model.findings import Champion, Gate, Report
from goldenpath.gates.model.render import COLUMNS, markdown, markdown_rows, show

REPORT = Report(
    model="ab" * 32,
    champion=Champion("main", "c0ffee", "cd" * 32, "compared", "Judged beside the model of commit c0ffee."),
    rows=100,
    compared_rows=90,
    measured={"candidate": {"roc_auc": 0.7}},
    gates=[
        Gate("size_mib", "pass", "models/model.onnx has 0.3 MiB.", value=0.3, limit="at most 5 MiB"),
        Gate("fairness", "n/a", "No column of contract.yaml has the role protected."),
        Gate(
            "non_inferiority.roc_auc",
            "fail",
            "Worse | <b>.",
            -0.02,
            -0.03,
            -0.01,
            "worse by less than 0.005",
            "Fix it.",
        ),
    ],
    notes=["The limit gates.size_mib changes from 4 to 5 with this change."],
).to_json()


def test_rows_for_markdown_begin_with_the_red_ones_and_stay_in_their_cells() -> None:
    found = markdown_rows(REPORT)

    assert [row[0] for row in found] == ["`non_inferiority.roc_auc`", "`size_mib`", "`fairness`"]
    assert {len(row) for row in found} == {len(COLUMNS)}
    assert found[0][2:] == (
        "−0.020 [−0.030 to −0.010]",  # noqa: RUF001 - a true minus sign
        "worse by less than 0.005",
        "Worse \\| &lt;b>. **To fix:** Fix it.",
    )


def test_markdown_says_the_verdict_first_and_the_notes_last() -> None:
    lines = markdown(REPORT).splitlines()

    assert lines[0] == "**The model gate is red: non_inferiority.roc_auc.**"
    assert lines[-1] == "- The limit gates.size_mib changes from 4 to 5 with this change."


def test_the_terminal_tells_how_to_fix_what_is_red() -> None:
    printed = io.StringIO()

    show(REPORT, Console(file=printed, width=140))

    assert "non_inferiority.roc_auc: Fix it." in printed.getvalue()
    assert printed.getvalue().rstrip().endswith("The model gate is red: non_inferiority.roc_auc.")
