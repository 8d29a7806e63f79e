"""The words of strangers made harmless: what a repository says is shown, and drives nothing.

Names and texts of a repository may hold what a terminal, an XML parser or a reader's eye would take for something else:
escape sequences, bytes that are no UTF-8, marks that turn the direction of writing. They are made visible here, so that
a form needs only to escape what is special in its own language.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Anything = TypeVar("Anything")

_UNSEEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
"""Not compiled until a text needs it: nearly none does."""


def plain(text: str) -> str:
    """One line of text with everything in it visible: controls as escapes, other white space as one space."""
    seen = text if text.isprintable() else re.sub(_UNSEEN, lambda found: ascii(found[0])[1:-1], text)
    return " ".join(seen.split())


def visible(text: str) -> str:
    """Several lines with everything in them visible: controls as escapes, line ends and indents as they are."""
    return re.sub(_UNSEEN[:-1] + "\r]", lambda found: ascii(found[0])[1:-1], text)


def harmless(value: Anything) -> Anything:
    """The same value with every text in it :func:`plain`: a text, a tuple, a dataclass, and what they hold.

    Enumerations, classes, dates and whatever else no repository writes stay as they are.
    """
    found: Any = value
    if type(found) is str:
        found = plain(found)
    elif isinstance(value, tuple):
        found = tuple(map(harmless, value))
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(value, **{item.name: harmless(getattr(value, item.name)) for item in fields(value)})
    return found  # type: ignore[no-any-return]


def web_link(text: str) -> str:
    """The text where it is a link that a page may carry, else nothing: a repository may hold ``javascript:`` ones."""
    return text if re.fullmatch(r"https?://[^\s\"'<>`\\]+", text) else ""
