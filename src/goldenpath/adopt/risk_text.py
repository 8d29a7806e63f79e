"""The text of ``docs/risk.md`` for an adopted table: its own risks kept, the people in the data told anew."""

from __future__ import annotations

import re
from collections.abc import Sequence

from goldenpath.adopt.infer import Guess

SENSITIVE = ("confidential", "restricted")
_PEOPLE = re.compile(r"(?<=^## People in the data\n)(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def risk_text(text: str, guesses: Sequence[Guess]) -> str:
    """Name the protected and the sensitive columns of the new contract.

    Args:
        text: The present ``docs/risk.md``.
        guesses: The columns of the new contract.

    Returns:
        The new text; the present one where the section about people was removed.
    """
    columns = [guess.column for guess in guesses]
    protected = [column.name for column in columns if "protected" in column.roles]
    sensitive = [column.name for column in columns if column.classification in SENSITIVE]
    lines = ["No column of the contract is protected."]
    if protected:
        lines = [
            f"Protected: {_names(protected)}. The evaluation reports on each of their groups, and each has to hold the",
            "floors of `params.yaml`: CQ-11.",
        ]
    lines.append("")
    if sensitive:
        lines += [
            f"Taken for personal or sensitive data: {_names(sensitive)}. Say in `contract.yaml` what they are for, how",
            "long they are kept, and who may see them: SEC-04.",
        ]
    else:
        lines.append("No column was taken for personal or sensitive data. Correct `contract.yaml` where it is wrong.")
    section = "\n".join(["", *lines, "", ""])
    return _PEOPLE.sub(lambda _: section, text, count=1)


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
