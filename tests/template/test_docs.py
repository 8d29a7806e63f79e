"""What the documents name exists: targets, verbs with their options, files. Every file of a project has its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.template import verbs
from tests.template.generation import TEMPLATE, files_of, generate

DOCUMENTS = sorted(
    path.relative_to(TEMPLATE).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "{{cookiecutter.project_slug}}/**/*.md")
    for path in TEMPLATE.glob(pattern)
    if ".venv" not in path.parts
)
HISTORY = ("CHANGELOG.md", "docs/decisions/")
"""Where names stand that were right at their time."""
CURRENT = [name for name in DOCUMENTS if not name.startswith(HISTORY)]
_MAKE = re.compile(r"(?:^|`|&& )make ((?:[a-z-]+ ?)+)", flags=re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
OPTIONS = {"classification": {}, "compose": {"deploy": "compose"}, "s3": {"data_remote": "s3"}}


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
    assert {"README.md", "docs/tutorial.md", "docs/adopt.md", "docs/how-to/delivery.md"} <= set(CURRENT)


@pytest.mark.parametrize("document", CURRENT)
def test_every_make_target_in_a_document_exists(targets: set[str], document: str) -> None:
    named = {word for words in _commands(document, _MAKE) for word in words.split()}

    assert named <= targets


@pytest.mark.parametrize("document", CURRENT)
def test_every_verb_and_option_in_a_document_exists(document: str) -> None:
    faults = [fault for words in _commands(document, verbs.SAID) if (fault := verbs.fault(words))]

    assert faults == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [("batch", ""), ("batch a.csv b.csv --log off", ""), ("bach", "bach"), ("batch --lgo off", "batch --lgo")],
)
def test_a_verb_or_option_that_is_none_is_seen(words: str, fault: str) -> None:
    assert verbs.fault(words) == fault


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    here = TEMPLATE / document
    broken = [link for link in _LINK.findall(here.read_text(encoding="utf-8")) if not (here.parent / link).exists()]

    assert broken == []


def test_every_file_that_the_projects_readme_names_is_generated_or_made(project: Path) -> None:
    text = (project / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]+\.(?:py|yaml|toml))`", text)) - {"source.py", "model.py"}

    assert len(named) >= 5
    assert {name for name in named if name not in files_of(project)} == set()


@pytest.mark.parametrize("answers", OPTIONS.values(), ids=OPTIONS)
def test_readme_says_of_every_file_why_it_is_there(template: Path, out: Path, answers: dict[str, str]) -> None:
    project = generate(template, out, **answers)
    patterns = _rows(project)
    files = files_of(project)

    assert [name for name in sorted(files) if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in files)] == []


def _rows(project: Path) -> list[str]:
    """The files of the README's table, as patterns."""
    text = (project / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| file \| why it is here \|.*?\n\n", text, flags=re.MULTILINE | re.DOTALL)
    assert table
    return [name for row in table[0].strip().splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def _commands(document: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """The words after a program's name, in the blocks and the spans of code."""
    text = (TEMPLATE / document).read_text(encoding="utf-8")
    for block, inline in re.findall(r"```(?:sh|bash)\n(.*?)```|(`[^`]+`)", text, flags=re.DOTALL):
        yield from pattern.findall(block or " ".join(inline.split()))
