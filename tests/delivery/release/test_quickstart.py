from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldenpath.delivery.release import quickstart
from goldenpath.project.errors import ProjectError
from goldenpath.repository.facts import TOLD
from tests.delivery.release.product_files import README, commit
from tests.sample import ROOT

SUITE = "<testsuite><testcase/><testcase/><testcase><skipped/></testcase></testsuite>"


def readme(product: Path, *commands: str) -> None:
    lines = "\n".join(commands)
    (product / "README.md").write_text(f"## From a fresh clone\n\n```sh\n{lines}\n```\n")
    commit(product)


def test_the_commands_are_those_of_the_first_block_without_comments() -> None:
    assert quickstart.read(README) == ["make setup", "make test lint"]


def test_this_projects_readme_has_commands() -> None:
    assert "make setup" in quickstart.read((ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_commands_run_in_a_clone_of_the_last_commit(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told.json"
    monkeypatch.setenv(TOLD, str(told))
    readme(
        product,
        "test ! -e left-over",
        f"echo '{SUITE}' > reports/junit.xml",
        'echo "<source>$PWD/src</source>" > reports/coverage.xml',
    )
    (product / "left-over").write_text("")

    quickstart.quickstart(product)

    facts = json.loads(told.read_text())
    assert facts == {"commands": quickstart.read((product / "README.md").read_text()), "tests": 3}
    assert (product / "reports/junit.xml").read_text().strip() == SUITE
    assert (product / "reports/coverage.xml").read_text().strip() == f"<source>{product.resolve()}/src</source>"


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        (["exit 3"], "`exit 3` of README.md ended with 3"),
        (["true"], "ran no tests"),
        (["echo '<testsuite/>' > reports/junit.xml"], "none passed"),
        (["# nothing"], "no shell block with commands"),
    ],
)
def test_a_quickstart_that_does_not_work_is_told(product: Path, commands: list[str], words: str) -> None:
    readme(product, *commands)

    with pytest.raises(ProjectError, match=words):
        quickstart.quickstart(product)


def test_outside_of_git_there_is_nothing_to_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "README.md").write_text(README)

    with pytest.raises(ProjectError, match="not a git repository"):
        quickstart.quickstart(tmp_path)
