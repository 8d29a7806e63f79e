from __future__ import annotations

import re
from pathlib import Path

import yaml

from goldenpath.adopt.dvc_text import dvc_text


def test_ingest_depends_on_the_file_instead_of_the_sample(skeleton: Path) -> None:
    text = (skeleton / "dvc.yaml").read_text()

    ingest = yaml.safe_load(dvc_text(text, "shop", "data/source/a.csv", None))["stages"]["ingest"]

    assert "data/source/a.csv" in ingest["deps"]
    assert "requirements/train.txt" not in ingest["deps"]
    assert ingest["params"] == ["data"]


def test_ingest_depends_on_every_module_that_decides_how_the_file_is_read(skeleton: Path) -> None:
    text = dvc_text((skeleton / "dvc.yaml").read_text(), "shop", "data/source/a.csv", None)

    found, waiting = set(), {"tabular"}
    while waiting:
        found.add(module := waiting.pop())
        lines = Path(package.__path__[0], f"{module}.py").read_text()
        waiting |= set(re.findall(r"^from \.(\w+) import", lines, re.MULTILINE)) - found - {"errors"}
    deps = yaml.safe_load(text)["stages"]["ingest"]["deps"]
    assert {f"src/shop/{module}.py" for module in found} <= set(deps)
    assert found > {"tabular"}


def test_a_file_adopted_before_is_replaced(skeleton: Path) -> None:
    once = dvc_text((skeleton / "dvc.yaml").read_text(), "shop", "data/source/a.csv", None)

    again = dvc_text(once, "shop", "data/source/b.csv", "data/source/a.csv")

    assert again == once.replace("data/source/a.csv", "data/source/b.csv")


def test_the_other_stages_stay_as_they_are(skeleton: Path) -> None:
    text = (skeleton / "dvc.yaml").read_text()

    after = dvc_text(text, "shop", "data/source/a.csv", None)

    assert after.startswith(text[: text.index("    params:")])
    assert after.endswith(text[text.index("    outs:") :].replace("data, features,", "data,"))
