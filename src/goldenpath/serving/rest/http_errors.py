"""Why a request gets no prediction, in one form whatever the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic_core import to_json

Reason = Literal["overload", "too_large", "unauthorized", "invalid", "timeout"]

RETRY_SECONDS = 1
"""When to come back: a busy second is over by then, and clients that wait longer gain nothing."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    row: int = Field(description="Position of the row in the request; 0 where the whole request is meant.")
    column: str | None = Field(description="The column that is wrong; null where it is not about one.")
    rule: str = Field(description="The contract's rule that is broken, or what is wrong with the request.")
    message: str
    value: Any = Field(default=None, description="What was given, where it can be shown.")


class Faults(BaseModel):
    """Why there is no prediction."""

    errors: list[Fault]


class Refused(Exception):  # noqa: N818  # an answer like others, not a fault of the program
    """A request that is answered without a prediction.

    Attributes:
        status: The HTTP status.
        reason: What metrics count it under.
        errors: As :class:`Fault`, each as a mapping.
        headers: Headers of the answer besides its type and length.
    """

    def __init__(
        self,
        status: int,
        reason: Reason,
        errors: Sequence[Mapping[str, Any]],
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.errors = errors
        self.headers = headers

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return to_json({"errors": self.errors}, inf_nan_mode="strings")


def refused(status: int, reason: Reason, rule: str, message: str, *headers: tuple[bytes, bytes]) -> Refused:
    """The refusal of a request as a whole, for one reason."""
    return Refused(status, reason, [{"row": 0, "column": None, "rule": rule, "message": message}], headers)


def overloaded(message: str, reason: Reason = "overload") -> Refused:
    """The refusal of a request for which there is no room now."""
    return refused(503, reason, "load", message, (b"retry-after", str(RETRY_SECONDS).encode()))
