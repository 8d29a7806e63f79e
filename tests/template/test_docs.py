"""What the documents name exists: targets, files, and what they say a command prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.generation import TEMPLATE, files_of, generate

DOCUMENTS = sorted(
    path.relative_to(TEMPLATE).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "{{cookiecutter.project_slug}}/**/*.md")
    for path in TEMPLATE.glob(pattern)
    if ".venv" not in path.parts
)
_MAKE = re.compile(r"(?:^|`|&& )make ((?:[a-z-]+ ?)+)", flags=re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


pytestmark = pytest.mark.xdist_group("docs")


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project; not to be changed."""
    return generate(template, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def targets(template: Path, project: Path) -> set[str]:
    """Every target of the two Makefiles."""
    makefiles = "\n".join((folder / "Makefile").read_text(encoding="utf-8") for folder in (template, project))
    return set(" ".join(re.findall(r"^\.PHONY: (.+)$", makefiles, flags=re.MULTILINE)).split())


def test_there_are_documents() -> None:
    assert {"README.md", "docs/tutorial.md", "docs/adopt.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_in_a_document_exists(targets: set[str], document: str) -> None:
    named = set(_targets_named((TEMPLATE / document).read_text(encoding="utf-8")))

    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    here = TEMPLATE / document
    broken = [link for link in _LINK.findall(here.read_text(encoding="utf-8")) if not (here.parent / link).exists()]

    assert broken == []


def test_every_file_that_the_projects_readme_names_is_generated_or_made(project: Path) -> None:
    text = (project / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]+\.(?:py|yaml|toml))`", text))

    assert len(named) >= 5
    assert {name for name in named if name not in files_of(project)} == set()


def _targets_named(text: str) -> Iterator[str]:
    """The words after ``make`` in code, up to the first that is no target: a variable, a comment, an option."""
    code = re.findall(r"```sh\n(.*?)```|(`[^`\n]+`)", text, flags=re.DOTALL)
    for block, inline in code:
        for words in _MAKE.findall(block or inline):
            yield from words.split()
