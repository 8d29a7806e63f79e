"""What stands for a missing value in a CSV file; one list, so that training and a batch read the same file alike."""

from __future__ import annotations

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N"]
"""Unquoted words that mean "no value" in any column: what R, pandas and databases write."""
