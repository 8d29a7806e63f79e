from __future__ import annotations

from pathlib import Path

import yaml

from goldenpath.adopt.dvc_text import dvc_text


def test_ingest_depends_on_the_file_instead_of_the_sample(skeleton: Path) -> None:
    text = (skeleton / "dvc.yaml").read_text()

    ingest = yaml.safe_load(dvc_text(text, "data/source/a.csv", None))["stages"]["ingest"]

    assert ingest["deps"] == ["src/shop/source.py", "contract.yaml", "data/source/a.csv"]


def test_ingest_keeps_the_fingerprint_of_the_library(skeleton: Path) -> None:
    text = (skeleton / "dvc.yaml").read_text()

    ingest = yaml.safe_load(dvc_text(text, "data/source/a.csv", None))["stages"]["ingest"]

    assert ingest["params"] == ["data", {"vendor/stages.yaml": ["ingest"]}]


def test_a_file_adopted_before_is_replaced(skeleton: Path) -> None:
    once = dvc_text((skeleton / "dvc.yaml").read_text(), "data/source/a.csv", None)

    again = dvc_text(once, "data/source/b.csv", "data/source/a.csv")

    assert again == once.replace("data/source/a.csv", "data/source/b.csv")


def test_the_other_stages_stay_as_they_are(skeleton: Path) -> None:
    text = (skeleton / "dvc.yaml").read_text()

    after = dvc_text(text, "data/source/a.csv", None)

    assert after.startswith(text[: text.index("    params:")])
    assert after.endswith(text[text.index("    outs:") :])
