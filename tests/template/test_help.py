"""``make help`` lists every target, in the template and in a generated project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.template.generation import generate, run


@pytest.mark.parametrize("generated", [False, True], ids=["template", "project"])
def test_lists_every_target_with_what_it_does(template: Path, out: Path, generated: bool) -> None:
    folder = generate(template, out) if generated else template
    targets = re.findall(r"^\.PHONY: (.+)$", (folder / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)

    listed = re.findall(r"^ *(?:make )?([a-z-]+)  +\S.*$", run(["make"], folder).stdout, flags=re.MULTILINE)

    assert sorted(listed) == sorted(" ".join(targets).split())
