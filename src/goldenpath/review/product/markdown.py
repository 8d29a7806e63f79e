"""Markdown documents, as far as a review holds them against other files: sections, code, tables, steps.

Headings underlined with ``=`` or ``-`` are read too, so changelogs in reStructuredText are understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.review.product.product import Product

PLACEHOLDER = re.compile(
    r"\[(?:more information needed|insert[^\]]*|your [^\]]*|tbd|todo)\]|\b(?:TODO|TBD|FIXME|XXX)\b|lorem ipsum"
    r"|\{\{.*?\}\}|<(?:your|insert|fill)[^>]*>|^\s*(?:\.\.\.|…)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What templates leave to be filled in."""
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^(=|-){3,}\s*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})\s*(.*)$")
_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")


@dataclass(frozen=True)
class Fence:
    """A fenced block of code: its info string, its lines, and where the first of them stands."""

    info: str
    lines: tuple[str, ...]
    line: int

    @property
    def language(self) -> str:
        """The first word of the info string, in lower case."""
        return (self.info.split() or [""])[0].lower()


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, up to the next heading of any level.

    Attributes:
        title: The heading; empty for what stands before the first.
        depth: 1-6; 0 for what stands before the first heading.
        line: The heading's line.
        text: What stands under it.
        fences: The blocks of code in it.
    """

    title: str
    depth: int
    line: int
    text: str
    fences: tuple[Fence, ...] = ()

    @property
    def anchor(self) -> str:
        """The anchor that forges give to the heading."""
        bare = re.sub(r"[^\w\s-]", "", self.title.lower())
        return re.sub(r"\s", "-", bare.strip())

    @property
    def words(self) -> list[str]:
        """The words under the heading that say something: without code blocks, comments and links' addresses."""
        bare = re.sub(r"<!--.*?-->", " ", without_fences(self.text), flags=re.DOTALL)
        bare = re.sub(r"\]\([^)]*\)", "]", bare)
        return re.findall(r"[^\W_][\w'.%-]*", bare)


@dataclass(frozen=True)
class Document:
    """A Markdown file in sections."""

    path: str
    sections: tuple[Section, ...] = ()

    def __iter__(self) -> Iterator[Section]:
        return iter(self.sections)

    def whole(self, section: Section) -> str:
        """The text of a section with that of the sections below it."""
        place = self.sections.index(section)
        parts = [section.text]
        for other in self.sections[place + 1 :]:
            if other.depth <= section.depth:
                break
            parts += [other.title, other.text]
        return "\n".join(parts)


def read(product: Product, path: str) -> Document | None:
    """Read a document; None where there is no such file.

    Raises:
        BrokenFileError: It is not text.
    """
    text = product.text(path)
    return None if text is None else parse(path, text)


@lru_cache(maxsize=64)
def parse(path: str, text: str) -> Document:
    """A document from its text."""
    lines = text.splitlines()
    start = 0
    if lines and lines[0].strip() == "---":  # the header of a model card is YAML, not Markdown
        start = next((number for number, line in enumerate(lines[1:], 2) if line.strip() == "---"), 0)
    return Document(path, tuple(_sections(lines, start)))


def without_fences(text: str) -> str:
    """A text without its blocks of code."""
    kept, closing = [], ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if closing:
            closing = "" if fence and fence[1].startswith(closing) and not fence[2] else closing
        elif fence:
            closing = fence[1]
        else:
            kept.append(line)
    return "\n".join(kept)


def code_spans(text: str) -> Iterator[str]:
    """What stands between backticks in a text."""
    yield from (span.strip() for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", without_fences(text)))


def tables(document: Document) -> Iterator[tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]]:
    """Every table of a document: its heads in lower case, and each row's line and cells."""
    for section in document:
        heads: tuple[str, ...] = ()
        rows: list[tuple[int, tuple[str, ...]]] = []
        lines = section.text.splitlines()
        for place, line in enumerate(lines):
            if "|" not in line:
                if heads:
                    yield heads, rows
                heads, rows = (), []
            elif not heads and place + 1 < len(lines) and _RULE.match(lines[place + 1]) and "|" in lines[place + 1]:
                heads = tuple(cell.lower() for cell in _cells(line))
            elif heads and not _RULE.match(line):
                rows.append((section.line + place + 1, _cells(line)))
        if heads:
            yield heads, rows


def steps(text: str) -> list[str]:
    """The entries of the numbered lists of a text."""
    found = re.findall(r"^\s*\d+[.)]\s+(.*)$", without_fences(text), flags=re.MULTILINE)
    return [entry.strip() for entry in found]


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")))


def _sections(lines: list[str], start: int) -> Iterator[Section]:
    title, depth, at = "", 0, start
    text: list[str] = []
    fences: list[Fence] = []
    closing, info, block = "", "", 0
    for number, line in enumerate(lines[start:], start + 1):
        fence = _FENCE.match(line)
        heading = None if closing or fence else _heading(line, lines[number] if number < len(lines) else "")
        if heading:
            yield Section(title, depth, at, "\n".join(text), tuple(fences))
            depth, title = heading
            at, text, fences = number, [], []
            continue
        text.append(line)
        if closing:
            if fence and fence[1].startswith(closing) and not fence[2].strip():
                fences.append(Fence(info, tuple(lines[block : number - 1]), block + 1))
                closing = ""
        elif fence:
            closing, info, block = fence[1], fence[2].strip(), number
    yield Section(title, depth, at, "\n".join(text), tuple(fences))


def _heading(line: str, following: str) -> tuple[int, str] | None:
    hashes = _HEADING.match(line)
    if hashes:
        return len(hashes[1]), hashes[2]
    underline = _UNDERLINE.match(following)
    if underline and re.match(r"^[^\s|>#*+-]", line) and not _UNDERLINE.match(line):
        return (1 if underline[1] == "=" else 2), line.strip()
    return None
