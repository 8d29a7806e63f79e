"""What ``goldenpath fix`` writes: it meets the criterion, changes nothing else, and loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from goldenpath.cli import main
from goldenpath.review import fixes
from goldenpath.review.fixes import FIXES, FixError
from goldenpath.review.product.product import open_product
from goldenpath.review.standards import catalogue, criterion
from goldenpath.review.standards.verdict import Status
from tests.review.standards.cases import NOW, PRODUCT, Repository

PAGE = Path(__file__).parents[2] / "docs/review/fixes.md"
SHA, OTHER_SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1", "0" * 40
MANIFEST = (
    PRODUCT
    + """\
cost: {monthly_budget: 400, currency: EUR, cost_center: cc-12}
serving: [batch]
deploy:
  environments: [dev, prod]
"""
)
BASE = {"golden-path.yaml": MANIFEST, ".github/CODEOWNERS": "* @acme/churn\n"}
NOTEBOOK = """\
{
 "cells": [
  {"cell_type": "code", "source": ["1\\n", "x = 1.50"], "execution_count": 3,   "metadata": {"tags": []},
   "outputs": [
    {"data": {"text/plain": ["\\u00e9 ] } {"]}, "execution_count": 3}
   ]},
  {"source": "# Title: {\\"outputs\\": [1]}", "outputs": "mine", "cell_type": "markdown"}
 ],
 "nbformat": 4, "nbformat_minor": 5
}
"""
MODULE = """\
# Names of things.
import os
import sys


def name() -> str:
    return f"churn" + sys.platform
"""
PYPROJECT = '[project]\nname = "churn"\nrequires-python = ">=3.11"\ndependencies = ["numpy>=2"]\n'
LOCK = f"# uv pip compile --python-version 3.11 --generate-hashes\nnumpy==2.4.6 --hash=sha256:{'ab' * 32}\n"
OVERLAY = "resources: [../../base]\n"
KUSTOMIZATION = "# What every environment runs.\nresources:\n  - service.yaml # one\n"
SIGNED = """\
- id: MON-11
  by: "@acme/churn"
  statement: The costs of the quarter were reviewed.
  link: https://wiki.acme.dev/costs
  when: 2026-06-10
  expires: 2026-07-01
"""
MAKEFILE = "audit:\n\t@pip-audit \\\n\t\t--require-hashes -r requirements/serve.txt # each night\n"
AUDITED = """\
on: {schedule: [{cron: "17 4 * * *"}]}
permissions: {}
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - run: make audit
"""
CI = """\
name: CI
on: [pull_request]

# Each must be green.
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - {uses: "actions/checkout@v7", with: {path: other}}
      - run: echo test # quick
"""
PINNED = f"""\
on: push
permissions: {{}}
jobs:
  a:
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
"""
CD = """\
on: {push: {branches: [main]}}
permissions: {}
jobs:
  build: # the image
    runs-on: ubuntu-latest
    steps:
      - run: make image
  gate:
    runs-on: ubuntu-latest
    steps:
      - run: make model-gate
  staging: # soon
    # All of it.
    runs-on: ubuntu-latest
    steps:
      - run: make deploy ENVIRONMENT=staging
  prod:
    runs-on: ubuntu-latest
    needs: build # not staging
    steps:
      - run: make deploy ENVIRONMENT=prod
