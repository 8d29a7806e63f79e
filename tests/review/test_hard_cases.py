"""Any folder gets a review: no crash, no guess, and nobody is fooled by what is only there to be seen."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from goldenpath.review.evidence import receipts
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product, open_product, open_products
from goldenpath.review.product.tree import LARGEST, DictTree
from goldenpath.review.review import Review, judge, review
from goldenpath.review.standards.criterion import Criterion, Effort, Part
from goldenpath.review.standards.verdict import Status, Verdict, passed
from tests.review.standards.cases import NOW, Repository

MANIFEST = """\
product:
  name: {name}
  purpose: Which customers leave next month?
  owner: "@acme/churn"
  contact: churn@example.com
  criticality: medium
serving: [batch]
deploy:
  environments: [dev, prod]
"""
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "source": ["import pandas"],
                "outputs": [{"x": 1}],
                "execution_count": 3,
                "metadata": {},
            }
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)


class Always(Criterion):
    """Stands in for a criterion that everything meets, so that what happens to its verdict can be seen."""

    id = "CQ-99"
    title = "Always met"
    level = 1
    part = Part.CODE_QUALITY
    verify = "nothing"
    fix = "nothing"
    effort = Effort.MINUTES

    @staticmethod
    def check(product: Product) -> Verdict:
        return passed(f"as ever in {product.root}")


class Never(Always):
    """Stands in for a criterion that nothing meets."""

    id = "CQ-98"

    @staticmethod
    def check(product: Product) -> Verdict:
        return Verdict(Status.FAIL, f"as ever in {product.root}")


class Broken(Always):
    """Stands in for a criterion with a defect of its own."""

    id = "CQ-97"

    @staticmethod
    def check(product: Product) -> Verdict:
        raise ZeroDivisionError(f"one over none in {product.root}")


def no_errors(found: Review) -> None:
    assert {
        result.criterion.id: result.verdict.reason for result in found.results if result.status is Status.ERROR
    } == {}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_a_folder_of_notebooks_that_is_no_repository_is_level_0(tmp_path: Path) -> None:
    (tmp_path / "train final v2.ipynb").write_text(NOTEBOOK)
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04")

    found = review(open_product(tmp_path, now=NOW))

    no_errors(found)
    assert found.level == 0
    assert found["TR-01"].status is Status.FAIL


def test_an_empty_folder_is_level_0(tmp_path: Path) -> None:
    found = review(open_product(tmp_path, now=NOW))

    no_errors(found)
    assert found.level == 0


def test_a_repository_without_commits(repository: Repository) -> None:
    (repository.root / "golden-path.yaml").write_text(MANIFEST.format(name="Churn"))

    found = review(repository.product())

    no_errors(found)
    assert (found.commit, found.level) == (None, 0)


def test_a_detached_head(repository: Repository) -> None:
    first = repository.commit({"golden-path.yaml": MANIFEST.format(name="Churn")})
    repository.commit({"README.md": "# Churn\n"})
    repository.git("checkout", "--quiet", first)

    found = review(repository.product())

    no_errors(found)
    assert found.commit == first


def test_a_shallow_clone_is_judged_and_an_older_commit_asks_for_more_history(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    full = Repository(tmp_path / "full")
    first = full.commit({"golden-path.yaml": MANIFEST.format(name="Churn")})
    full.commit({"README.md": "# Churn\n"})
    full.git("clone", "--quiet", "--depth=1", f"file://{full.root}", str(tmp_path / "shallow"))

    no_errors(review(open_product(tmp_path / "shallow", now=NOW)))

    with pytest.raises(ValueError, match="shallow: fetch more history"):
        open_product(tmp_path / "shallow", first)


def test_several_products_in_one_repository_are_found_and_share_its_code_owners(repository: Repository) -> None:
    files = {f"teams/{name}/golden-path.yaml": MANIFEST.format(name=name.title()) for name in ("churn", "fraud")}
    commit = repository.commit({**files, ".github/CODEOWNERS": "* @acme/churn\n"})

    homes = [product.root for product in open_products(repository.root)]

    assert [home.relative_to(repository.root).as_posix() for home in homes] == ["teams/churn", "teams/fraud"]
    for revision in (None, commit):
        product = open_product(homes[0], revision, NOW)
        assert (product.manifest.name, *product.owners.everyone) == ("Churn", "@acme/churn")
        no_errors(review(product))


def test_a_templates_manifest_is_no_product(repository: Repository) -> None:
    repository.commit({"{{cookiecutter.slug}}/golden-path.yaml": "product: {}\n", "README.md": "# Template\n"})

    assert [product.root for product in open_products(repository.root)] == [repository.root]


@pytest.mark.parametrize(
    "path", ["golden-path.yaml", "dvc.yaml", "dvc.lock", "params.yaml", ".github/workflows/ci.yml"]
)
@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "\t", "a: &a [*a]\n", "just words", "\x00", "\ufeff"])
def test_broken_yaml_is_the_files_fault_and_never_an_error(path: str, text: str) -> None:
    found = review(Product(DictTree({path: text, "src/a/__init__.py": ""}), now=NOW))

    no_errors(found)
    assert found.level == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project"),
        ("pyproject.toml", "project = 3\ntool = []\n"),
        ("src/a/__init__.py", "def ("),
        ("src/a/__init__.py", b"\xff\xfe"),
        ("a.ipynb", "{}"),
        ("a.ipynb", "[]"),
        ("reports/metrics.json", "[]"),
        ("models/lineage.json", "3"),
        ("models/signature.json", "{"),
        ("contract.yaml", "schema: 3\n"),
        ("checklist/waivers.yaml", "3"),
        ("checklist/attestations.yaml", "- 3"),
        (".github/CODEOWNERS", "*\n@\n   \n"),
        ("requirements/dev.txt", "===\n"),
        ("README.md", "```sh\n"),
        ("CHANGELOG.md", "##\n"),
        ("monitoring/prometheus/a.yml", "groups: 3\n"),
        ("monitoring/prometheus/a.yml", "groups: [{rules: 3}]\n"),
        ("monitoring/prometheus/a_test.yml", "tests: 3\n"),
        ("monitoring/alertmanager/a.yml", "route: {receiver: a, routes: 3}\nreceivers: 3\n"),
        (".github/workflows/ci.yml", "on: 3\njobs: 3\n"),
        (".github/workflows/ci.yml", "on: {pull_request: 3, schedule: 3}\njobs: {a: {steps: 3, needs: 3, if: [3]}}\n"),
        (".github/workflows/ci.yml", "on: {push: {branches: 3}}\njobs: {a: {steps: [{run: 3, with: 3, uses: 3}]}}\n"),
        ("golden-path.yaml", "product: 3\n"),
        ("golden-path.yaml", "deploy: {environments: 3}\n"),
        ("golden-path.yaml", "serving: 3\nslo: 3\nkpi: 3\ncost: 3\n"),
        ("deploy/overlays/prod/kustomization.yaml", "images: 3\nresources: 3\n"),
        ("deploy/base/all.yaml", "? [a, b]\n: 1\n"),
        ("compose.yaml", "services: 3\n"),
    ],
)
def test_broken_files_are_never_an_error_of_the_review(path: str, text: str | bytes) -> None:
    files: dict[str, str | bytes] = {"golden-path.yaml": MANIFEST.format(name="Churn"), "src/a/b.py": "", path: text}

    no_errors(review(Product(DictTree(files), now=NOW)))


@pytest.mark.parametrize("params", ["3", "words", "[3]", "{params.yaml: 3}", "{params.yaml: [a]}"])
def test_a_record_of_parameters_that_is_none_is_never_an_error_of_the_review(params: str) -> None:
    files: dict[str, str | bytes] = {
        "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    params: [depth]\nvars: 3\n",
        "dvc.lock": f"stages:\n  train:\n    cmd: python train.py\n    params: {params}\n",
        "params.yaml": "depth: 3\n",
        "train.py": "depth = 3\n",
    }

    found = review(Product(DictTree(files), now=NOW))

    no_errors(found)
    assert found["TR-05"].status is not Status.PASS


def test_a_yaml_file_of_several_documents_is_read(repository: Repository) -> None:
    objects = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: churn}}\n"
    several = "---\n".join(objects.format(kind=kind) for kind in ("Service", "ConfigMap"))
    names = ("deploy/base/all.yaml", "deploy/overlays/prod/patch.yaml", "monitoring/prometheus/monitor.yaml")
    repository.commit({**dict.fromkeys(names, several), "golden-path.yaml": MANIFEST.format(name="Churn")})
    product = repository.product()

    assert [item["kind"] for item in product.documents("deploy/base/all.yaml")] == ["Service", "ConfigMap"]
    found = review(product)

    no_errors(found)
    assert not any("documents" in fact.text for result in found.results for fact in result.verdict.evidence)


def test_a_manifest_of_several_documents_is_the_files_fault() -> None:
    product = Product(DictTree({"golden-path.yaml": "product: {name: A}\n---\nproduct: {name: B}\n"}), now=NOW)

    with pytest.raises(BrokenFileError, match="holds 2 documents, want one"):
        product.mapping("golden-path.yaml")


def test_a_huge_file_is_named_and_not_read(repository: Repository) -> None:
    repository.commit({"golden-path.yaml": "# " + "x" * LARGEST})

    found = review(repository.product())

    no_errors(found)
    assert "larger than" in found["DOC-01"].verdict.evidence[0].text


def test_links_in_a_loop_or_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(MANIFEST.format(name="Theirs"))
    (tmp_path / "mine").mkdir()
    repository = Repository(tmp_path / "mine")
    (repository.root / "loop").symlink_to("loop")
    (repository.root / "params.yaml").symlink_to("params.yaml")
    (repository.root / "golden-path.yaml").symlink_to("../secret.yaml")
    repository.commit({"README.md": "# Mine\n"})

    found = review(repository.product())

    no_errors(found)
    assert "leads out of the repository" in found["DOC-01"].verdict.evidence[0].text


def test_names_that_are_not_utf_8(repository: Repository) -> None:
    Path(os.fsdecode(os.fsencode(repository.root) + b"/caf\xe9.py")).write_text("x = 1\n")
    repository.commit({"golden-path.yaml": MANIFEST.format(name="Churn")})

    for revision in (None, "HEAD"):
        no_errors(review(open_product(repository.root, revision, NOW)))


def test_a_criterion_that_breaks_breaks_alone() -> None:
    results = judge(Product(DictTree({}), now=NOW), [Broken, Always])

    assert [result.status for result in results] == [Status.ERROR, Status.PASS]
    assert "ZeroDivisionError: one over none" in results[0].verdict.reason


def waiver(**changed: Any) -> str:
    entry = {
        "id": "CQ-98",
        "approver": '"@acme/churn"',
        "reason": "The vendor mends it in July",
        "when": "2026-06-01",
        "expires": "2026-07-01",
        "link": "https://example.com/1",
    } | changed
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in entry.items()) + "\n"


def judged(waivers: str) -> Verdict:
    files = {"checklist/waivers.yaml": waivers, ".github/CODEOWNERS": "* @acme/churn\n"}
    [result] = judge(Product(DictTree(files), now=NOW), [Never])
    return result.verdict


def test_a_waiver_excuses_and_is_told() -> None:
    verdict = judged(waiver())

    assert verdict.status is Status.WAIVED
    assert "until 2026-07-01: The vendor mends it in July" in verdict.reason


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"expires": "2026-06-14"}, "expired on 2026-06-14"),
        ({"expires": "2026-12-01"}, "signed for 183 days, at most 90"),
        ({"approver": '"@acme/other"'}, "whom CODEOWNERS does not name"),
        ({"reason": '""'}, "lacks reason"),
        ({"when": "2026-06-20"}, "dated in the future"),
        ({"expires": "soon"}, "lacks expires"),
    ],
)
def test_a_waiver_that_does_not_count_is_told_with_the_reason(changed: dict[str, str], fault: str) -> None:
    verdict = judged(waiver(**changed))

    assert verdict.status is Status.FAIL
    assert fault in verdict.evidence[0].text


def test_a_hollow_repository_made_to_look_good_stays_at_level_0_or_1(repository: Repository) -> None:
    empty = (
        "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "dvc.yaml", "dvc.lock", "params.yaml",
        "contract.yaml", "requirements/dev.txt", "tests/test_all.py", "src/churn/__init__.py", "docs/model-card.md",
        "docs/risk.md", "docs/architecture.md", "models/lineage.json", "reports/metrics.json", "checklist/waivers.yaml",
        "checklist/attestations.yaml", "monitoring/prometheus/rules.yml", "monitoring/runbooks/all.md", "Dockerfile",
        "deploy/base/kustomization.yaml", "deploy/overlays/prod/kustomization.yaml", ".pre-commit-config.yaml",
        ".github/workflows/ci.yml", ".github/workflows/cd.yml", ".github/workflows/retrain.yml",
    )  # fmt: skip
    repository.commit(
        {
            **dict.fromkeys(empty, ""),
            "golden-path.yaml": MANIFEST.format(name="Churn"),
            ".github/CODEOWNERS": "* @acme/churn\n",
        }
    )

    found = review(repository.product())

    no_errors(found)
    assert found.level <= 1
    assert sum(result.status is Status.PASS for result in found.results) <= 12


class TestReceipts:
    """A receipt counts only for what it was written on."""

    FILES: ClassVar = {
        "golden-path.yaml": MANIFEST.format(name="Churn"),
        "src/a/__init__.py": "",
        "tests/test_a.py": "",
    }

    @staticmethod
    def rejected(repository: Repository, *about: str, days: int = 0) -> str:
        found = receipts.find(repository.product(), "CQ-02", about, days)
        assert (found.receipt is None) == bool(found.rejected)
        return " ".join(found.rejected)

    def test_counts_on_its_commit_and_while_what_it_is_about_stays(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.receipt("CQ-02")
        assert self.rejected(repository) == ""

        repository.commit({"README.md": "# New\n"})
        assert self.rejected(repository, "src", "tests") == ""
        assert "has changed since" in self.rejected(repository)

        repository.commit({"src/a/__init__.py": "x = 1\n"})
        assert "has changed since" in self.rejected(repository, "src", "tests")

    def test_counts_after_a_squash_that_keeps_the_tree(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.git("checkout", "--quiet", "-b", "change")
        repository.commit({"src/a/__init__.py": "x = 1\n"})
        repository.receipt("CQ-02")
        repository.git("checkout", "--quiet", "main")
        repository.git("merge", "--quiet", "--squash", "change")
        repository.commit({}, "Squashed")

        assert self.rejected(repository) == ""

    @pytest.mark.parametrize(
        ("forged", "fault"),
        [
            ({"tree": "0" * 40}, "its tree is not that of its commit"),
            ({"exit_code": 1}, "ended with exit code 1"),
            ({"when": (NOW + timedelta(days=1)).isoformat()}, "dated in the future"),
            ({"when": (NOW - timedelta(days=40)).isoformat()}, "older than 30 days"),
            ({"artifacts": {"src/a/__init__.py": "0" * 64}}, "is not the file that it names"),
        ],
    )
    def test_a_forged_or_stale_one_is_rejected(
        self, repository: Repository, forged: dict[str, Any], fault: str
    ) -> None:
        repository.commit(self.FILES)
        repository.receipt("CQ-02", **forged)

        assert fault in self.rejected(repository, days=30)

    def test_the_newest_that_is_about_the_product_as_it_is_decides(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.receipt("CQ-02", when=(NOW - timedelta(hours=3)).isoformat())
        repository.receipt("CQ-02", when=(NOW - timedelta(hours=2)).isoformat(), exit_code=1)

        assert "ended with exit code 1" in self.rejected(repository)

        repository.receipt("CQ-02", when=(NOW - timedelta(hours=1)).isoformat())
        assert self.rejected(repository) == ""

    def test_one_that_failed_says_nothing_of_what_was_mended_since(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.receipt("CQ-02", {"at": "first"})
        repository.commit({"src/a/__init__.py": "1 / 0\n"})
        repository.receipt("CQ-02", exit_code=1, when=(NOW - timedelta(minutes=5)).isoformat())
        assert "ended with exit code 1" in self.rejected(repository, "src")

        repository.commit({"src/a/__init__.py": ""})
        found = receipts.find(repository.product(), "CQ-02", ("src",))

        assert found.receipt is not None
        assert found.receipt.facts == {"at": "first"}

    def test_an_artifact_of_any_size_is_compared(self, repository: Repository) -> None:
        content = "x" * (LARGEST + 1)
        repository.commit({**self.FILES, "models/large.onnx": content})
        repository.receipt("CQ-02", artifacts={"models/large.onnx": receipts.digest(content.encode())})

        for revision in (None, "HEAD"):
            assert receipts.find(open_product(repository.root, revision, NOW), "CQ-02").receipt is not None

        repository.receipt("CQ-02", when=NOW.isoformat(), artifacts={"models/large.onnx": "0" * 64})
        for revision in (None, "HEAD"):
            found = receipts.find(open_product(repository.root, revision, NOW), "CQ-02")
            assert "models/large.onnx is not the file that it names" in found.rejected[0]

    def test_several_that_are_written_at_once_are_all_kept(self, repository: Repository) -> None:
        repository.commit(self.FILES)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: repository.receipt("CQ-02", {"number": number}), range(8)))

        kept, bad = receipts.all_of(repository.product())
        assert {item.facts["number"] for item in kept} == {*range(8)}
        assert bad == []

    def test_notes_that_another_process_holds_are_named(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.commit(self.FILES)
        lock = repository.root / ".git/goldenpath-notes.lock"
        lock.touch()
        monkeypatch.setattr(receipts, "PATIENCE", 0.1)

        with pytest.raises(OSError, match=r"goldenpath-notes\.lock is held by another process"):
            repository.receipt("CQ-02")

    def test_one_copied_to_another_commit_is_reported(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        receipt = repository.receipt("CQ-02")
        repository.commit({"src/a/__init__.py": "x = 1\n"})
        repository.git("notes", "--ref=refs/notes/goldenpath", "add", "--message", receipt.to_line())

        found = review(repository.product())

        assert any("stands on another commit" in line for line in found.bad_receipts)

    def test_lines_that_are_no_receipts_are_reported(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.git("notes", "--ref=refs/notes/goldenpath", "add", "--message", '{"schema": 1}\nwords\n[]')

        found = review(repository.product())

        no_errors(found)
        assert len(found.bad_receipts) == 3

    def test_uncommitted_changes_are_not_proved(self, repository: Repository) -> None:
        repository.commit(self.FILES)
        repository.receipt("CQ-02")
        (repository.root / "src/a/__init__.py").write_text("x = 2\n")

        assert "changed and not committed" in self.rejected(repository, "src")
        assert self.rejected(repository, "tests") == ""
