"""What stands for a missing value in a table; one place, so that training and a batch read the same file alike."""

from __future__ import annotations

MISSING_ANYWHERE = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N"]
"""Unquoted words of a CSV file that mean "no value" in any column: what R, pandas and databases write."""

_SIGNS = ("?", "-", "--", "---", ".", "..", "*", "#value!", "#div/0!", "#ref!")
_NAMES = ("na", "-nan", "nat", "none", "nil", "missing", "unknown", "not available")
_INFINITIES = ("inf", "-inf", "+inf", "infinity", "-infinity")

MISSING_IN_NUMBERS = frozenset((*(word.lower() for word in MISSING_ANYWHERE), *_SIGNS, *_NAMES, *_INFINITIES))
"""Words that mean "no value" where a number, a date or a time is due, quoted or not, in small letters.

Among words, "None" may be an answer.
"""
