"""CloudEvents 1.0 in structured JSON: what asks for a prediction, and what answers.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from goldenpath.model.predictor import Prediction
from goldenpath.project.errors import ProjectError

SPECVERSION = "1.0"
MOST_BYTES = 1 << 20
NAMESPACE = uuid.UUID("6f0a2b51-9b0e-5f0e-8a49-3c1f5b1f7f4e")
"""Of the answers' ids."""


class EventError(ProjectError):
    """What came is no event that can be answered, and will not be one when it comes again."""


@dataclass(frozen=True)
class Event:
    """An event that asks for a prediction.

    Attributes:
        id: Its id, unique among those of its source.
        source: Who sent it.
        subject: Whom it is about: the entity of the prediction log.
        data: The row.
    """

    id: str
    source: str
    subject: str | None
    data: Mapping[str, Any]

    @property
    def answer_id(self) -> str:
        """The id of its answer: the same whenever it is answered."""
        return str(uuid.uuid5(NAMESPACE, json.dumps([self.source, self.id])))


def parse(content: bytes) -> Event:
    """Read an event.

    Raises:
        EventError: It is no CloudEvent 1.0 in structured JSON, or holds no row.
    """
    if len(content) > MOST_BYTES:
        raise EventError(f"the event has {len(content)} bytes, want at most {MOST_BYTES}")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EventError(f"the event is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise EventError("the event is not a JSON object")
    if found.get("specversion") != SPECVERSION:
        raise EventError(f"specversion is {_shown(found.get('specversion'))}, want {SPECVERSION}")
    for name in ("id", "source", "type"):
        _refuse_other_than_text(name, found.get(name))
        if not found[name]:
            raise EventError(f"{name} is '', want text")
    subject = found.get("subject")
    if subject is not None:
        _refuse_other_than_text("subject", subject)
    if not isinstance(found.get("data"), dict):
        raise EventError("data must be an object that names a value for each column")
    return Event(found["id"], found["source"], subject, found["data"])


def answer(event: Event, product: str, model: str, variant: str, found: Prediction, now: datetime) -> bytes:
    """The event that answers another.

    Args:
        event: What was asked.
        product: Name of the product: the answer's source is ``/product``, its type ``product.predicted``.
        model: SHA-256 of the model file.
        variant: The variant that answered.
        found: The prediction.
        now: When it was made.
    """
    content = {
        "specversion": SPECVERSION,
        "id": event.answer_id,
        "source": f"/{product}",
        "type": f"{product}.predicted",
        "time": now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        **({"subject": event.subject} if event.subject is not None else {}),
        "datacontenttype": "application/json",
        "data": {
            "decision": found.decision,
            "score": found.score,
            "model": model,
            "variant": variant,
            "asked": {"id": event.id, "source": event.source},
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _refuse_other_than_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise EventError(f"{name} is {_shown(value)}, want text")
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can escape half a character, and UTF-8 cannot hold it
        raise EventError(f"{name} is {_shown(value)}, which holds half a character") from None


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:100]
