"""The suite is green on the generated sample and on adopted tables, and red on each thing that it is there to find."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from goldenpath.cli import main
from goldenpath.conformance import committed
from goldenpath.pipeline.fingerprints import STAGES
from goldenpath.project import contract
from goldenpath.project.paths import MODEL, OPENAPI, RAW
from goldenpath.review.product import suite_run
from goldenpath.review.product.suite_run import STAGE_RAN, STAGE_REFUSED
from tests.conformance import product
from tests.conftest import Once

OF_DATA = "stage_runs or spoiled or twice or export or service"
"""The tests that look at the sample's run alone."""


def change_notebook(folder: Path) -> None:
    cell = nbformat.v4.new_code_cell("raise KeyError('carrier')")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "notebooks" / "broken.ipynb")


def change_wheel(folder: Path) -> None:
    wheel = next((folder / "vendor").glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")


def add_wheel(folder: Path) -> None:
    (folder / "vendor" / "goldenpath-9.9.9-py3-none-any.whl").write_bytes(b"")


def drop_digests(folder: Path) -> None:
    product.replace(folder / "requirements" / "serve.txt", r"(?m)^(click==\S+)[^\n]*\n(?: +--hash[^\n]*\n)+", r"\1\n")


def drop_fingerprint(folder: Path) -> None:
    path = folder / "vendor" / "stages.yaml"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def edit_rendered(folder: Path) -> None:
    product.replace(folder / "monitoring" / "prometheus" / "rules" / "slo.yaml", "for: ", "for:  ")


def misspell_setting(folder: Path) -> None:
    product.replace(folder / "contract.yaml", "logicalType: integer", "logicalType: whole")


def narrow_range(folder: Path) -> None:
    product.replace(folder / "contract.yaml", "minimum: 0, maximum: 23", "minimum: 0, maximum: 11")


def forget_seed(folder: Path) -> None:
    path = next((folder / "src").glob("*/model.py"))
    product.replace(path, r'settings\.pop\("seed"\)', 'settings.pop("seed") + __import__("time").time_ns() % 10**6')


@pytest.fixture(scope="session")
def judged(once: Once) -> Path:
    """A generated product that the whole suite has looked at."""

    def make(folder: Path) -> None:
        product.copy(folder)
        product.judge_once(folder)

    return once("judged", make)


@pytest.fixture(scope="session")
def spoiled(once: Once) -> Path:
    """A product with several faults, of which none hides another, that the whole suite has looked at."""

    def make(folder: Path) -> None:
        product.copy(folder)
        for spoil in (change_wheel, drop_digests, drop_fingerprint, edit_rendered, change_notebook, narrow_range):
            spoil(folder)
        product.judge_once(folder)

    return once("spoiled", make)


def test_suite_is_green_on_a_generated_product(judged: Path) -> None:
    printed = (judged / product.PRINTED).read_text()

    assert printed.endswith("exit code 0\n"), printed
    assert "warning" not in printed.lower()
    assert product.failed(judged) == []


def test_suite_skips_only_what_make_run_makes(judged: Path) -> None:
    skipped = {name: check["reason"] for name, check in product.checks(judged).items() if "reason" in check}

    assert set(skipped) == {
        "test_committed_model_fits_the_contract",
        "test_committed_model_predicts_as_its_estimator",
        "test_openapi_document_is_current",
    }
    assert all(reason.endswith(("make run", "goldenpath results")) for reason in skipped.values())


def test_suite_shows_the_review_what_ran(judged: Path) -> None:
    facts = suite_run.facts_of((judged / "reports/junit.xml").read_text())

    assert set(facts["shown"][STAGE_RAN]) == set(STAGES)
    assert facts["shown"][STAGE_REFUSED] == ["validate"]


def test_suite_leaves_the_project_as_it_was(judged: Path) -> None:
    assert not (judged / RAW).exists()
    assert not (judged / MODEL).exists()
    assert {path.name for path in (judged / "reports").iterdir()} - {".gitkeep"} == {"conformance.json", "junit.xml"}


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("test_lock_names_digests[dev.txt]", "is another file. Get the wheel back: git checkout HEAD -- vendor"),
        ("test_lock_names_digests[serve.txt]", "requirements/serve.txt: click without --hash"),
        ("test_notebook_runs_from_top_to_bottom[broken.ipynb]", "notebooks/broken.ipynb fails: KeyError"),
        ("test_rendered_files_are_current", "monitoring/prometheus/rules/slo.yaml: "),
        ("test_stage_runs_on_a_sample[validate]", "The stage validate fails on 2,000 rows of this product"),
        ("test_stages_know_their_code", "vendor/stages.yaml was made from another wheel"),
    ],
)
def test_suite_is_red_on_a_spoiled_product(check: str, says: str, spoiled: Path) -> None:
    printed = " ".join((spoiled / product.PRINTED).read_text().split())

    assert printed.endswith("exit code 1")
    assert check in product.failed(spoiled)
    assert says in printed


