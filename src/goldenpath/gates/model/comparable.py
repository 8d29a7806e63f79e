"""Whether the champion can predict for the rows and the problem of the candidate."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goldenpath.model.features import as_category
from goldenpath.model.signature import Signature
from goldenpath.model.task import Task
from goldenpath.project.contract import Contract


def obstacle(problem: Task, candidate: Signature, champion: Signature, agreed: Contract) -> str:
    """Why the champion cannot answer for the candidate's rows.

    Args:
        problem: What is predicted now.
        candidate: The candidate's signature.
        champion: The champion's signature.
        agreed: The columns of the held-out rows.

    Returns:
        The reason in a sentence; empty where there is none.
    """
    if champion.task != problem.kind:
        return f"The champion solves a {champion.task} problem, this is a {problem.kind} one."
    if champion.target != problem.target:
        return f"The champion predicts {champion.target!r}, the candidate {problem.target!r}."
    now, then = (_names(classes) for classes in (problem.classes, champion.classes))
    if problem.kind == "binary" and now != then:
        if sorted(now) == sorted(then):
            return f"The positive class was {then[-1]!r} and is now {now[-1]!r}: mistakes cost something else."
        return f"The classes were {', '.join(then)} and are now {', '.join(now)}."
    if problem.kind == "multiclass":
        if gone := [name for name in then if name not in now]:
            return f"The champion knows the classes {', '.join(gone)}, which the contract has no longer."
        if new := [name for name in _names(candidate.classes) if name not in then]:
            return f"The candidate knows the classes {', '.join(new)}, which the champion has never heard of."
    columns = {column.name: column for column in agreed}
    if lacking := [column.name for column in champion.inputs if column.name not in columns]:
        return f"The champion takes {', '.join(lacking)}, which the contract has no longer."
    numbers = [column.name for column in champion.inputs if not column.is_category]
    if reworded := [name for name in numbers if columns[name].type == "string"]:
        return f"The champion takes {', '.join(reworded)} as numbers, which the contract now has as text."
    return ""


def too_few(rows: NDArray[np.bool_], least: int) -> str:
    """Why the rows that neither model has seen are no ground to stand on; empty where they are enough.

    Args:
        rows: Whether the champion can be judged on each held-out row.
        least: The fewest rows that are judged.
    """
    if rows.sum() >= min(least, len(rows)) and rows.any():
        return ""
    return (
        f"The champion has learned from what {len(rows) - rows.sum():,} of the {len(rows):,} held-out rows hold, and "
        f"{rows.sum():,} are too few to judge by (evaluation.min_segment_rows wants {least:,})."
    )


def _names(classes: Collection[Any]) -> list[str]:
    return [as_category(label) for label in classes]
