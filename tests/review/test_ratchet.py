"""The gate of a pull request, end to end: a repository, a change, the command line, its exit code and its words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from goldenpath.cli import main
from goldenpath.review.standards import catalogue
from tests.review.standards.cases import PRODUCT, Files, Repository

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"
TODAY = datetime.now(UTC).date()
MANIFEST = (
    PRODUCT
    + """\
serving: [rest, batch]
deploy:
  environments: [dev, staging, prod]
"""
)
PINNED = "goldenpath fix SEC-03"
"""The way back of SEC-03."""
CI = f"""\
on: [push]
permissions: {{}}
jobs:
  words:
    permissions: {{contents: read}}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{SHA} # v7.0.1
      - run: make words
"""
CONTRACT = """\
version: 1.0.0
description: {purpose: Tell who leaves.}
slaProperties: [{property: retention, value: 2, unit: y}]
roles: [{role: churn_reader, access: read}]
schema:
  - name: customers
    properties:
      - {name: email, classification: confidential}
"""
OVERLAY = "deploy/overlays/{}/kustomization.yaml"


def signed(kind: str, name: str, by: str = "@acme/churn", days: int = 60) -> str:
    """An attestation or a waiver that counts today."""
    names = {"attestation": ("by", "statement"), "waiver": ("approver", "reason")}
    signer, words = names[kind]
    return (
        f"- id: {name}\n  {signer}: {by!r}\n  {words}: Looked at and agreed on with everybody it concerns\n"
        f"  when: {TODAY - timedelta(days=1)}\n  expires: {TODAY + timedelta(days=days)}\n"
        "  link: https://example.com/decisions/1\n"
    )


BASE: Files = {
    "golden-path.yaml": MANIFEST.replace("medium", "high"),
    ".github/CODEOWNERS": "* @acme/churn\n",
    ".github/workflows/ci.yml": CI,
    "contract.yaml": CONTRACT,
    "checklist/attestations.yaml": signed("attestation", "SEC-04"),
    **{OVERLAY.format(name): f"namePrefix: {name}-\n" for name in ("dev", "staging", "prod")},
    "analysis.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    found.commit(BASE, "Make the product")
    found.git("checkout", "--quiet", "-b", "change")
    return found


def gate(repository: Repository, change: Files, *words: str) -> Result:
    """Commit a change and hold it against the main line."""
    repository.commit(change, "Change it")
    return CliRunner().invoke(main, ["check", str(repository.root), "--baseline", "main", "--format", "md", *words])


def plain(result: Result) -> str:
    """What the report says, without Markdown's escapes."""
    return re.sub(r"\\([^\w\s])", r"\1", result.stdout.replace("&#8203;", ""))


def red(result: Result, *says: str, file: str, command: str) -> None:
    """The gate is red, and says why, where, and what to run."""
    assert result.exit_code == 1, result.output
    text = plain(result)
    assert all(words in text for words in says), text
    assert file in text
    assert command in text


def test_the_base_meets_what_these_changes_take_away(repository: Repository) -> None:
    result = CliRunner().invoke(main, ["check", str(repository.root), "--select", "DOC-01,SEC-03,SEC-04", "-f", "text"])

    assert result.exit_code == 0
    assert "no regression" not in result.output
    assert all(name in result.output for name in ("DOC-01", "SEC-03", "SEC-04"))


@pytest.mark.parametrize(
    "change",
    [
        {"notes.md": "What we learned.\n"},
        {"golden-path.yaml": MANIFEST.replace("medium", "high").replace("next month", "next week")},
        {"checklist/waivers.yaml": signed("waiver", "CQ-02")},
        {"checklist/attestations.yaml": signed("attestation", "SEC-04", days=90)},
    ],
    ids=["a note", "another purpose", "a waiver of what was not met before", "an attestation made anew"],
)
def test_a_change_that_takes_nothing_away_is_green(repository: Repository, change: Files) -> None:
    result = gate(repository, change)

    assert result.exit_code == 0, result.output


def test_a_regression_is_red(repository: Repository) -> None:
    result = gate(repository, {".github/workflows/ci.yml": CI.replace(f"@{SHA} # v7.0.1", "@v7")})

    red(result, "SEC-03", "is not pinned", file=".github/workflows/ci.yml", command=PINNED)


def test_a_minimum_level_repeats_only_the_id_of_what_fell_back(repository: Repository) -> None:
    result = gate(repository, {".github/workflows/ci.yml": CI.replace(f"@{SHA} # v7.0.1", "@v7")}, "--min-level", "1")

    told = plain(result).partition("level too low")[2].partition("## ")[0]
    assert "CQ-02 fail" in told
    assert "as told above: SEC-03" in told
    assert "SEC-03 fail" not in told


