"""The champion made again, where it is nowhere to be had."""

from __future__ import annotations

import pytest
import yaml

from goldenpath.gates.model import rebuild_champion
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL
from tests.gates.model.sales_project import GOOD, SalesProject, graph

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
