"""Fixtures for tests that generate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.template.generation import commit_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as committed, to generate from; not to be changed."""
    return commit_template(tmp_path_factory.mktemp("template") / "golden-path")