@pytest.mark.parametrize(
    "text", [None, "", "[]\n", "# none yet\n"], ids=["deleted", "emptied", "no entry", "a comment"]
)
def test_an_attestation_taken_away_is_red(repository: Repository, text: str | None) -> None:
    result = gate(repository, {"checklist/attestations.yaml": text})

    red(
        result,
        "SEC-04",
        "nobody attests",
        file="checklist/attestations.yaml",
        command="goldenpath attest SEC-04",
    )


def test_evidence_taken_away_is_red(repository: Repository) -> None:
    result = gate(repository, {"contract.yaml": None})

    red(result, "SEC-04", "no contract", file="contract.yaml", command="edit contract.yaml")


def test_lower_criticality_is_red(repository: Repository) -> None:
    result = gate(repository, {"golden-path.yaml": MANIFEST})

    red(
        result,
        "criticality falls from high to medium",
        file="golden-path.yaml:6",
        command="-- golden-path.yaml",
    )


def test_a_way_of_serving_that_is_no_longer_declared_is_red(repository: Repository) -> None:
    result = gate(repository, {"golden-path.yaml": MANIFEST.replace("medium", "high").replace("rest, ", "")})

    red(result, "serving no longer names rest", file="golden-path.yaml:7", command="-- golden-path.yaml")


def test_a_manifest_that_is_gone_is_red(repository: Repository) -> None:
    result = gate(repository, {"golden-path.yaml": None})

    red(result, "the manifest is gone", file="golden-path.yaml", command="-- golden-path.yaml")


def test_a_regression_with_its_own_waiver_in_the_same_change_is_red(repository: Repository) -> None:
    change = {
        ".github/workflows/ci.yml": CI.replace(f"@{SHA} # v7.0.1", "@v7"),
        "checklist/waivers.yaml": signed("waiver", "SEC-03"),
    }

    result = gate(repository, change)

    red(result, "SEC-03", "waived by", file=".github/workflows/ci.yml", command=PINNED)


def test_a_signer_that_the_same_change_makes_an_owner_is_red(repository: Repository) -> None:
    change = {
        ".github/CODEOWNERS": "* @acme/churn\n/docs/ @eve\n",
        "checklist/attestations.yaml": signed("attestation", "SEC-04", by="@eve"),
    }

    result = gate(repository, change)

    red(result, "signed by @eve", file=".github/CODEOWNERS", command="-- .github/CODEOWNERS")


@pytest.mark.parametrize(("environment", "minimum"), [("dev", 1), ("staging", 2), ("prod", 3)])
def test_a_deployment_of_what_is_not_ripe_for_it_is_red(repository: Repository, environment: str, minimum: int) -> None:
    overlay = OVERLAY.format(environment)

    result = gate(repository, {overlay: "namePrefix: other-\n"})

    red(
        result,
        f"{overlay} changes {environment}, which wants level {minimum}; level 0",
        file=overlay,
        command="goldenpath",
    )


def test_waivers_of_the_same_change_do_not_open_an_environment(repository: Repository) -> None:
    waivers = "".join(signed("waiver", item.id) for item in catalogue() if item.level <= 1)
    overlay = OVERLAY.format("dev")

    together = gate(repository, {"checklist/waivers.yaml": waivers, overlay: "namePrefix: other-\n"})
    red(together, f"{overlay} changes dev, which wants level 1", file=overlay, command="goldenpath")

    repository.git("checkout", "--quiet", "main")
    repository.commit({"checklist/waivers.yaml": waivers}, "Agree on the waivers")
    repository.git("checkout", "--quiet", "-b", "later")
    later = gate(repository, {overlay: "namePrefix: other-\n"})
    assert later.exit_code == 0, later.output


def test_what_was_met_and_is_not_known_any_more_is_open(repository: Repository) -> None:
    result = gate(repository, {".github/workflows/ci.yml": None, ".gitlab-ci.yml": "words: {script: make words}\n"})

    assert result.exit_code == 3, result.output
    assert "only GitHub workflows are read" in plain(result)
    assert ".gitlab-ci.yml" in plain(result)
    assert PINNED in plain(result)


def test_a_regression_weighs_more_than_an_open_question(repository: Repository) -> None:
    change = {
        ".github/workflows/ci.yml": None,
        ".gitlab-ci.yml": "words: {script: make words}\n",
        "contract.yaml": None,
    }

    assert gate(repository, change).exit_code == 1


@pytest.mark.parametrize("words", [["--baseline", "nowhere"], ["--baseline", "main", "--select", "DOC-01"]])
def test_a_wrong_question_is_neither_red_nor_green(repository: Repository, words: list[str]) -> None:
    result = CliRunner().invoke(main, ["check", str(repository.root), *words])

    assert result.exit_code == 2
    assert words[1] in result.output or "--select" in result.output
