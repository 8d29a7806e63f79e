from __future__ import annotations

import hashlib

import pytest

from goldenpath.project.errors import ProjectError
from goldenpath.serving.rest import api_key


def test_a_key_is_shown_with_the_line_that_knows_it() -> None:
    shown = api_key.issue("shop")

    _, key, _, line = (part.strip() for part in shown.splitlines())
    assert line == f"shop {hashlib.sha256(key.encode()).hexdigest()}"
    assert len(key) > 40


@pytest.mark.parametrize("name", ["", "two words", "-x"])
def test_a_name_that_no_line_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ProjectError, match="is no caller's name"):
        api_key.issue(name)
