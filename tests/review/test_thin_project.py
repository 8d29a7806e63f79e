"""A project whose platform is a pinned library: what counts, and what no longer does when somebody meddles."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

import goldenpath
from goldenpath.cli import VERBS as COMMANDS
from goldenpath.pipeline import fingerprints
from goldenpath.repository.lock_file import without_wheel
from goldenpath.review.product import library, makefile, pull_request, rendered, serving, verbs
from goldenpath.review.product.product import Product
from goldenpath.review.product.pull_request import Command
from goldenpath.review.product.tree import DictTree
from goldenpath.review.product.verbs import Does
from goldenpath.review.result import Result
from goldenpath.review.review import judge
from goldenpath.review.standards import catalogue, criterion
from goldenpath.review.standards.verdict import Status
from tests.review import thin
from tests.review.standards.cases import NOW, Files, Repository

MET = (
    *("CQ-01", "CQ-02", "CQ-03", "CQ-04", "CQ-08", "CQ-09", "CQ-10", "CQ-12", "CQ-13", "TR-01", "TR-02", "TR-04"),
    *("TR-10", "TR-11", "DOC-05", "DOC-07", "DOC-10", "SEC-05", "SEC-07", "MON-02"),
)
"""What the healthy thin project meets."""
OTHER = thin.wheel(changed={"goldenpath/pipeline/train.py": "steal()\n"})


def product(changed: Files = MappingProxyType({})) -> Product:
    """The thin project in memory, with some files changed."""
    files = {path: text for path, text in {**thin.FILES, **changed}.items() if text is not None}
    return Product(DictTree(files), now=NOW)


def judged(given: Product, name: str) -> Result:
    """The verdict of one criterion."""
    [result] = judge(given, [criterion(name)])
    return result


def said(result: Result) -> str:
    """All that a verdict says."""
    facts = (f"{item.place} {item.text} {item.command}" for item in result.verdict.evidence)
    return "\n".join([f"{result.status} {result.verdict.reason}", *facts])


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return thin.with_receipts(Repository(tmp_path_factory.mktemp("thin")))


@pytest.fixture
def changed(tmp_path: Path) -> Repository:
    return thin.with_receipts(Repository(tmp_path))


@pytest.mark.parametrize("name", MET)
def test_thin_project_meets_a_criterion(healthy: Repository, name: str) -> None:
    result = judged(healthy.product(), name)

    assert result.status.counts, said(result)


@pytest.mark.parametrize("name", [item.id for item in catalogue() if item.by_library and item.id in MET])
def test_swapped_wheel_fails_what_rests_on_the_library(healthy: Repository, name: str) -> None:
    file = healthy.root / thin.WHEEL
    file.write_bytes(OTHER)
    try:
        result = judged(healthy.product(), name)
    finally:
        file.write_bytes(thin.LIBRARY)

    assert result.status is Status.FAIL


def test_swapped_wheel_is_not_exempt_from_carried_models() -> None:
    found = [item.id for item in catalogue() if item.by_library]

    result = judged(product({thin.WHEEL: OTHER + b"\0" * 1000}), "TR-10")

    assert thin.WHEEL in said(result)
    assert len(found) >= 15


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({thin.WHEEL: OTHER}, "requirements/serve.txt:2 does not name the digest"),
        (
            {**thin.pinned(OTHER), "vendor/stages.yaml": thin.stages(thin.LIBRARY)},
            "vendor/stages.yaml:6 was made from another wheel",
        ),
        ({"vendor/stages.yaml": "train: 0\n"}, "was made from another wheel (none named"),
        ({"requirements/train.txt": thin.lock(OTHER)}, "requirements/train.txt:2 does not name the digest"),
        ({"requirements/train.txt": thin.lock(thin.LIBRARY, "9.9.8")}, "pins goldenpath 9.9.8"),
        (
            {"requirements/train.txt": thin.lock(thin.LIBRARY).replace("--hash", "# --hash", 1)},
            "does not name the digest",
        ),
        (
            {f"requirements/{name}.txt": without_wheel(thin.LOCK) for name in ("serve", "train")},
            "is named by no lock",
        ),
        ({**thin.pinned(b"PK"), thin.WHEEL: b"PK"}, "is no wheel that can be read"),
        (thin.pinned(thin.wheel("9.9.8")) | {thin.WHEEL: thin.wheel("9.9.8")}, "holds no goldenpath 9.9.9"),
        ({"vendor/goldenpath-9.9.8-py3-none-any.whl": b"PK"}, "lies beside 1 others"),
    ],
)
def test_contradicted_pin_is_told_with_its_place(changes: Files, words: str) -> None:
    result = judged(product(changes), "CQ-01")

    assert result.status is Status.FAIL
    assert words in said(result)


def test_wheel_of_the_judging_version_must_hold_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    release = {name: thin.digest_in_record(text) for name, text in thin.MODULES.items()}
    monkeypatch.setattr(goldenpath, "__version__", thin.VERSION)
    monkeypatch.setattr(library, "installed", lambda: release)

    true, false = product(), product(thin.pinned(OTHER))

    assert library.read(true).fault is None
    fault = library.read(false).fault
    assert fault is not None
    assert "goldenpath/pipeline/train.py differs from what judges" in fault.text


def test_library_of_an_index_counts_by_the_digest_of_the_locks() -> None:
    served = {thin.WHEEL: None}
    loose = "goldenpath==9.9.9\n"

    assert library.read(product(served)).fault is None
    other = library.read(product({**served, "requirements/train.txt": thin.lock(OTHER)})).fault
    bare = library.read(product({**served, "requirements/serve.txt": loose})).fault
    assert other is not None
    assert "pins another goldenpath" in other.text
    assert bare is not None
    assert "by no digest" in bare.text


def test_project_without_the_library_pins_none() -> None:
    bare = product(dict.fromkeys(thin.pinned(thin.LIBRARY)))

    assert not library.read(bare)
    assert "runs no code" in said(judged(bare, "TR-04"))


@pytest.mark.parametrize("name", ["CQ-02", "CQ-08", "CQ-12", "SEC-07"])
def test_receipt_older_than_the_lock_does_not_count(changed: Repository, name: str) -> None:
    assert judged(changed.product(), name).status.counts
    text = thin.lock(thin.LIBRARY, more=f"scipy==1.0.0 \\\n    --hash=sha256:{'b' * 64}\n")

    changed.commit({"requirements/train.txt": text}, "Another lock", days_ago=0)

    result = judged(changed.product(), name)
    assert result.status is Status.FAIL
    assert "what it proved has changed since" in said(result)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"monitoring/prometheus/rules/service.yaml": thin.RULES + "# mine\n"}, "is not what the library wrote"),
        ({"vendor/rendered.yaml": None}, "vendor/rendered.yaml does not know it"),
        (
            {"vendor/rendered.yaml": f"monitoring/prometheus/prometheus.yml: {'0' * 64}\n"},
            "monitoring/prometheus/prometheus.yml is missing",
        ),
    ],
)
def test_file_that_is_not_as_rendered_is_told(changes: Files, words: str) -> None:
    found = rendered.edited(product(changes), ("monitoring/",))

    assert words in "\n".join(f"{item.path} {item.text}" for item in found)
    assert rendered.edited(product(), ("monitoring/",)) == []


def test_edited_rule_fails_though_its_receipt_is_new(changed: Repository) -> None:
    louder = thin.RULES.replace("severity: page", "severity: ticket")
    tests = (
        "tests:\n  - input_series: [{series: up}]\n    alert_rule_test: [{alertname: ServiceDown, exp_alerts: [{}]}]\n"
    )
    own = {"monitoring/prometheus/rules/service.yaml": louder, "monitoring/prometheus/tests/own.yaml": tests}
    changed.commit(own, "Quieter", days_ago=0)
    changed.receipt("MON-02", {"tests": 2, "failures": 0}, command="goldenpath alerts check")

    result = judged(changed.product(), "MON-02")

    assert result.status is Status.FAIL
    assert "monitoring/prometheus/rules/service.yaml is not what the library wrote goldenpath render" in said(result)


def test_rule_tests_of_the_library_count_only_for_rules_that_it_rendered(healthy: Repository) -> None:
    silent = thin.wheel(changed={thin.RULE_TESTS: "tests: []\n"})
    own = {"vendor/rendered.yaml": "{}\n", ".gitattributes": None}

    assert "never seen firing" in said(judged(product(own), "MON-02"))
    assert "never seen firing" in said(judged(product(thin.pinned(silent)), "MON-02"))
    assert "never seen firing" not in said(judged(product(), "MON-02"))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("TR-04", {"dvc.yaml": thin.DVC.replace("{vendor/stages.yaml: [train]}", "a")}, "an upgrade goes unnoticed"),
        ("TR-04", {"dvc.yaml": thin.DVC.replace("src/churn/model.py, ", "")}, "depends on none of it"),
        ("TR-04", {"dvc.yaml": thin.DVC.replace("stage train", "stage nothing")}, "stage train runs no code"),
        ("CQ-13", {"src/churn/serving.py": "def f(rows):\n    return rows.fillna(0)\n"}, "on its own"),
        ("CQ-13", {"reports/parity.json": "{}"}, "no rows were sent through both"),
        ("DOC-05", {"docs/architecture.md": "`source` `model` `dvc.yaml`"}, "does not show `goldenpath`"),
        (
            "DOC-10",
            {"docs/risk.md": str(thin.FILES["docs/risk.md"]).replace("test_spoiled_rows_are", "test_nothing_is")},
            "there is no test_nothing_is_refused",
        ),
        ("TR-02", {"Dockerfile": "FROM python:3.9-slim\n"}, "no version of Python is pinned"),
    ],
)
def test_thin_project_that_only_looks_right_fails(name: str, changes: Files, words: str) -> None:
    result = judged(product(changes), name)

    assert result.status is Status.FAIL
    assert words in said(result)


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        ("CQ-08", {"shown": {}}, "no test expects validate to refuse"),
        ("CQ-10", {"shown": {"goldenpath.ran": ["train"]}}, "no test has shown that ingest"),
        ("CQ-09", {"coverage": {"src/churn/source.py": [3, 3]}}, "covered to 0%"),
        ("CQ-03", {"coverage": {}}, "cover 0%"),
    ],
)
def test_suite_that_shows_too_little_fails(tmp_path: Path, name: str, facts: dict[str, object], words: str) -> None:
    repository = Repository(tmp_path)
    repository.commit(thin.FILES)
    repository.receipt("CQ-02", {**thin.SUITE, **facts})

    result = judged(repository.product(), name)

    assert result.status is Status.FAIL
    assert words in said(result)


@pytest.mark.parametrize(
    ("command", "does"),
    [
        ("goldenpath run", {Does.TRAINS}),
        ("goldenpath run train --force", {Does.TRAINS, Does.TRAINS_ANEW}),
        ("goldenpath reproduce", {Does.TRAINS, Does.TRAINS_ANEW}),
        (".venv/bin/goldenpath gate model --base origin/main", {Does.GATES}),
        ("goldenpath gate --base origin/main deps", {Does.AUDITS}),
        ("python -m goldenpath gate", {Does.GATES, Does.AUDITS, Does.VALIDATES}),
        ("PYTHONPATH=vendor/a.whl python -S -m goldenpath gate lock", set()),
        ("uv run goldenpath gate deploy", {Does.VALIDATES}),
        ("goldenpath gate secrets deps deploy", {Does.AUDITS, Does.VALIDATES}),
        ("goldenpath gate model --self-test", set()),
        ("goldenpath gate --self-test", set()),
        ("goldenpath promote 1.0.0 prod", {Does.DEPLOYS, Does.PROMOTES}),
        ("goldenpath promote 1.0.0 prod --dry-run", {Does.GATES}),
        ("goldenpath gate --help", set()),
        ("goldenpath", set()),
        ("echo goldenpath gate", set()),
    ],
)
def test_verb_does_what_the_table_says(command: str, does: set[Does]) -> None:
    assert Command(command, "ci.yml", 1).does == does


def test_every_verb_of_the_table_is_one_of_the_command() -> None:
    assert {name.split()[0] for name in verbs.VERBS} <= set(COMMANDS)


def test_workflows_of_verbs_are_read_as_what_they_do() -> None:
    given = product()

    found = {does for command in pull_request.read(given).commands for does in command.does}

    assert found == {Does.VALIDATES, Does.COMPARES_METRICS}
    assert "is audited" not in said(judged(given, "SEC-02"))
    assert judged(given, "SEC-02").status.counts
    assert "no receipt proves it" in said(judged(given, "CQ-12"))
    ungated = product({".github/workflows/cd.yml": thin.CD.replace("gate model", "gate lock")})
    assert "a deployment waits for no gate" in said(judged(ungated, "CQ-12"))


def test_recipe_of_several_targets_runs_the_verb_of_each() -> None:
    made = makefile.read(product())

    assert [line.command for line in made.run_by("gate")] == ["goldenpath gate", "pip install -e ."]
    assert "goldenpath run" in made.expanded("make run")


def test_promotion_by_the_verb_delivers_and_a_dry_run_does_not(changed: Repository) -> None:
    overlay = "apiVersion: v1\nkind: Kustomization\nimages:\n  - {name: a, digest: 'sha256:0'}\n"
    changed.commit({"deploy/overlays/dev/kustomization.yaml": overlay})
    dry = thin.CD.replace("promote 1.0.0 dev", "promote 1.0.0 dev --dry-run")

    promoted = said(judged(changed.product(), "TR-13"))
    changed.commit({".github/workflows/cd.yml": dry})

    assert "the pipeline has deployed nothing" in promoted
    assert "no workflow deploys" in said(judged(changed.product(), "TR-13"))
    assert "no workflow deploys" in said(judged(changed.product(), "CQ-12"))


def test_routes_of_the_library_are_those_of_its_service() -> None:
    """Without a wheel, the files of the library that judges are read."""
    given = product({thin.WHEEL: None})

    assert {route.what for route in serving.routes(given)} == {"/predict", "/model"}


def test_every_stage_of_the_library_is_found_in_it() -> None:
    real = library.read(product({thin.WHEEL: None}))

    assert [name for name in fingerprints.STAGES if not real.stage(f".venv/bin/goldenpath stage {name}")] == []
    assert real.has_verb("promote")
    assert not real.has_verb("promotes")


def test_online_product_of_the_library_cannot_be_declared_a_batch() -> None:
    batch = product({"golden-path.yaml": thin.MANIFEST.replace("[rest, batch]", "[batch]")})

    assert serving.web_framework(batch) == serving.Place("goldenpath serve", "Dockerfile", 2)
    assert serving.nobody_waits(batch) == ""
