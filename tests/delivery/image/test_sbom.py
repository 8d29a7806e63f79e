from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from goldenpath.delivery.image import sbom
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SBOM, SIGNATURE
from goldenpath.repository import lock_file
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


def test_a_missing_lock_is_refused(billed: Path) -> None:
    (billed / sbom.LOCK).unlink()

    with pytest.raises(ProjectError, match=r"requirements/serve\.txt: no such file"):
        sbom.write(billed)

    assert not SBOM.exists()


def test_the_bill_names_the_vendored_library_by_its_digest(billed: Path) -> None:
    digest = "ab" * 32
    lock = billed / sbom.LOCK
    lock.write_text(lock_file.with_wheel("numpy==2.4.0 \\\n    --hash=sha256:cd\n", "1.2.3", digest))

    library = components(sbom.bill(billed))["goldenpath"]

    assert (library["version"], library["purl"]) == ("1.2.3", "pkg:pypi/goldenpath@1.2.3")
    assert library["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_options_of_pip_are_passed_over() -> None:
    lock = "--find-links ../vendor\n-i https://index.example\n\na==1 \\\n    --hash=sha256:aa\n"

    assert list(sbom.installed(lock)) == [sbom.Pin("a", "1", ("aa",))]


def test_a_line_that_locks_nothing_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"requirements/serve\.txt: '\.\./shop' is not a locked package"):
        list(sbom.installed("../shop\n"))
