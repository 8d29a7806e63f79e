"""The documentation site: it builds, holds every page, loads nothing from elsewhere, and its links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goldenpath.cli import reference
from tests.sample import TEMPLATE

DOCS = TEMPLATE / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)\s]*)?\)")
LOADED = re.compile(r"""<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=["']?(https?://[^"'\s>]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy of its sources."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(TEMPLATE / "zensical.toml", folder)
    zensical = Path(sys.executable).with_name("zensical")
    done = subprocess.run([str(zensical), "build", "--strict"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def pages_of(nav: Any) -> Iterator[str]:
    for item in nav:
        if isinstance(item, str):
            yield item
        else:
            for inner in item.values():
                yield from pages_of(inner)


def test_site_holds_every_page(site: Path) -> None:
    nav = tomllib.loads((TEMPLATE / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    pages = {path.relative_to(DOCS).as_posix() for path in PAGES}

    assert set(pages_of(nav)) == pages
    assert len(list(site.rglob("*.html"))) > len(pages)


def test_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {address for page in site.rglob("*.html") for address in LOADED.findall(page.read_text(encoding="utf-8"))}

    assert loaded == set()


@pytest.mark.parametrize(
    "page", [*PAGES, TEMPLATE / "README.md"], ids=lambda path: path.relative_to(TEMPLATE).as_posix()
)
def test_links_lead_to_files(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["verbs", "settings"])
def test_reference_is_what_the_code_says(name: str) -> None:
    written = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")

    assert written == getattr(reference, name)(), "Write it anew: make docs"
