"""The frame of every report: one self-contained HTML file in the house style.

A report is a template beside this module that extends ``base.html.j2`` and gets plain facts. Everything that is not
markup is escaped; the style sheet is written into the page, so the file asks nothing of the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import words

TEMPLATES = Path(__file__).parent / "templates"
STYLE_SHEET = "base.css"


def render(template: str, **facts: Any) -> str:
    """Fill a template.

    Args:
        template: The file's name in ``templates/``.
        facts: What the template tells.

    Returns:
        The whole page.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.globals["style"] = Markup((TEMPLATES / STYLE_SHEET).read_text(encoding="utf-8"))  # noqa: S704 - ours
    environment.filters.update(number=words.number, parts=words.parts, share=words.share, moment=words.moment, counted=words.counted)
    return environment.get_template(template).render(**facts)