"""
REFUSAL = {"metric": "roc_auc", "current_score": 0.7, "degraded_score": 0.52, "gate_exit_code": 1}


@dataclass(frozen=True)
class Example:
    """A product that a fix mends.

    Attributes:
        id: The criterion.
        path: The file that changes.
        files: The product's files.
        changes: The lines that go and come.
        broken: A file, and a text with which it cannot be read.
        facts: Those of a receipt of the criterion; empty where it needs none.
    """

    id: str
    path: str
    files: Mapping[str, str | None]
    changes: tuple[str, ...]
    broken: tuple[str, str] = ("golden-path.yaml", "product: [")
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.id


EXAMPLES = [
    Example(
        "DOC-01",
        ".github/CODEOWNERS",
        {**BASE, ".github/CODEOWNERS": "# Who\ndocs/ @acme/docs\n"},
        ("+* @acme/churn",),
    ),
    Example(
        "CQ-04",
        "src/churn/names.py",
        {**BASE, "src/churn/names.py": MODULE},
        ("-import os", '-    return f"churn" + sys.platform', '+    return "churn" + sys.platform'),
        ("src/churn/names.py", "def name(:\n"),
    ),
    Example(
        "CQ-06",
        ".github/CODEOWNERS",
        {**BASE, ".github/CODEOWNERS": "# Who\ndocs/ @acme/churn\n"},
        ("+* @acme/churn",),
    ),
    Example(
        "CQ-07",
        "notebooks/a.ipynb",
        {**BASE, "notebooks/a.ipynb": NOTEBOOK},
        (
            *(f"-{line}" for line in NOTEBOOK.splitlines()[2:6]),
            f"+{NOTEBOOK.splitlines()[2].replace('3,', 'null,')}",
            '+   "outputs": []},',
        ),
        ("notebooks/a.ipynb", '{"cells": ['),
    ),
    Example(
        "CQ-12",
        ".github/workflows/cd.yml",
        {**BASE, ".github/workflows/cd.yml": CD, "reports/metrics.json": '{"model": {"roc_auc": 0.7}}'},
        ("+    needs: gate", "-    needs: build # not staging", "+    needs: [gate, build] # not staging"),
        (".github/workflows/cd.yml", "on: ["),
        REFUSAL,
    ),
    Example(
        "TR-02",
        ".python-version",
        {**BASE, "pyproject.toml": PYPROJECT, "requirements/serve.txt": LOCK},
        ("+3.11",),
        ("pyproject.toml", "[project"),
    ),
    Example(
        "MON-11",
        "deploy/base/kustomization.yaml",
        {
            **BASE,
            "deploy/base/kustomization.yaml": KUSTOMIZATION,
            "deploy/overlays/dev/kustomization.yaml": OVERLAY,
            "deploy/overlays/prod/kustomization.yaml": OVERLAY,
            "checklist/attestations.yaml": SIGNED,
        },
        ("+labels:", "+  - pairs:", "+      cost-center: cc-12", "+    includeTemplates: true"),
        ("deploy/base/kustomization.yaml", "resources: ["),
    ),
    Example(
        "SEC-02",
        "Makefile",
        {
            **BASE,
            "Makefile": MAKEFILE,
            ".github/workflows/audit.yml": AUDITED,
            "requirements/serve.txt": LOCK,
            "requirements/train.txt": LOCK,
        },
        ("-\t@pip-audit \\", "+\t@pip-audit --strict -r requirements/train.txt \\"),
        (".github/workflows/audit.yml", "on: ["),
    ),
    Example(
        "SEC-03",
        ".github/workflows/ci.yml",
        {**BASE, ".github/workflows/ci.yml": CI, ".github/workflows/other.yml": PINNED},
        (
            "+permissions:",
            "+  contents: read",
            "+",
            "-      - uses: actions/checkout@v7",
            '-      - {uses: "actions/checkout@v7", with: {path: other}}',
            f"+      - uses: actions/checkout@{SHA} # v7.0.1",
            f'+      - {{uses: "actions/checkout@{SHA}", with: {{path: other}}}}',
        ),
        (".github/workflows/ci.yml", "on: ["),
    ),
]
Repositories = Callable[[Mapping[str, str | None]], Repository]


@pytest.fixture
def made(tmp_path: Path) -> Repositories:
    """Makes a repository of some files, in one commit."""

    def make(files: Mapping[str, str | None]) -> Repository:
        (tmp_path / "churn").mkdir()
        repository = Repository(tmp_path / "churn")
        repository.commit(files)
        return repository

    return make


def status(repository: Repository, name: str) -> Status:
    return criterion(name).check(repository.product()).status


def with_receipt(repository: Repository, example: Example) -> Repository:
    """The repository, with the receipt that the criterion asks for."""
    if example.facts:
        repository.receipt(example.id, example.facts)
    return repository


def fix(repository: Repository, name: str) -> tuple[str, ...]:
    """Make a fix; return the lines that went and came."""
    product = repository.product()
    texts = fixes.propose(product, name)
    lines = [line for path, text in texts.items() for line in fixes.diff(product, path, text)]
    fixes.write_all(product, texts)
    return tuple(line for line in lines if re.match(r"[+-](?!\+\+|--)", line))


def of(name: str) -> Example:
    return next(example for example in EXAMPLES if example.id == name)


def changed(name: str, path: str, *replacements: tuple[str, str]) -> dict[str, str | None]:
    """An example's files with a file changed."""
    files = dict(of(name).files)
    text = files[path] or ""
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return {**files, path: text}


