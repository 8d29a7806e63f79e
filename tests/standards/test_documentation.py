"""The criteria of documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standards.cases import Case, hold

MANIFEST = """\
product:
  name: Churn
  purpose: Which customers leave next month?
  owner: "@acme/churn"
  contact: churn@example.com
  criticality: medium
serving: [batch]
deploy:
  environments: [dev, prod]
"""
HEALTHY = {
    "golden-path.yaml": MANIFEST,
    ".github/CODEOWNERS": "* @acme/churn\n",
    "src/churn/__init__.py": "",
    "src/churn/score.py": "import numpy\n",
}
CASES = [
    Case("DOC-01", "met", "a full manifest", "owned by @acme/churn"),
    Case("DOC-01", "not met", "no manifest", "golden-path.yaml", {"golden-path.yaml": None}),
    Case("DOC-01", "not met", "an empty manifest", "lacks name", {"golden-path.yaml": "product: {}\n"}),
    Case("DOC-01", "not met", "broken YAML", "golden-path.yaml:2", {"golden-path.yaml": "product: [\n"}),
    Case("DOC-01", "gamed", "an owner who owns nothing", "owns no file", {".github/CODEOWNERS": "* @acme/other\n"}),
    Case(
        "DOC-01",
        "gamed",
        "an online service declared as batch",
        "src/churn/api.py:1 imports fastapi",
        {"src/churn/api.py": "from fastapi import FastAPI\n"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_documentation(case: Case, tmp_path: Path) -> None:
    hold(case, HEALTHY, tmp_path)
