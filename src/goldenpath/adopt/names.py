"""Names: from what the file calls a column to what code can, and from what a person typed to a column."""

from __future__ import annotations

import difflib
import keyword
import re
import unicodedata
from collections.abc import Sequence

from pydantic import BaseModel

from goldenpath.adopt.errors import AdoptError

# Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"þ": "th", "Þ": "Th", "ð": "d", "%": " percent ", "€": " eur ", "$": " usd ", "#": " number "}
)
_LONGEST = 60


def identifiers(names: Sequence[str]) -> list[str]:
    """An ASCII snake_case identifier for every name, all different.

    None is a Python keyword or hides an attribute of a pydantic model, because the API's request model has a field of
    that name. A name with no Latin letter or digit becomes ``column_<position>``.
    """
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names, 1):
        base = _snake(name) or f"column_{position}"
        candidate, number = base, 2
        while candidate in taken:
            candidate, number = f"{base}_{number}", number + 1
        taken.add(candidate)
        result.append(candidate)
    return result


def resolve(wanted: str, names: Sequence[str], label: str) -> str:
    """The column that a person means by ``wanted``: its own name, or the identifier it will get.

    Args:
        wanted: What was typed.
        names: The columns of the file.
        label: What the column was named for, such as ``TARGET``.

    Raises:
        AdoptError: There is no such column.
    """
    if wanted in names:
        return wanted
    by_identifier = dict(zip(identifiers(names), names, strict=True))
    if wanted in by_identifier:
        return by_identifier[wanted]
    folded = {name.casefold(): name for name in names}
    close = [folded[name] for name in difflib.get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.6)]
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else f"It has {_listing(names)}."
    if sum(bool(re.fullmatch(r"[\d.,+-]+", name)) for name in names) * 2 > len(names):
        hint += " Its first line looks like data: add a line with the columns' names."
    raise AdoptError(f"{label} {wanted}: the file has no such column. {hint}")


def tokens(name: str) -> list[str]:
    """The words of a name, in lower case: ``PassengerId`` is passenger, id."""
    return _snake(name).rstrip("_").split("_")


def file_name(name: str) -> str:
    """A file's name without signs that shells, Makefiles or other systems stumble over; its suffixes stay."""
    stem, dot, suffixes = re.sub(r"[^A-Za-z0-9._-]+", "_", _ascii(name)).partition(".")
    return (stem.strip("_-") or "data") + dot + suffixes


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode()


def _snake(name: str) -> str:
    text = _ascii(name)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    text = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:_LONGEST].rstrip("_")
    if text[:1].isdigit():
        text = f"c_{text}"
    if keyword.iskeyword(text) or keyword.issoftkeyword(text) or hasattr(BaseModel, text):
        text += "_"
    return text


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:12]))
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
