"""What a report consists of, before it becomes Markdown or HTML: sections of sentences, tables and pictures.

Texts stand here as they were found; each renderer makes them harmless in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Tone = Literal["good", "mixed", "bad"]


@dataclass(frozen=True)
class Name:
    """The name of a column, parameter, file or command: told in a fixed-width font."""

    text: str


@dataclass(frozen=True)
class Mark:
    """A verdict, told by a sign and a colour as well as in words."""

    text: str
    tone: Tone | None


@dataclass(frozen=True)
class Number:
    """A number and its interval, empty where it has none."""

    text: str
    interval: str = ""


Cell = str | Name | Mark | Number


@dataclass(frozen=True)
class Table:
    """Rows below a header.

    Attributes:
        header: The columns' names.
        rows: As many cells in each as the header has.
        numbers: Places of the columns that hold numbers, and stand to the right.
        title: What the table is; empty where the section says it.
        only_text: Whether it stands in for a picture where there are none.
        is_prose: Whether its last column is prose, below which the others go where the screen is narrow.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()
    title: str = ""
    only_text: bool = False
    is_prose: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart with its heading and what to look for."""

    title: str
    caption: str
    chart: Markup


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        title: Its heading.
        sentences: What is said first.
        tables: The numbers.
        pictures: The charts.
        notes: How to read it.
        is_detail: Whether it may be folded away where room is short.
    """

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    is_detail: bool = False


@dataclass(frozen=True)
class Outline:
    """The whole report.

    Attributes:
        product: Whose it is.
        branch: The branch to be merged.
        commit: The commit it was made for.
        base: What it is compared with.
        tone: What the verdict means, as a colour.
        verdict: The gates' verdict in a sentence.
        headline: How the model stands to the champion, in a sentence.
        sections: What follows.
    """

    product: str
    branch: str
    commit: str
    base: str
    tone: Tone
    verdict: str
    headline: str
    sections: tuple[Section, ...] = field(default=())
