"""A log of the sample's model."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.model.predictor import Predictor
from goldenpath.project import contract
from goldenpath.project.paths import PREDICTION_LOG
from tests.monitoring.log_factory import Record, newest_rows, records, write
from tests.sample import ROOT


@pytest.fixture
def sample() -> None:
    """For tests that speak of the sample's columns: with other data there is nothing to test them on."""
    if contract.load(ROOT / contract.PATH).name != "flights":
        pytest.skip("speaks of the columns of the flights sample")


@pytest.fixture(scope="session")
def served(trained: Path) -> list[Record]:
    """Records of predictions for the newest rows of the sample, the test part."""
    predictor = Predictor.load(trained / "models/model.onnx", trained / "models/signature.json")
    return records(newest_rows(trained), predictor)


@pytest.fixture
def logged(project: Path, served: list[Record]) -> Path:
    """The project's log: two segments, of which a newer one closes the first, and a line that was torn by a crash."""
    write(project / PREDICTION_LOG, served[:300])
    write(project / PREDICTION_LOG, [*served[300:], '{"id": "torn", "requ'], "20260303T060000Z-host-7-1")
    return project / PREDICTION_LOG