def run(*words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), input=stdin)


def test_every_fix_has_an_example() -> None:
    assert {example.id for example in EXAMPLES} == set(FIXES)


def test_the_page_about_fixes_names_each() -> None:
    assert re.findall(r"^\| \[([A-Z]+-\d+)\]", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == list(FIXES)


def test_the_commands_of_the_page_work(made: Repositories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made(of("CQ-07").files).root)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [line.split() for block in blocks for line in block.splitlines()]

    results = [run(*words[1:], stdin="y\n") for words in commands]

    assert [result.output.splitlines()[-1] for result in results] == ["Written: notebooks/a.ipynb."]


def test_every_fix_that_a_criterion_names_exists() -> None:
    named = {name for item in catalogue() for name in re.findall(r"goldenpath fix ([A-Z]+-\d+)", item.fix)}

    assert named <= set(FIXES)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_criterion_fails_before_and_is_met_after(made: Repositories, example: Example) -> None:
    repository = with_receipt(made(example.files), example)
    before = status(repository, example.id)

    lines = fix(repository, example.id)

    assert before is Status.FAIL
    assert sorted(lines) == sorted(example.changes)
    assert status(repository, example.id).counts
    assert fixes.propose(repository.product(), example.id) == {}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_line_ends_of_windows_stay(made: Repositories, example: Example) -> None:
    files = {path: (text or "").replace("\n", "\r\n") for path, text in example.files.items()}
    repository = with_receipt(made(files), example)

    lines = fix(repository, example.id)

    assert sorted(lines) == sorted(example.changes)
    assert status(repository, example.id).counts
    if example.path in example.files:
        assert re.findall(rb"(?<!\r)\n", (repository.root / example.path).read_bytes()) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_file_without_a_last_line_end_loses_nothing(made: Repositories, example: Example) -> None:
    files = {path: (text or "").rstrip("\n") for path, text in example.files.items()}
    repository = with_receipt(made(files), example)

    lines = fix(repository, example.id)

    assert sorted(lines) == sorted(example.changes)
    assert status(repository, example.id).counts


@pytest.mark.parametrize("example", [item for item in EXAMPLES if item.path in item.files], ids=str)
def test_a_byte_order_mark_stays_the_first(made: Repositories, example: Example) -> None:
    repository = made({**example.files, example.path: f"\ufeff{example.files[example.path]}"})

    lines = fix(repository, example.id)

    text = (repository.root / example.path).read_text(encoding="utf-8")
    assert text.rindex("\ufeff") == 0
    assert len(lines) >= len(example.changes)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_broken_file_is_refused_and_left_alone(made: Repositories, example: Example) -> None:
    path, text = example.broken
    repository = made({**example.files, path: text})

    with pytest.raises(FixError, match=re.escape(path)):
        fix(repository, example.id)

    assert (repository.root / path).read_text() == text


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_is_not_utf_8_is_refused_and_left_alone(made: Repositories, example: Example) -> None:
    path = example.path if example.path in example.files else example.broken[0]
    repository = made(example.files)
    content = b"# caf\xe9\n" + (repository.root / path).read_bytes()
    (repository.root / path).write_bytes(content)

    with pytest.raises(FixError, match=re.escape(path)):
        fix(repository, example.id)

    assert (repository.root / path).read_bytes() == content


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_link_is_not_written_through(made: Repositories, example: Example) -> None:
    repository = made(example.files)
    file, real = repository.root / example.path, repository.root / "real.txt"
    if file.exists():
        file.rename(real)
    content = real.read_bytes() if real.exists() else None
    file.symlink_to(real)

    with pytest.raises(FixError, match=re.escape(example.path)):
        fix(repository, example.id)

    assert file.is_symlink()
    assert (real.read_bytes() if real.exists() else None) == content


@pytest.mark.parametrize(
    ("place", "says"), [("circle", "is a link: change"), ("outside", "is a link that leads out of the product")]
)
def test_links_in_a_circle_and_out_of_the_product_are_refused(made: Repositories, place: str, says: str) -> None:
    repository = made(of("CQ-06").files)
    file = repository.root / "a.txt"
    file.symlink_to(file if place == "circle" else repository.root.parent / "secret.txt")

    with pytest.raises(FixError, match=rf"a\.txt: {says}"):
        fixes.write(repository.product(), "a.txt", "text")

    assert not (repository.root.parent / "secret.txt").exists()


def test_the_mode_of_a_file_stays(made: Repositories) -> None:
    repository = made(of("CQ-07").files)
    file = repository.root / "notebooks/a.ipynb"
    file.chmod(0o750)

    fix(repository, "CQ-07")

    assert file.stat().st_mode & 0o777 == 0o750
    assert [item.name for item in file.parent.iterdir()] == ["a.ipynb"]


def test_all_fixes_build_on_one_another_and_say_what_is_left(made: Repositories) -> None:
    files = {path: text for example in EXAMPLES for path, text in example.files.items()}
    repository = made({**files, ".github/CODEOWNERS": None, "bad.ipynb": "{", ".github/workflows/audit.yml": None})

    texts, refused = fixes.propose_all(repository.product())

    assert texts[".github/CODEOWNERS"] == "* @acme/churn\n"
    assert {".python-version", "src/churn/names.py", "notebooks/a.ipynb", ".github/workflows/ci.yml"} <= set(texts)
    assert set(refused) == {"SEC-02"}
    assert "from the template" in refused["SEC-02"]
    assert criterion("CQ-07").check(fixes.after(repository.product(), texts)).status is Status.FAIL


def test_what_no_machine_can_do_is_said(made: Repositories) -> None:
    repository = made({**BASE, "a.ipynb": "{"})

    with pytest.raises(FixError, match=r"what is left no machine can do: 1 notebooks cannot be read; a\.ipynb"):
        fix(repository, "CQ-07")


@pytest.mark.parametrize("name", ["DOC-01", "CQ-06"])
def test_narrower_rules_of_owners_stay_the_later_ones(made: Repositories, name: str) -> None:
    repository = made({**BASE, ".github/CODEOWNERS": "docs/ @acme/docs\n"})

    fix(repository, name)

    assert (repository.root / ".github/CODEOWNERS").read_text() == "* @acme/churn\ndocs/ @acme/docs\n"


def test_an_owner_joins_the_rule_for_everything_that_is_there(made: Repositories) -> None:
    repository = made({**BASE, ".github/CODEOWNERS": "* @acme/other  # all\ndocs/ @acme/docs\n"})

    assert fix(repository, "DOC-01") == ("-* @acme/other  # all", "+* @acme/other @acme/churn  # all")


def test_a_rule_for_everything_that_names_nobody_is_filled(made: Repositories) -> None:
    repository = made({**BASE, ".github/CODEOWNERS": "docs/ @acme/churn\n*\n"})

    fix(repository, "CQ-06")

    assert (repository.root / ".github/CODEOWNERS").read_text() == "docs/ @acme/churn\n* @acme/churn\n"
    assert status(repository, "CQ-06").counts


def test_an_owner_that_codeowners_cannot_hold_is_refused(made: Repositories) -> None:
    repository = made({**BASE, "golden-path.yaml": MANIFEST.replace("@acme/churn", "x y"), ".github/CODEOWNERS": None})

    with pytest.raises(FixError, match="names no owner"):
        fix(repository, "DOC-01")


def test_the_owner_of_one_product_among_several_gets_its_folder_only(made: Repositories) -> None:
    repository = made({"shop/golden-path.yaml": MANIFEST, ".github/CODEOWNERS": "* @acme/platform"})
    product = open_product(repository.root / "shop", now=NOW)

    for path, text in fixes.propose(product, "DOC-01").items():
        fixes.write(product, path, text)

    assert (repository.root / ".github/CODEOWNERS").read_text() == "* @acme/platform\n/shop/ @acme/churn\n"
    assert not (repository.root / "shop/.github").exists()


def test_one_product_among_several_does_not_take_the_review_of_every_file(made: Repositories) -> None:
    repository = made({"shop/golden-path.yaml": MANIFEST})

    with pytest.raises(FixError, match="the whole repository's"):
        fixes.propose(open_product(repository.root / "shop", now=NOW), "CQ-06")


def test_a_finding_that_its_line_excuses_stays(made: Repositories) -> None:
    repository = made(changed("CQ-04", "src/churn/names.py", ("import os", "import os  # noqa: F401")))

    assert "-import os  # noqa: F401" not in fix(repository, "CQ-04")


def test_a_finding_that_ruff_does_not_mend_safely_is_a_persons(made: Repositories) -> None:
    repository = made({**BASE, "a.py": "def f():\n    x = 1\n"})

    with pytest.raises(FixError, match=r"what is left no machine can do.*a\.py:2"):
        fix(repository, "CQ-04")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"requirements/serve.txt": LOCK.replace("--python-version 3.11 ", "")}, "no lock, image or workflow tells"),
        ({"Dockerfile": "FROM python:3.12-slim\n"}, "3.11 in requirements/serve.txt, 3.12 in Dockerfile"),
        ({".python-version": "3\n"}, "names no one minor version"),
        ({"pyproject.toml": PYPROJECT.replace(">=3.11", ">=3.12")}, "wants Python >=3.12"),
        ({".github/workflows/ci.yml": "jobs:\n  a:\n    python-version:\n      - '3.11'\n"}, "which version of Python"),
    ],
)
def test_a_version_of_python_that_is_not_certain_is_not_pinned(
    made: Repositories, files: Mapping[str, str], says: str
) -> None:
    repository = made({**of("TR-02").files, **files})

    with pytest.raises(FixError, match=says):
        fix(repository, "TR-02")


