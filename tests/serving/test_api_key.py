from __future__ import annotations

import hashlib
import sys

import pytest

from goldenpath.serving.rest import api_key


def test_a_key_is_shown_with_the_line_that_knows_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["api-key", "shop"])

    assert api_key.main() == 0

    _, key, _, line = (part.strip() for part in capsys.readouterr().out.splitlines())
    assert line == f"shop {hashlib.sha256(key.encode()).hexdigest()}"
    assert len(key) > 40


@pytest.mark.parametrize("arguments", [[], [""], ["two words"], ["-x"]])
def test_a_name_that_no_line_can_hold_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["api-key", *arguments])

    assert api_key.main() == 1

    assert "want the caller's name" in capsys.readouterr().err
