"""The tests themselves.

A project runs them by one line in ``tests/test_product.py``: ``from goldenpath.conformance.suite import *``.
They take the product's own rows, contract, settings and model. A test that has nothing to look at yet is skipped and
says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from goldenpath.conformance import committed, sample, service, spoil
from goldenpath.conformance.outcomes import Recorder
from goldenpath.conformance.sample import Sample
from goldenpath.model.predictor import Predictor
from goldenpath.pipeline.fingerprints import STAGES
from goldenpath.pipeline.validate import validate
from goldenpath.project import contract, manifest, params
from goldenpath.project.contract import Contract, ContractError
from goldenpath.project.paths import ESTIMATORS, METRICS, MODEL, OPENAPI, PARITY, RAW, SIGNATURE, VALID
from goldenpath.repository import lock_file
from goldenpath.review.product.suite_run import STAGE_RAN, STAGE_REFUSED
from goldenpath.serving.rest import write_openapi

PREDICTED = 50
"""Rows that are sent to the service."""
Show = Callable[[str, str], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each stage, lock and notebook of the project."""
    root = metafunc.config.rootpath
    found = {
        "stage_name": list(STAGES),
        "lock": sorted(path.name for path in (root / "requirements").glob("*.txt")),
        "notebook": sorted(path.name for path in (root / "notebooks").glob("*.ipynb")),
    }
    for name, values in found.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values)


@pytest.fixture(scope="module", autouse=True)
def outcomes_recorded(request: pytest.FixtureRequest) -> None:
    """Keep how the tests of this file end in ``reports/conformance.json``."""
    module = request.node.nodeid
    request.config.pluginmanager.register(Recorder(module, request.config.rootpath))


@pytest.fixture(scope="session")
def product_root(request: pytest.FixtureRequest) -> Path:
    """The project's folder."""
    return request.config.rootpath


