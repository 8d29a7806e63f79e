"""The level as a small SVG for a README."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from goldenpath.reports.maturity.report import Report

HEIGHT, WIDTH_OF_LETTER, PADDING = 20, 6.6, 8
COLOURS = {None: "#57606a", 0: "#a1260d", 1: "#8a5300", 2: "#0b5cad", 3: "#15693a", 4: "#0f5132"}
"""White text on each has a contrast of at least 5 to 1."""


def render(reports: Sequence[Report]) -> str:
    """Draw one line for each product."""
    only = len(reports) == 1
    lines = [("maturity" if only else report.name, _value(report.level), COLOURS[report.level]) for report in reports]
    left = max((_width(label) for label, _, _ in lines), default=0)
    right = max((_width(value) for _, value, _ in lines), default=0)
    width, height = left + right, (HEIGHT + 2) * len(lines) - 2
    title = escape("; ".join(f"{label}: {value}" for label, value, _ in lines), quote=True)
    body = "".join(
        f'<g transform="translate(0 {(HEIGHT + 2) * place})">'
        f'<rect width="{width}" height="{HEIGHT}" rx="4" fill="#30363d"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v{HEIGHT - 8}a4 4 0 0 1-4 4h-{right - 4}z" fill="{colour}"/>'
        f'<text x="{left / 2}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2}" y="14" font-weight="600">{value}</text></g>'
        for place, (label, value, colour) in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="{title}">'
        f'<title>{title}</title><g fill="#fff" text-anchor="middle" font-size="11" '
        f'font-family="Verdana,DejaVu Sans,sans-serif">{body}</g></svg>\n'
    )


def _value(level: int | None) -> str:
    return "not judged" if level is None else f"level {level} of 4"


def _width(text: str) -> int:
    return round(len(text) * WIDTH_OF_LETTER) + 2 * PADDING
