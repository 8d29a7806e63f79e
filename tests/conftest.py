"""Keeps the tests apart from the person who runs them, and gives them a small project to work on.

The project is the generated sample product, trained on a sample of its real rows.
"""

from __future__ import annotations

import copy
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from goldenpath.project import contract, params, team
from goldenpath.project.contract import Contract
from tests import sample

GIT_CONFIG = """\
[user]
    name = Test
    email = test@example.com
[protocol "file"]
    allow = always
"""


SAMPLE_ROWS = 6_000
Once = Callable[[str, Callable[[Path], None]], Path]
"""See the fixture of this name: a folder by its name, and what fills it."""
PLAIN_GIT = {"gc.auto": "0", "maintenance.auto": "false", "commit.gpgSign": "false", "tag.gpgSign": "false"}


@pytest.fixture(autouse=True, scope="session")
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("configuration")
    git_config = folder / "gitconfig"
    git_config.write_text(GIT_CONFIG)
    cookiecutter_config = folder / "cookiecutter.json"
    cookiecutter_config.write_text(
        json.dumps({"cookiecutters_dir": str(folder / "clones"), "replay_dir": str(folder / "replay")})
    )
    patch = pytest.MonkeyPatch()
    patch.setenv("GIT_CONFIG_GLOBAL", str(git_config))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("COOKIECUTTER_CONFIG", str(cookiecutter_config))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV"):
        patch.delenv(name, raising=False)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stop where groups are not kept: each worker would then make anew what takes minutes, and in each other's way."""
    if getattr(session.config.option, "loadgroup", False):  # as a worker of pytest-xdist knows it
        marked = [item for item in session.items if item.get_closest_marker("xdist_group")]
        if any("@" not in item.nodeid for item in marked):
            raise pytest.UsageError("pytest-xdist keeps no groups under this pytest: take the one that is locked")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder to generate into, in a folder of its own, so that what escapes it shows."""
    folder = tmp_path / "parent" / "out"
    folder.mkdir(parents=True)
    return folder


def pytest_configure() -> None:
    """Settle what has to stand before a test file is loaded."""
    # Each worker has about one core. Threads of a training that wait for each other do so in loops, and use it up.
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when scikit-learn is loaded, and that a test file may do


@pytest.fixture(scope="session", autouse=True)
def nothing_besides() -> Iterator[None]:
    """git neither tidies up, nor copies sample hooks, nor signs; DVC tells its makers nothing."""
    first = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    with pytest.MonkeyPatch.context() as patch:
        for index, (key, value) in enumerate(PLAIN_GIT.items(), first):
            patch.setenv(f"GIT_CONFIG_KEY_{index}", key)
            patch.setenv(f"GIT_CONFIG_VALUE_{index}", value)
        patch.setenv("GIT_CONFIG_COUNT", str(first + len(PLAIN_GIT)))
        patch.setenv("GIT_TEMPLATE_DIR", "")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Makes a folder for all processes of the run: the first that asks does it, and the others wait for it.

    It gets its name when it is whole. Where making it fails, the next one that asks tries again, and is told why too.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = tmp_path_factory.mktemp(f"{name}-unfinished")
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def trained(once: Once) -> Path:
    """A folder in which every stage has run on a sample of the rows. Do not write to it; see ``project``."""
    return once("trained", train_sample)


def train_sample(folder: Path) -> None:
    """Run every stage in a folder, on a sample of the rows."""
    # Not at the top: a run of a few tests that need no model would wait for scikit-learn all the same.
    from goldenpath.pipeline import evaluate, export, ingest, reference, split, staleness, train, validate

    with pytest.MonkeyPatch.context() as patch:
        for name in ("contract.yaml", "params.yaml", "requirements", "src"):
            (shutil.copytree if (sample.ROOT / name).is_dir() else shutil.copy)(sample.ROOT / name, folder / name)
        patch.chdir(sample.ROOT)
        raw = team.load_rows(params.load())
        patch.chdir(folder)
        rows = raw.sample(min(len(raw), SAMPLE_ROWS), random_state=0).sort_index()
        patch.setattr(team, "load_rows", lambda _: rows)
        for stage in (
            ingest.ingest,
            validate.validate,
            split.split,
            train.train,
            evaluate.evaluate,
            export.export,
            reference.reference,
            staleness.staleness,
        ):
            stage()


@pytest.fixture
def inside(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained folder as the working directory, to read from."""
    monkeypatch.chdir(trained)
    return trained


@pytest.fixture
def project(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained folder as the working directory, to change at will."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shop_text() -> str:
    """The small contract, as its file holds it."""
    return SHOP.lstrip()


@pytest.fixture(scope="session")
def shop_content(shop_text: str) -> Any:
    """The small contract, parsed. Do not change it; see ``shop``."""
    return yaml.safe_load(shop_text)


@pytest.fixture
def shop(tmp_path: Path, shop_content: Any) -> Any:
    """Writes a small contract of a shop, changed as the test asks, and returns its path."""

    def write(change: Any = lambda content: None) -> Path:
        content = copy.deepcopy(shop_content)
        change(content)
        path = tmp_path / "contract.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


@pytest.fixture
def shop_contract(shop: Any) -> Contract:
    """The small contract, loaded."""
    return contract.load(shop())


@pytest.fixture
def shop_rows() -> pd.DataFrame:
    """Rows that keep the small contract."""
    return pd.DataFrame(
        {
            "Customer No": [1, 2, 3, 4],
            "store": [7, 7, 12, 12],
            "size": ["S", "M", None, "S"],
            "price": [1.5, 20.0, None, 99.0],
            "member": ["yes", "no", "yes", None],
            "ordered": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"],
            "returned": [True, False, False, True],
        }
    )


SHOP = """
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.2.0
status: active
schema:
  - name: orders
    properties:
      - name: customer
        physicalName: Customer No
        logicalType: integer
        required: true
        unique: true
        customProperties: [{property: roles, value: [entity]}]
      - name: store
        logicalType: integer
        enum: [{value: 7}, {value: 12}]
        customProperties: [{property: roles, value: [feature, segment]}, {property: scale, value: nominal}]
      - name: size
        logicalType: string
        description: Size on the label.
        enum: [{value: S}, {value: M}]
        examples: [M]
        customProperties: [{property: roles, value: [feature]}]
      - name: price
        logicalType: number
        description: Price paid, EUR.
        logicalTypeOptions: {minimum: 0, maximum: 100}
        customProperties: [{property: roles, value: [feature]}]
      - name: member
        logicalType: boolean
        customProperties: [{property: roles, value: [protected]}]
      - name: ordered
        logicalType: date
        required: true
        customProperties: [{property: roles, value: [time]}]
      - name: returned
        logicalType: boolean
        required: true
        customProperties: [{property: roles, value: [target]}]
"""
