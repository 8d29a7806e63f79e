"""Tables of many kinds: adopted, trained on, tested and served with no code edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.template.adopt.conftest import Project
from tests.template.adopt.tables import TABLES, Table, customers, loans, sales, visits, weather
from tests.template.generation import git

pytestmark = pytest.mark.e2e

# Each group has a worker, and a generated project, of its own; so the work is divided evenly.
first_worker = pytest.mark.xdist_group("adopt")
second_worker = pytest.mark.xdist_group("adopt-refusals")

# One table, with several rows of a user and moments, is made again in a fresh clone too.
REPRODUCED = (visits,)
BALANCED = (customers, weather, sales)  # on the first worker


def adopt(project: Project, table: Table, folder: Path) -> str:
    """Adopt the table from a file outside the project and return what was printed."""
    path = folder / table.file
    path.write_bytes(table.content)
    options = [word for name, value in table.named.items() for word in (f"--{name}", value)]
    done = project.verb("adopt", str(path), table.target, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(table, id=table.__name__, marks=first_worker if table in BALANCED else second_worker)
        for table in TABLES
    ],
)
def test_an_adopted_table_is_trained_on_tested_and_served(
    project: Project, tmp_path: Path, table: Callable[[], Table]
) -> None:
    given = table()
    adopt(project, given, tmp_path)

    trained = project.verb("run")

    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "Warning" not in trained.stderr
    columns = yaml.safe_load((project.root / "contract.yaml").read_text("utf-8"))["schema"][0]["properties"]
    roles = {column["name"]: column["customProperties"][0]["value"] for column in columns}
    assert {name: roles[name] for name in given.roles} == given.roles
    metrics = json.loads((project.root / "reports" / "metrics.json").read_text("utf-8"))
    assert metrics["task"] == given.task
    headline, better = {"binary": ("roc_auc", 1), "multiclass": ("log_loss", -1), "regression": ("mae", -1)}[given.task]
    constant = metrics["baseline"]["constant"][headline]["value"]
    assert better * metrics["model"][headline]["value"] > better * constant

    tests = project.make("test")
    assert tests.returncode == 0, tests.stdout + tests.stderr

    answered = project.verb("predict")
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert json.loads(answered.stdout)["response"]

    again = project.verb("run")
    assert "Data and pipelines are up to date." in again.stdout

    if table in REPRODUCED:
        git(project.root, "add", "--all")
        git(project.root, "commit", "--quiet", "--message", "Adopt a table")
        done = project.verb("reproduce")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "outputs are the same, byte for byte" in done.stdout


@first_worker
def test_the_data_is_handed_to_dvc_and_git_sees_the_pointer_only(project: Project, tmp_path: Path) -> None:
    adopt(project, customers(), tmp_path)

    listed = git(project.root, "status", "--porcelain", "--untracked-files=all").splitlines()

    assert "?? data/source/customers_2026.csv.dvc" in listed
    assert not [line for line in listed if line.endswith("customers_2026.csv")]
    assert (project.root / "data/source/customers_2026.csv").read_bytes() == customers().content


@first_worker
def test_what_the_person_has_to_look_at_is_printed(project: Project, tmp_path: Path) -> None:
    printed = " ".join(adopt(project, customers(), tmp_path).split())

    for words in ("Identifier: 400 different values", "Free text", "Constant", "marked confidential: E-Mail"):
        assert words in printed


@first_worker
def test_an_amount_that_other_columns_add_up_to_is_reported(project: Project, tmp_path: Path) -> None:
    printed = " ".join(adopt(project, loans(), tmp_path).split())

    assert "Suspected leakage: open can be computed from lent and paid" in printed


@first_worker
def test_another_table_replaces_the_first(project: Project, tmp_path: Path) -> None:
    adopt(project, customers(), tmp_path)
    adopt(project, weather(), tmp_path)

    assert sorted(path.name for path in (project.root / "data/source").iterdir()) == [
        ".gitignore",
        "meteo.tsv",
        "meteo.tsv.dvc",
    ]
    assert "customers" not in (project.root / "dvc.yaml").read_text("utf-8")


@first_worker
def test_the_file_may_lie_where_adopt_puts_it(project: Project) -> None:
    path = project.root / "data" / "source" / "visits.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(TABLES[3]().content)

    done = project.verb("adopt", "data/source/visits.csv", "bought")

    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == TABLES[3]().content


@first_worker
def test_uncommitted_work_is_not_overwritten_unless_forced(project: Project, tmp_path: Path) -> None:
    params = project.root / "params.yaml"
    params.write_text(params.read_text("utf-8") + "\n# mine\n", "utf-8")
    data = tmp_path / "visits.csv"
    data.write_bytes(TABLES[3]().content)
    words = ("adopt", str(data), "bought")

    refused = project.verb(*words)

    assert refused.returncode != 0
    assert "params.yaml: would be overwritten" in refused.stderr
    assert params.read_text("utf-8").endswith("# mine\n")
    assert project.verb(*words, "--force").returncode == 0