def test_a_label_comes_before_the_labels_that_are_there(made: Repositories) -> None:
    repository = made(
        changed(
            "MON-11", "deploy/base/kustomization.yaml", ("resources:", "labels:\n- pairs: {a: b} # old\nresources:")
        )
    )

    lines = fix(repository, "MON-11")

    assert lines == ("+- pairs:", "+    cost-center: cc-12", "+  includeTemplates: true")
    assert status(repository, "MON-11").counts


def test_a_cost_center_of_digits_stays_text(made: Repositories) -> None:
    repository = made(changed("MON-11", "golden-path.yaml", ("cc-12", "1200")))

    assert '+      cost-center: "1200"' in fix(repository, "MON-11")
    assert status(repository, "MON-11").counts


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        ("golden-path.yaml", "cc-12", "of the team", "names no cost"),
        ("deploy/overlays/prod/kustomization.yaml", "r", "commonLabels: {cost-center: cc-9}\nr", "is labelled cc-9"),
        ("deploy/base/kustomization.yaml", "resources:\n", "labels: []\nresources:\n", "as it is laid out"),
        ("deploy/base/kustomization.yaml", KUSTOMIZATION, "", "there is no deploy/base"),
    ],
)
def test_a_label_that_is_not_certain_is_not_written(
    made: Repositories, path: str, old: str, new: str, says: str
) -> None:
    text = of("MON-11").files[path] or ""
    repository = made({**of("MON-11").files, path: text.replace(old, new, 1)})

    with pytest.raises(FixError, match=says):
        fix(repository, "MON-11")


