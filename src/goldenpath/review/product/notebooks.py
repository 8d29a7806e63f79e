"""Jupyter notebooks, as far as a review looks into them."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.files import Files


@dataclass(frozen=True)
class Notebook:
    """One notebook.

    Attributes:
        path: Where it lies.
        code: The source of its code cells.
        with_output: How many code cells hold an output or a count of runs.
        fault: Why it cannot be read; empty where it can.
    """

    path: str
    code: tuple[str, ...] = ()
    with_output: int = 0
    fault: str = ""


def read(files: Files) -> tuple[Notebook, ...]:
    """Read every notebook of the product; one that cannot be read says why."""
    found = []
    for path in files.matching("*.ipynb"):
        try:
            content = files.json(path)
            cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
            code = tuple("".join(cell["source"]) for cell in cells)
        except BrokenFileError as error:
            found.append(Notebook(path, fault=error.reason))
        except (KeyError, TypeError):
            found.append(Notebook(path, fault="is not a notebook of format 4"))
        else:
            dirty = sum(bool(cell.get("outputs") or cell.get("execution_count")) for cell in cells)
            found.append(Notebook(path, code, dirty))
    return tuple(found)