@pytest.fixture(autouse=True)
def working_in_project(product_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to the project's folder, wherever pytest was started."""
    monkeypatch.chdir(product_root)


@pytest.fixture(scope="session")
def product_sample(product_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Every stage, run once on a sample of the product's rows."""
    with threadpool_limits(1):  # threads that wait for each other use up the core that another test file needs
        return sample.run(product_root, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module", autouse=True)
def notebook_runs(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[str]]]:
    """The notebooks whose tests will run, each in a process of its own from the first test on: they take longest."""
    of_this_file = (item for item in request.session.items if item.nodeid.startswith(f"{request.node.nodeid}::"))
    calls = (getattr(item, "callspec", None) for item in of_this_file)
    names = sorted({call.params["notebook"] for call in calls if call and "notebook" in call.params})
    folder = request.config.rootpath / "notebooks"
    with ThreadPoolExecutor(1) as background:
        runs = {name: background.submit(committed.run_notebook, folder / name) for name in names}
        yield runs
        background.shutdown(cancel_futures=True)


@pytest.fixture
def trained_sample(product_sample: Sample) -> Sample:
    """The sample's run, where it came to its end."""
    for name, reason in product_sample.failures.items():
        pytest.fail(f"The stage {name} failed on a sample of the rows, see test_stage_runs_on_a_sample: {reason}")
    return product_sample


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Show:
    """Write down what a test has shown, as a property in JUnit's report; the review reads it there."""
    return lambda name, value: request.node.user_properties.append((name, value))


@pytest.fixture
def agreed(product_root: Path) -> Contract:
    """The contract."""
    return contract.load(product_root / contract.PATH)


@pytest.fixture
def valid_rows(trained_sample: Sample) -> pd.DataFrame:
    """Rows of the sample that keep the contract."""
    return pd.read_parquet(trained_sample.folder / VALID)


@pytest.fixture
def sample_client(trained_sample: Sample) -> Iterator[Any]:
    """A client of the service for the sample's model."""
    with service.client(trained_sample.folder) as found:
        yield found


def test_settings_can_be_read(product_root: Path) -> None:
    """The manifest, the contract and the parameters hold nothing that the library does not know."""
    readers: list[Callable[[], object]] = [
        lambda: manifest.load(product_root),
        lambda: contract.load(product_root / contract.PATH),
        lambda: params.load(product_root / params.PATH),
    ]
    faults = []
    for reader in readers:
        try:
            reader()
        except ValueError as error:
            faults.append(str(error))

    assert not faults, "Mend what is named here:\n" + "\n".join(faults)


def test_stage_runs_on_a_sample(product_sample: Sample, stage_name: str, show: Show) -> None:
    """The stage does its work on few rows of the product's own data."""
    if stage_name not in product_sample.failures and stage_name not in product_sample.outcomes:
        pytest.skip(f"a stage before it failed: {', '.join(product_sample.failures)}")

    reason = product_sample.failures.get(stage_name, "")

    assert not reason, f"The stage {stage_name} fails on {len(product_sample.raw):,} rows of this product: {reason}"
    show(STAGE_RAN, stage_name)


def test_spoiled_values_are_quarantined(agreed: Contract, valid_rows: pd.DataFrame) -> None:
    """Of each column, a value that breaks a rule of the contract is refused for that reason."""
    if not spoil.values(agreed):
        pytest.skip("contract.yaml demands nothing that a value could break")

    accepted = spoil.accepted(agreed, valid_rows)

    assert not accepted, "Validation lets through what contract.yaml forbids:\n" + "\n".join(accepted)


def test_too_many_spoiled_rows_stop_the_pipeline(
    trained_sample: Sample, agreed: Contract, tmp_path: Path, show: Show
) -> None:
    """The stage ``validate`` refuses rows of which more break the contract than are tolerated."""
    if agreed.target.type == "string" and not agreed.target.enum:
        pytest.skip("contract.yaml allows any text as the target, so no value of it is bad")
    for path in (contract.PATH, params.PATH):
        (tmp_path / path).symlink_to(trained_sample.folder / path)
    (tmp_path / RAW).parent.mkdir()
    spoiled = trained_sample.raw.assign(**{agreed.target.physical_name: spoil.NO_SUCH})
    spoiled.to_parquet(tmp_path / RAW, index=False)

    with sample.working_in(tmp_path), pytest.raises(ContractError) as refusal:
        validate()

    assert agreed.target.name in str(refusal.value), "The refusal has to name the column that is spoiled."
    show(STAGE_REFUSED, "validate")


def test_training_twice_gives_the_same_model(trained_sample: Sample, tmp_path: Path) -> None:
    """Nothing but rows, code and parameters decides what is learned: every generator of chance has a seed."""
    for name in ("contract.yaml", "params.yaml", "golden-path.yaml", "pyproject.toml", "src", "data"):
        if (trained_sample.folder / name).exists():
            (tmp_path / name).symlink_to(trained_sample.folder / name)

    with sample.working_in(tmp_path), threadpool_limits(1):
        sample.stage("train")()

    first, second = ((folder / ESTIMATORS).read_bytes() for folder in (trained_sample.folder, tmp_path))
    assert first == second, (
        "Two trainings on the same rows give two models. Give every generator of chance in model.py a seed from "
        "params.yaml, such as random_state."
    )


def test_export_predicts_as_the_estimator(trained_sample: Sample) -> None:
    """The graph that is served was compared with the estimator on every test row, and decides as it does."""
    parity, metrics = (json.loads((trained_sample.folder / path).read_text()) for path in (PARITY, METRICS))

    assert parity["rows"] == metrics["rows"], "The export compares other rows than the model is judged on."
    assert parity["flipped_decisions"] == 0, (
        f"{parity['flipped_decisions']} of {parity['rows']} decisions differ between ONNX and scikit-learn. Build the "
        "estimator in model.py of steps that skl2onnx converts exactly."
    )


def test_service_predicts_as_the_model(
    trained_sample: Sample, sample_client: Any, agreed: Contract, valid_rows: pd.DataFrame
) -> None:
    """Rows sent to the REST service come back with the predictions of the exported model, in their order."""
    rows = [service.request_row(agreed, row) for row in valid_rows.head(PREDICTED).to_dict(orient="records")]

    status, body = service.post(sample_client, rows)

    assert status == 200, f"The service refuses rows that keep the contract: {body}"
    predictor = Predictor.load(trained_sample.folder / MODEL, trained_sample.folder / SIGNATURE)
    expected = [{"decision": item.decision, "score": item.score} for item in predictor.predict(rows)]
    assert body["predictions"] == expected, "The service predicts otherwise than the model that it loaded."


def test_service_refuses_what_the_contract_forbids(
    sample_client: Any, agreed: Contract, valid_rows: pd.DataFrame
) -> None:
    """A request with a value that breaks a rule is answered with 422 and the column's name."""
    row = service.request_row(agreed, valid_rows.iloc[0].to_dict())
    accepted = []
    for case in (case for case in spoil.values(agreed) if case.column in agreed.features):
        value = None if case.value is None else service.as_json(case.column.type, case.value)
        status, body = service.post(sample_client, row | {case.column.name: value})
        if status != 422 or case.column.name not in {error["column"] for error in body["errors"]}:
            accepted.append(f"{case}: {status}")

    assert not accepted, "The service lets through what contract.yaml forbids:\n" + "\n".join(accepted)


def test_service_refuses_an_unknown_column(sample_client: Any, agreed: Contract, valid_rows: pd.DataFrame) -> None:
    """A misspelled column is no missing value."""
    row = service.request_row(agreed, valid_rows.iloc[0].to_dict())

    status, body = service.post(sample_client, row | {"no_such_column": 1})

    assert status == 422, "The service takes a row with a column that contract.yaml does not name."
    assert "no_such_column" in str(body), "The refusal has to name the column."


def test_service_is_ready_and_measured(sample_client: Any) -> None:
    """Probes and Prometheus find what they ask for."""
    assert sample_client.get("/healthz").status_code == 200, "/healthz has to respond 200 while the process works."
    assert sample_client.get("/readyz").status_code == 200, "/readyz has to respond 200 while predictions can be had."
    assert "# TYPE" in sample_client.get("/metrics").text, "/metrics holds no metrics."


def test_openapi_document_is_current(product_root: Path, trained_sample: Sample) -> None:
    """What callers rely on is what the service offers."""
    if not (product_root / OPENAPI).is_file():
        pytest.skip(f"there is no {OPENAPI} yet: make run")
    with sample.working_in(trained_sample.folder):
        offered = write_openapi.exported()

    assert (product_root / OPENAPI).read_text(encoding="utf-8") == offered, (
        f"{OPENAPI} is not what the service offers. Where the change is meant: goldenpath openapi, and commit it."
    )


def test_committed_model_fits_the_contract(product_root: Path, agreed: Contract) -> None:
    """The model that would be served was trained under this contract."""
    if not (product_root / SIGNATURE).is_file():
        pytest.skip(f"there is no {SIGNATURE} yet: make run")

    faults = committed.model_faults(product_root, agreed)

    assert not faults, "\n".join(faults)


def test_committed_model_predicts_as_its_estimator(product_root: Path, agreed: Contract) -> None:
    """The graph of the last run decides as the estimator that it was made from, on rows that were held out."""
    if missing := committed.missing_for_parity(product_root):
        pytest.skip(f"{missing} is not here: goldenpath results")

    parity = committed.parity_of_model(product_root, agreed, sample.ROWS)

    assert parity["flipped_decisions"] == 0, (
        f"{parity['flipped_decisions']} of {parity['rows']} decisions differ between {MODEL} and {ESTIMATORS}: "
        "they are of different runs. Run: make run"
    )


def test_rendered_files_are_current(product_root: Path) -> None:
    """Rules, dashboards and manifests are what the settings render."""
    from goldenpath.delivery import render

    faults = render.check(product_root)

    assert not faults, "\n".join(faults)


def test_lock_names_digests(product_root: Path, lock: str) -> None:
    """Every package is pinned with its digest, and the library with that of the wheel in ``vendor/``."""
    text = (product_root / "requirements" / lock).read_text(encoding="utf-8")

    unhashed = lock_file.unhashed(text)
    assert not unhashed, f"requirements/{lock}: {', '.join(unhashed)} without --hash. Run: goldenpath lock"
    fault = committed.library_fault(product_root, text)
    assert not fault, f"requirements/{lock}: {fault}"


def test_stages_know_their_code(product_root: Path) -> None:
    """``vendor/stages.yaml`` was made from the wheel in ``vendor/`` and from the locked packages."""
    fault = committed.stages_fault(product_root)

    assert not fault, fault


def test_notebook_runs_from_top_to_bottom(notebook_runs: Mapping[str, Future[str]], notebook: str) -> None:
    """Whoever opens the notebook can run it as it stands."""
    reason = notebook_runs[notebook].result()

    assert not reason, f"notebooks/{notebook} fails: {reason}"