def test_an_audit_in_a_workflow_is_told_too(made: Repositories) -> None:
    command = "uvx pip-audit --strict -r requirements/serve.txt"
    repository = made(changed("SEC-02", ".github/workflows/audit.yml", ("make audit", command)))

    lines = fix(repository, "SEC-02")

    told = "uvx pip-audit -r requirements/train.txt --strict -r requirements/serve.txt"
    assert lines == (f"-      - run: {command}", f"+      - run: {told}")
    assert status(repository, "SEC-02").counts


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        (".github/workflows/audit.yml", "make audit", "make test", "from the template"),
        ("Makefile", "-r requirements/serve.txt", "", "from the template"),
        ("Makefile", "\t@", "\t-@", "from the template"),
        ("requirements/train.txt", "2.4.6", "2.3.0", "several versions of numpy"),
    ],
)
def test_an_audit_that_cannot_be_told_of_every_lock_stays(
    made: Repositories, path: str, old: str, new: str, says: str
) -> None:
    repository = made(changed("SEC-02", path, (old, new)))

    with pytest.raises(FixError, match=says):
        fix(repository, "SEC-02")


def test_rights_come_before_the_jobs_and_the_comment_that_is_theirs(made: Repositories) -> None:
    repository = made({**of("SEC-03").files, ".github/workflows/other.yml": None})

    fix(repository, "SEC-03")

    rights = "permissions:\n  contents: read\n\n"
    expected = CI.replace("# Each must", f"{rights}# Each must")
    assert (repository.root / ".github/workflows/ci.yml").read_text() == expected


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("- run: git push", "job test does more than read"),
        ("- run: make ship", "git -C out push"),
        ("- run: echo ${{ secrets.GITHUB_TOKEN }}", "GITHUB_TOKEN"),
        (f"- uses: acme/release@{SHA}", "which may do more than read"),
    ],
)
def test_a_job_that_may_write_is_not_made_to_read(made: Repositories, step: str, says: str) -> None:
    files = changed("SEC-03", ".github/workflows/ci.yml", ("- run: echo test # quick", step), ("@v7", f"@{SHA}"))
    repository = made({**files, "Makefile": "ship:\n\t@git -C out push origin\n"})

    with pytest.raises(FixError, match=says):
        fix(repository, "SEC-03")


