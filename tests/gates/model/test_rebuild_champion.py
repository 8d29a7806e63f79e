"""The champion made again, where it is nowhere to be had."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from goldenpath.gates.model import rebuild_champion
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL
from goldenpath.repository import wheel
from tests.gates.model.sales_project import GOOD, SalesProject, graph
from tests.repository.library import changed_wheel
from tests.sample import TEMPLATE

OTHER = graph({"x": 2.02})


@pytest.fixture
def repeatable(sales: SalesProject) -> SalesProject:
    """The product with a pipeline that really makes its model, committed; DVC has lost the file."""
    (sales.root / "kept").write_bytes(graph(GOOD))
    stages = yaml.safe_load((sales.root / "dvc.yaml").read_text())
    stages["stages"]["export"]["cmd"] = f"mkdir -p models && cp kept {MODEL}"
    (sales.root / "dvc.yaml").write_text(yaml.safe_dump(stages))
    sales.commit()
    sales.lose_cache()
    return sales


def test_a_champion_that_was_lost_is_made_again(repeatable: SalesProject) -> None:
    repeatable.train(OTHER)
    repeatable.lose_cache()
    assert repeatable.judge().champion.comparison == "missing"

    said = rebuild_champion.champion(repeatable.root, "HEAD")

    assert "was made again" in said
    assert repeatable.judge().champion.comparison == "compared"
    assert (repeatable.root / MODEL).read_bytes() == OTHER


def test_a_pipeline_that_makes_another_model_makes_no_champion(repeatable: SalesProject) -> None:
    (repeatable.root / "kept").write_bytes(OTHER)
    repeatable.commit()

    with pytest.raises(ProjectError, match=r"made another model here than its dvc\.lock names"):
        rebuild_champion.champion(repeatable.root, "HEAD")


def test_a_champion_that_is_here_is_not_made_again(sales: SalesProject) -> None:
    said = rebuild_champion.champion(sales.root, "HEAD")

    assert said.endswith("is here.")


EXPORT = """
from pathlib import Path


def export():
    Path("models").mkdir(exist_ok=True)
    Path("models/model.onnx").write_bytes(Path("kept").read_bytes())
    return "as the former library does"
"""


def test_the_champion_is_made_by_the_library_of_its_commit(sales: SalesProject, tmp_path: Path) -> None:
    (sales.root / "kept").write_bytes(graph(GOOD))
    stages = yaml.safe_load((sales.root / "dvc.yaml").read_text())
    stages["stages"]["export"]["cmd"] = "goldenpath stage export"
    (sales.root / "dvc.yaml").write_text(yaml.safe_dump(stages))
    changed_wheel(tmp_path, sales.root / "vendor", pipeline__export=EXPORT)
    sales.commit()
    wheel.build(TEMPLATE, sales.root / "vendor")  # whose export needs a training, and there was none
    sales.train(OTHER)
    sales.lose_cache()

    said = rebuild_champion.champion(sales.root, "HEAD")

    assert said.endswith("was made again.")
    assert sales.judge().champion.comparison == "compared"


def test_a_library_that_cannot_make_the_champion_is_told(sales: SalesProject) -> None:
    stages = yaml.safe_load((sales.root / "dvc.yaml").read_text())
    stages["stages"]["export"]["cmd"] = "goldenpath stage export"
    (sales.root / "dvc.yaml").write_text(yaml.safe_dump(stages))
    sales.commit()
    sales.lose_cache()

    with pytest.raises(ProjectError, match=r"The pipeline of commit \w{9} ended with"):
        rebuild_champion.champion(sales.root, "HEAD")
