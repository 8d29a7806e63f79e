"""Numbers and times as people read them."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime

UNKNOWN = "\N{EN DASH}"
DIRECTION_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that turn the direction of whatever text follows them."""
MINUS = "\N{MINUS SIGN}"
SIGNIFICANT_DIGITS = 3
MOST_DECIMALS = 6
HUGE, TINY = 1e15, 1e-4
"""Beyond these, digits say less than an exponent."""


@dataclass(frozen=True)
class Estimate:
    """A number and its interval; None where it is not defined.

    Attributes:
        value: The number on the rows at hand.
        low: The lower end of its interval.
        high: The upper end of its interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> Estimate:
        """The estimate in another unit; a negative factor also swaps the ends of the interval."""
        value, low, high = (None if end is None else end * factor for end in (self.value, self.low, self.high))
        return Estimate(value, high, low) if factor < 0 else Estimate(value, low, high)


def number(value: float | None, decimals: int | None = None) -> str:
    """A number with thousands separators and a true minus sign.

    Args:
        value: The number; None and NaN become a dash.
        decimals: Digits after the point; None for three significant digits, without touching whole numbers.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value) or abs(value) >= HUGE or (decimals is None and 0 < abs(value) < TINY):
        return f"{value:.3g}".replace("-", MINUS)
    if decimals is None:
        text = f"{value:,.{0 if value == int(value) else _decimals(abs(value), SIGNIFICANT_DIGITS)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", MINUS)


def signed(value: float | None, decimals: int | None = None) -> str:
    """A difference: as :func:`number`, with a plus sign where it is above zero."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 else text


def estimate(found: Estimate, sign: bool = False) -> str:
    """A number with its interval, as precise as the interval allows: ``0.687 [0.679 to 0.696]``.

    Args:
        found: The number; a dash where it is not defined.
        sign: Whether it is a difference, which carries its sign.
    """
    return " ".join(parts(found, sign)).rstrip()


def parts(found: Estimate, sign: bool = False) -> tuple[str, str]:
    """As :func:`estimate`, the number and the interval apart; the interval is empty where it has no width."""
    if found.value is None or found.low is None or found.high is None or not found.high > found.low:
        return (signed if sign else number)(found.value), ""
    # Decimals at which the width has two digits: more would pretend, fewer would hide the width.
    decimals = _decimals(found.high - found.low, 2)
    ends = f"[{number(found.low, decimals)} to {number(found.high, decimals)}]"
    return (signed if sign else number)(found.value, decimals), ends


def share(value: float | None, decimals: int = 1) -> str:
    """A share as a percentage: 0.0285 is ``2.8 %``. A share that is not quite 0 or 1 never reads 0 or 100 %."""
    if value is None or math.isnan(value):
        return UNKNOWN
    text = f"{value * 100:.{decimals}f}"
    smallest = 10**-decimals
    if value > 0 and float(text) == 0:
        return f"< {smallest:g} %"
    if value < 1 and float(text) == 100:
        return f"> {100 - smallest:g} %"
    return f"{text} %".replace("-", MINUS)


def timestamp(text: str | None) -> str:
    """An ISO date or time as ``2 October 2013``, or with the time of day where ``text`` has one; else as it stands."""
    if not text:
        return UNKNOWN
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    day = f"{found.day} {found:%B} {found.year}"
    return day if (found.hour, found.minute) == (0, 0) else f"{day}, {found:%H:%M}"


def listed(names: list[str], most: int = 5) -> str:
    """Names in a row: ``a, b and c``, or ``a, b and 7 more``."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: ``1 row``, ``27,337 rows``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def harmless(text: str) -> str:
    """Text without the characters that would turn the text behind it around."""
    return text.translate(DIRECTION_MARKS)


def sentence(text: str) -> str:
    """Text with a capital first letter and the rest as it is."""
    return text[:1].upper() + text[1:]


def shortened(text: str, most: int) -> str:
    """Text that takes at most ``most`` columns of a fixed-width font, cut with an ellipsis; control characters go."""
    text = " ".join("".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in harmless(text)).split())
    if columns(text) <= most:
        return text
    room = most - 1
    for place, sign in enumerate(text):
        room -= columns(sign)
        if room < 0:
            return text[:place].rstrip() + "…"
    return text


def columns(text: str) -> int:
    """How many columns of a fixed-width font the text takes: East Asian characters are two wide."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def _decimals(size: float, digits: int) -> int:
    if size == 0 or not math.isfinite(size):
        return 0
    return min(MOST_DECIMALS, max(0, digits - 1 - math.floor(math.log10(size))))
