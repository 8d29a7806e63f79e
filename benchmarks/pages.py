"""Tables that stand in a page between two markers, and are measured anew by a command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

DOCS = Path(__file__).resolve().parents[1] / "docs"
SPEED = DOCS / "speed.md"
FAULTS = DOCS / "faults.md"


def show(table: Table, page: Path | None, name: str) -> None:
    """Print a table, and put it into a page where one is named."""
    Console(width=110).print(table)
    if page:
        headings = [str(column.header) for column in table.columns]
        rows = zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True)
        write(page, name, headings, rows)


def write(page: Path, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Put a table between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: The page has no such markers.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    lines = [headings, ["---"] * len(headings), *rows]
    table = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
    text = page.read_text(encoding="utf-8")
    before, after = text[: text.index(begin)], text[text.index(end) :]
    page.write_text(f"{before}{begin}\n\n{table}\n\n{after}", encoding="utf-8")