def test_a_job_that_calls_a_workflow_is_not_made_to_read(made: Repositories) -> None:
    called = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/other.yml\n"
    repository = made({**BASE, ".github/workflows/ci.yml": called, ".github/workflows/other.yml": PINNED})

    with pytest.raises(FixError, match="may ask for more than reading"):
        fix(repository, "SEC-03")


@pytest.mark.parametrize(
    "other",
    [
        PINNED.replace("# v7.0.1", "# v6.1.0"),
        PINNED.replace(" # v7.0.1", ""),
        PINNED + f"      - uses: actions/checkout@{OTHER_SHA} # v7.0.0\n",
    ],
    ids=["another version", "no version told", "two commits of one version"],
)
def test_an_action_whose_commit_is_not_certain_is_not_pinned(made: Repositories, other: str) -> None:
    repository = made({**of("SEC-03").files, ".github/workflows/other.yml": other})

    lines = fix(repository, "SEC-03")

    assert sorted(lines) == ["+", "+  contents: read", "+permissions:"]


def test_an_action_in_a_folder_of_its_repository_is_pinned_by_the_same_commit(made: Repositories) -> None:
    action = "runs:\n  using: composite\n  steps:\n    - uses: actions/checkout/deep@v7.0\n"
    repository = made({**BASE, "action.yml": action, ".github/workflows/other.yml": PINNED})

    assert fix(repository, "SEC-03")[1] == f"+    - uses: actions/checkout/deep@{SHA} # v7.0.1"
    assert status(repository, "SEC-03").counts


@pytest.mark.parametrize(
    ("needs", "change"),
    [("needs: [build]", "+    needs: [gate, build] # not staging"), ("needs:\n      - build", "+      - gate")],
    ids=["a list in brackets", "a list of lines"],
)
def test_a_gate_comes_before_the_jobs_that_are_waited_for(made: Repositories, needs: str, change: str) -> None:
    repository = made(changed("CQ-12", ".github/workflows/cd.yml", ("needs: build", needs)))

    assert change in fix(repository, "CQ-12")


def test_a_gate_after_one_deployment_comes_before_the_next(made: Repositories) -> None:
    gate_first, gate_later = "  gate:\n", "  gate:\n    needs: staging\n"
    guarded = "      - run: make model-gate\n      - run: make deploy ENVIRONMENT=staging"
    staging = "      - run: make deploy ENVIRONMENT=staging"
    repository = made(changed("CQ-12", ".github/workflows/cd.yml", (staging, guarded), (gate_first, gate_later)))

    lines = fix(repository, "CQ-12")

    assert lines == ("-    needs: build # not staging", "+    needs: [gate, build] # not staging")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("make model-gate", "make test", "has no job with a gate"),
        ("make image", "make model-gate", "may wait for build or gate"),
        ("  gate:\n", "  gate:\n    needs: staging\n", "has no job with a gate"),
        ("  gate:\n", "  gate:\n    continue-on-error: true\n", "has no job with a gate"),
        ("    needs: build", "    if: always()\n    needs: build", "job prod deploys and has no job"),
        ("  staging: # soon\n    # All of it.\n", "  staging: &job\n", "as it is laid out"),
        ("needs: build", "needs: 3", "want names of jobs"),
        ("  prod:", "  3:", "YAML reads as something else"),
    ],
)
def test_a_gate_that_is_not_certain_is_not_waited_for(made: Repositories, old: str, new: str, says: str) -> None:
    repository = made(changed("CQ-12", ".github/workflows/cd.yml", (old, new)))

    with pytest.raises(FixError, match=says):
        fix(repository, "CQ-12")


