from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.image import sbom
from goldenpath.project.paths import SIGNATURE
from tests.sample import ROOT


@pytest.fixture
def billed(project: Path) -> Path:
    """A trained project with the real description of itself."""
    shutil.copy(ROOT / "pyproject.toml", project)
    return project


def components(text: str) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in json.loads(text)["components"]}


def test_the_bill_names_every_package_that_the_image_installs(billed: Path) -> None:
    found = components(sbom.bill(billed))

    pins = {pin.name: pin.version for pin in sbom.installed((ROOT / sbom.LOCK).read_text())}
    assert {"onnxruntime", "fastapi"} <= set(pins)
    packages = {name: item["version"] for name, item in found.items() if item["type"] == "library"}
    assert packages == pins


def test_the_bill_names_the_model_by_its_digest(billed: Path) -> None:
    model = next(item for item in components(sbom.bill(billed)).values() if item["type"] == "machine-learning-model")

    assert model["hashes"] == [{"alg": "SHA-256", "content": json.loads(SIGNATURE.read_text())["model_sha256"]}]


def test_the_same_lock_and_model_give_the_same_bill(billed: Path) -> None:
    assert sbom.bill(billed) == sbom.bill(billed)


def test_a_pin_for_another_python_is_left_out() -> None:
    lock = "a==1 ; python_version < '3.12' \\\n    --hash=sha256:aa\nb==2 ; python_version >= '3.12'\n    # via a\n"

    assert list(sbom.installed(lock)) == [sbom.Pin("a", "1", ("aa",))]


def test_a_missing_lock_is_refused(
    billed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (billed / sbom.LOCK).unlink()

    assert sbom.main() == 1

    assert "requirements/serve.txt: no such file" in capsys.readouterr().err
    assert not sbom.BILL.exists()
