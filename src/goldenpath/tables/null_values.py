"""What stands for a missing value in a table; one place, so that training and a batch read the same file alike."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as pcsv

MISSING_ANYWHERE = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N"]
"""Unquoted words of a CSV file that mean "no value" in any column: what R, pandas and databases write."""

_SIGNS = ("?", "-", "--", "---", ".", "..", "*", "#value!", "#div/0!", "#ref!")
_NAMES = ("na", "-nan", "nat", "none", "nil", "missing", "unknown", "not available")
_INFINITIES = ("inf", "-inf", "+inf", "infinity", "-infinity")

MISSING_IN_NUMBERS = frozenset((*(word.lower() for word in MISSING_ANYWHERE), *_SIGNS, *_NAMES, *_INFINITIES))
"""Words that mean "no value" where a number, a date or a time is due, quoted or not, in small letters.

Among words, "None" may be an answer.
"""


def as_text(names: Sequence[str], missing: Sequence[str] = MISSING_ANYWHERE) -> pcsv.ConvertOptions:
    """How Arrow reads columns of a CSV file as text, so that nothing is decided before their types are known.

    Args:
        names: The columns; others are left out.
        missing: Which words mean "no value" there, where they are bare. A quoted ``"NA"`` was written as a word: R
            quotes text and leaves bare what is missing.
    """
    return pcsv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=missing,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
