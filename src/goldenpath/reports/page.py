"""The frame of every report: one self-contained HTML file in the house style.

A report is a template beside this module that extends ``base.html.j2`` and gets plain facts. Everything that is not
markup is escaped; the style sheet is written into the page, so the file asks nothing of the network.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from goldenpath.reports import formatting

TEMPLATES = Path(__file__).parent / "templates"
STYLE_SHEET = "base.css"
FILTERS = (
    formatting.number,
    formatting.parts,
    formatting.share,
    formatting.timestamp,
    formatting.sentence,
    formatting.counted,
)


def render(template: str, **facts: Any) -> str:
    """Fill a template.

    Args:
        template: The file's name in ``templates/``.
        facts: What the template tells.

    Returns:
        The whole page.
    """
    return _environment().get_template(template).render(**facts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["style"] = Markup((TEMPLATES / STYLE_SHEET).read_text(encoding="utf-8"))  # noqa: S704 - ours
    environment.filters.update({tool.__name__: tool for tool in FILTERS})
    return environment


def _shown(value: Any) -> Any:
    return formatting.harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value
