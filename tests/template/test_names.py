"""The listing of dependency names keeps up with what a generated project locks."""

from __future__ import annotations

import re

import pytest

from golden_path_answers.names import why_taken
from tests.template.generation import TEMPLATE

REQUIREMENTS = TEMPLATE / "{{cookiecutter.project_slug}}" / "requirements"


@pytest.mark.parametrize("lock", sorted(path.name for path in REQUIREMENTS.glob("*.txt")))
def test_every_locked_distribution_is_taken(lock: str) -> None:
    pinned = re.findall(r"^([\w.-]+)(?:\[.*\])?==", (REQUIREMENTS / lock).read_text(), flags=re.MULTILINE)
    free = [name for name in pinned if why_taken(name.lower().replace(".", "-")) is None]
    assert pinned
    assert free == []