def test_suite_names_the_column_that_stopped_a_stage(spoiled: Path) -> None:
    assert "departure_hour" in (spoiled / product.PRINTED).read_text()


def test_suite_says_which_stages_could_not_run(spoiled: Path) -> None:
    check = product.checks(spoiled)["test_stage_runs_on_a_sample[train]"]

    assert check == {"outcome": "skipped", "reason": "a stage before it failed: validate"}


def test_suite_is_red_on_settings_that_cannot_be_read(untrained: Path) -> None:
    misspell_setting(untrained)
    add_wheel(untrained)

    done = product.judge(untrained, "settings or dev.txt")

    assert product.failed(untrained) == ["test_lock_names_digests[dev.txt]", "test_settings_can_be_read"]
    assert "contract.yaml" in done.stdout
    assert "vendor/ holds 2 wheels" in done.stdout


def test_suite_is_red_on_a_model_without_a_seed(untrained: Path) -> None:
    forget_seed(untrained)

    done = product.judge(untrained, "twice")

    assert product.failed(untrained) == ["test_training_twice_gives_the_same_model"], done.stdout
    assert "random_state" in done.stdout


def test_committed_model_fits_its_contract(with_model: Path) -> None:
    done = product.judge(with_model, "fits_the_contract")

    assert done.returncode == 0, done.stdout
    assert product.checks(with_model) == {"test_committed_model_fits_the_contract": {"outcome": "passed"}}


def test_committed_model_of_another_contract_is_red(with_model: Path) -> None:
    product.replace(with_model / "contract.yaml", "maximum: 23", "maximum: 24")

    done = product.judge(with_model, "fits_the_contract")

    assert product.failed(with_model) == ["test_committed_model_fits_the_contract"], done.stdout
    assert "contract.yaml" in done.stdout


def test_committed_model_that_was_swapped_is_a_fault(with_model: Path) -> None:
    (with_model / MODEL).write_bytes((with_model / MODEL).read_bytes() + b"\0")

    faults = committed.model_faults(with_model, contract.load(with_model / contract.PATH))

    assert len(faults) == 1
    assert faults[0].startswith(f"{MODEL} is not the model of")


def test_openapi_document_that_is_stale_is_red(untrained: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from goldenpath.serving.rest import write_openapi

    monkeypatch.chdir(trained)
    document = json.loads(write_openapi.exported())
    document["info"]["title"] = "Another service"
    (untrained / OPENAPI).write_text(json.dumps(document, indent=2) + "\n")

    done = product.judge(untrained, "openapi")

    assert done.returncode == 1
    assert "goldenpath openapi" in done.stdout
    assert product.failed(untrained) == ["test_openapi_document_is_current"]


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_suite_is_green_on_an_adopted_table(
    kind: str, untrained: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path_factory.mktemp("table") / "houses.csv"
    houses(kind).to_csv(table, index=False)
    monkeypatch.chdir(untrained)
    adopted = CliRunner().invoke(main, ["adopt", str(table), "outcome", "--force"])
    assert adopted.exit_code == 0, adopted.output

    done = product.judge(untrained, OF_DATA)

    assert done.returncode == 0, done.stdout
    assert product.checks(untrained)["test_service_predicts_as_the_model"] == {"outcome": "passed"}


def houses(kind: str) -> pd.DataFrame:
    """A table with numbers, categories, gaps, and an outcome that they decide; the rarest class has sixty rows."""
    chance = np.random.default_rng(0)
    size, street = chance.uniform(20, 200, 4000).round(1), chance.choice(["Oak", "Elm", "Ash"], 4000)
    price = size * np.where(street == "Oak", 3.0, 2.0) + chance.normal(0, 5, 4000)
    rank = price.argsort().argsort()
    grade = np.select([rank >= 3940, rank >= 2000], ["rare", "usual"], "low")
    frame = pd.DataFrame({"size": size, "street": street, "outcome": price.round(2) if kind == "regression" else grade})
    frame.loc[::17, "size"] = np.nan
    return frame
