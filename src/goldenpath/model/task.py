"""What is predicted: two classes, several classes, or a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goldenpath.model.features import as_category
from goldenpath.project.contract import PATH, Contract, ContractError
from goldenpath.project.params import Params, ParamsError

Kind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Task:
    """What the model is asked.

    Attributes:
        kind: The kind of problem.
        target: The target's column name.
        classes: The classes in the order of the model's probabilities; the positive class is last of two. Empty for
            regression.
    """

    kind: Kind
    target: str
    classes: tuple[Any, ...]

    def encode(self, values: Iterable[Any]) -> NDArray[Any]:
        """Targets as the model learns them: class indices, or float64 for regression.

        Args:
            values: The target's values, none missing.

        Returns:
            Shape (rows,).
        """
        if self.kind == "regression":
            return np.fromiter(values, dtype=np.float64)
        index = {as_category(label): position for position, label in enumerate(self.classes)}
        return np.array([index[as_category(value)] for value in values], dtype=np.int64)


def of(contract: Contract, params: Params) -> Task:
    """Read the task from the contract's target and the parameters.

    Raises:
        ContractError: A regression target is not a number, or the classes of a classification target are not known.
        ParamsError: ``positive_class`` is not one of the two classes.
    """
    target = contract.target
    if params.problem == "regression":
        if target.type not in ("integer", "number"):
            raise ContractError(f"{PATH}: target {target.name!r} is {target.type}, regression needs a number.")
        return Task("regression", target.name, ())
    classes = (False, True) if target.type == "boolean" else target.enum
    if len(classes) < 2:
        raise ContractError(f"{PATH}: target {target.name!r} needs an enum of its classes, or logicalType boolean.")
    if len(classes) > 2:
        return Task("multiclass", target.name, tuple(classes))
    positive = params.positive_class
    if positive not in classes:
        choices = " or ".join(map(repr, classes))
        raise ParamsError(
            f"params.yaml: positive_class is {positive!r}, want {choices}, the classes of {target.name!r}."
        )
    return Task("binary", target.name, tuple(sorted(classes, key=lambda label: label == positive)))
