"""Write the API's document, from the code that answers.

It depends on the code and the contract alone, not on settings or the model's digest; so it can be committed, and a
change to what callers rely on shows up in review.
"""

from __future__ import annotations

import hashlib
import json

from goldenpath.project.paths import OPENAPI
from goldenpath.repository import facts
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.settings import Settings


def write() -> str:
    """Write ``docs/openapi.json``.

    Returns:
        Whether it has changed, in words.

    Raises:
        ProjectError: The model or the contract cannot be used.
    """
    text = exported()
    is_new = not OPENAPI.is_file() or OPENAPI.read_text(encoding="utf-8") != text
    OPENAPI.parent.mkdir(exist_ok=True)
    OPENAPI.write_text(text, encoding="utf-8")
    facts.tell({"sha256": hashlib.sha256(text.encode()).hexdigest()})
    return f"{OPENAPI} {'has changed: commit it' if is_new else 'is what the code offers'}."


def exported() -> str:
    """The document as it stands in its file.

    Raises:
        ProjectError: The model or the contract cannot be used.
    """
    return json.dumps(create_app(Settings()).document, indent=2, ensure_ascii=False) + "\n"
