"""The other Pythons that library and project support: a project is set up, trained, tested and asked on each."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.template.generation import generate, run, verb

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("3.12", marks=pytest.mark.xdist_group("adopt")),
        pytest.param("3.13", marks=pytest.mark.xdist_group("adopt-refusals")),
    ],
)
def test_a_project_is_walked_on_another_python(template: Path, out: Path, version: str) -> None:
    python = shutil.which(f"python{version}")
    if python is None or run([python, "--version"], out).returncode != 0:
        pytest.skip(f"Python {version} is not on this machine")
    project = generate(template, out)
    params = project / "params.yaml"
    text, count = re.subn(r'through: "2013-10"', 'through: "2013-02"', params.read_text(encoding="utf-8"))
    assert count == 1
    params.write_text(text, encoding="utf-8")

    for command in (["make", "setup", f"PYTHON={python}"], ["make", "run"], ["make", "test"]):
        done = run(command, project)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    answered = verb(project, "predict")

    assert run([".venv/bin/python", "--version"], project).stdout.startswith(f"Python {version}.")
    assert json.loads(answered.stdout)["response"], answered.stderr