def test_fix_shows_the_change_and_asks_before_it_writes(made: Repositories) -> None:
    repository = made(of("CQ-07").files)
    file = repository.root / "notebooks/a.ipynb"

    said_no = run("fix", "CQ-07", "--path", repository.root, stdin="n\n")
    unchanged = file.read_text() == NOTEBOOK
    said_yes = run("fix", "CQ-07", "--path", repository.root, stdin="y\n")

    assert unchanged
    assert "Nothing written." in said_no.output
    assert '+   "outputs": []},' in said_no.output.splitlines()
    assert said_yes.exit_code == 0
    code, title = json.loads(file.read_text())["cells"]
    assert (code["outputs"], code["execution_count"], code["source"]) == ([], None, ["1\n", "x = 1.50"])
    assert title == json.loads(NOTEBOOK)["cells"][1]
    assert run("fix", "CQ-07", "--path", repository.root).output == "CQ-07: nothing to change.\n"


def test_what_cannot_be_fixed_mechanically_is_refused_with_what_can(made: Repositories) -> None:
    repository = made(BASE)

    result = run("fix", "CQ-02", "--path", repository.root)

    assert result.exit_code == 2
    assert all(name in result.output for name in FIXES)


def test_without_a_criterion_each_fix_says_what_it_would_do_and_nothing_is_written(made: Repositories) -> None:
    repository = made(of("CQ-07").files)

    listed = run("fix", "--path", repository.root)

    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == list(FIXES)
    assert "goldenpath fix CQ-07 would change notebooks/a.ipynb" in listed.output
    assert (repository.root / "notebooks/a.ipynb").read_text() == NOTEBOOK


def test_all_fixes_are_one_change_and_what_is_left_is_told(made: Repositories) -> None:
    repository = made(of("CQ-07").files)

    done = run("fix", "--all", "--yes", "--path", repository.root)

    assert done.exit_code == 0, done.output
    assert "notebooks/a.ipynb" in done.output.splitlines()[-1]
    assert (repository.root / "notebooks/a.ipynb").read_text() != NOTEBOOK
    assert "nothing to change" in run("fix", "CQ-07", "--path", repository.root).output
    assert run("fix", "CQ-07", "--all").exit_code == 2


TWO = {"a.txt": "new\n", "b/c.txt": "new\n"}


def lying(repository: Repository) -> dict[str, str]:
    """Every file of the work tree with its text, what is left over included."""
    files = (path for path in repository.root.rglob("*") if path.is_file() and ".git/" not in path.as_posix())
    return {path.relative_to(repository.root).as_posix(): path.read_text() for path in files}


def test_several_files_are_written_together_with_their_rights(made: Repositories) -> None:
    repository = made({"a.txt": "old\n"})
    (repository.root / "a.txt").chmod(0o755)

    fixes.write_all(repository.product(), TWO)

    assert lying(repository) == TWO
    assert (repository.root / "a.txt").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("blocked/c.txt", "blocked/c.txt: cannot be written: "),
        ("folder", "folder: cannot be written: Is a directory"),
        ("../out.txt", "is a link that leads out of the product"),
    ],
)
def test_where_one_file_cannot_be_written_none_is(made: Repositories, second: str, says: str) -> None:
    files = {"a.txt": "old\n", "blocked": "no folder\n", "folder/d.txt": "old\n"}
    repository = made(files)

    with pytest.raises(FixError, match=re.escape(says)):
        fixes.write_all(repository.product(), {"a.txt": "new\n", "x/y.txt": "new\n", second: "new\n"})

    assert lying(repository) == files
    assert not (repository.root / "x").exists()


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "interrupt"]
)
def test_what_was_written_is_put_back_where_a_later_file_cannot_take_its_place(
    made: Repositories, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    repository = made({"a.txt": "old\n", "b.txt": "old\n"})
    replace_file = Path.replace

    def failing(source: Path, target: Path) -> Path:
        if target.name == "b.txt":
            raise error
        return replace_file(source, target)

    monkeypatch.setattr(Path, "replace", failing)

    with pytest.raises(FixError if isinstance(error, OSError) else KeyboardInterrupt):
        fixes.write_all(repository.product(), {"a.txt": "new\n", "n/new.txt": "new\n", "b.txt": "new\n"})

    assert lying(repository) == {"a.txt": "old\n", "b.txt": "old\n"}
    assert not (repository.root / "n").exists()
