"""What the reviewer says of the project that the template generates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.template.generation import verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]


def review(project: Path) -> dict[str, Any]:
    """What ``goldenpath check`` reports."""
    done = verb(project, "check", "--format", "json", "--output", "reports/review.json")
    report = project / "reports" / "review.json"
    assert report.exists(), done.stdout + done.stderr
    [product] = json.loads(report.read_text(encoding="utf-8"))["products"]
    report.unlink()
    assert isinstance(product, dict)
    return product


def test_a_walked_project_reaches_level_2_by_evidence_alone(walked: Path) -> None:
    before = review(walked)
    for name in ("release", "register", "push", "evidence"):
        done = verb(walked, name)
        assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"
    after = review(walked)

    criteria = [item for part in after["parts"] for item in part["criteria"]]
    assert before["level"] == 0, "nothing is proved yet"
    assert {item["id"]: item["reason"] for item in criteria if item["level"] <= 2 and not item["met"]} == {}
    assert after["level"] == 2
    assert {item["status"] for item in criteria} <= {"pass", "fail", "unknown", "n/a"}, "by evidence, not by signature"
    assert after["next_steps"], "the way to level 3 is told"
