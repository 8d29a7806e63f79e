"""The champion made again, where it is nowhere to be had."""

from __future__ import annotations

import pytest
import yaml

from goldenpath.gates.model import rebuild_champion
from goldenpath.project.paths import MODEL
from tests.gates.model.stall import GOOD, Stall, graph

OTHER = graph({"x": 2.02})


@pytest.fixture
def repeatable(stall: Stall) -> Stall:
    """The product with a pipeline that really makes its model, committed; DVC has lost the file."""
    (stall.root / "kept").write_bytes(graph(GOOD))
    stages = yaml.safe_load((stall.root / "dvc.yaml").read_text())
    stages["stages"]["export"]["cmd"] = f"mkdir -p models && cp kept {MODEL}"
    (stall.root / "dvc.yaml").write_text(yaml.safe_dump(stages))
    stall.commit()
    stall.lose_cache()
    return stall


def test_a_champion_that_was_lost_is_made_again(repeatable: Stall, capsys: pytest.CaptureFixture[str]) -> None:
    repeatable.train(OTHER)
    repeatable.lose_cache()
    assert repeatable.judge().champion.comparison == "missing"

    assert rebuild_champion.main(["--base", "HEAD"]) == 0

    assert "was made again" in capsys.readouterr().out
    assert repeatable.judge().champion.comparison == "compared"
    assert (repeatable.root / MODEL).read_bytes() == OTHER


def test_a_pipeline_that_makes_another_model_makes_no_champion(
    repeatable: Stall, capsys: pytest.CaptureFixture[str]
) -> None:
    (repeatable.root / "kept").write_bytes(OTHER)
    repeatable.commit()

    assert rebuild_champion.main(["--base", "HEAD"]) == 1

    assert "made another model here than its dvc.lock names" in capsys.readouterr().err


def test_a_champion_that_is_here_is_not_made_again(stall: Stall, capsys: pytest.CaptureFixture[str]) -> None:
    assert rebuild_champion.main(["--base", "HEAD"]) == 0

    assert capsys.readouterr().out.endswith("is here.\n")
