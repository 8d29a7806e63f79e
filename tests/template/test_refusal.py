"""Bad answers are refused on the way in that people use, in words they can act on, and leave nothing behind."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

from tests.template.generation import MENU, generate, run, run_cookiecutter

HOSTILE_ANSWERS = [
    {"project_slug": "a/b"},
    {"project_slug": "../escaped"},
    {"project_slug": "/tmp/escaped-from-test"},  # noqa: S108  (refused, never made)
    {"project_slug": "."},
    {"project_slug": "x" * 300},
    {"project_slug": "-rf"},
    {"project_slug": "a b"},
    {"project_slug": "nul"},
    {"project_slug": "Flight-Delays"},
    {"package_name": "class"},
    {"package_name": "os.path"},
    {"package_name": "numpy"},
    {"package_name": "../evil"},
    {"project_name": "{{ cycler.__init__.__globals__.os.mkdir('ran') }}"},
    {"project_name": "{% raw %}"},
    {"project_name": "{{"},
    {"project_name": "Fl\u0456ght"},
    {"project_name": "Flight\u202eDelays"},
    {"description": 'x"\nevil: true'},
    {"description": "x'''\nimport os\nos.mkdir('ran')\n'''"},
    {"description": "$(mkdir ran) `mkdir ran`"},
    {"description": "trailing backslash \\"},
    {"owner": "@org/team; mkdir ran"},
    {"contact": "nobody"},
    {"container_registry": "https://ghcr.io/x:latest"},
    {
        "project_slug": "A/b",
        "package_name": "import",
        "owner": "me",
        "contact": "me",
        "container_registry": "ghcr.io/A",
    },
]


# A bad answer makes bad names, where these are derived from it.
DERIVED = {"project_slug", "package_name"}


def named_in(output: str) -> list[str]:
    """List the variables that the output has a line for, in its order."""
    return re.findall(r"^  (\w+): .*[;,] .+$", output, flags=re.MULTILINE)


@pytest.mark.parametrize("answers", HOSTILE_ANSWERS, ids=lambda answers: "+".join(answers))
def test_cookiecutter_names_each_fault_and_leaves_nothing(template: Path, out: Path, answers: dict[str, str]) -> None:
    refused = run_cookiecutter(template, out, *(f"{name}={answer}" for name, answer in answers.items()))

    assert refused.returncode == 1
    assert set(answers) <= set(named_in(refused.stdout)) <= {*answers, *DERIVED}
    assert "Traceback" not in refused.stdout + refused.stderr
    assert list(out.iterdir()) == []
    assert list(out.parent.iterdir()) == [out]


def test_names_that_cannot_be_derived_are_refused_by_name(template: Path, out: Path) -> None:
    refused = run_cookiecutter(template, out, "project_name=???")

    assert "project_slug: is empty" in refused.stdout
    assert list(out.iterdir()) == []


def test_a_value_that_is_no_choice_is_refused_with_the_choices(template: Path, out: Path) -> None:
    refused = run_cookiecutter(template, out, "problem=clustering")

    assert refused.returncode == 1
    assert "['classification', 'regression']" in refused.stderr
    assert list(out.iterdir()) == []


def test_cruft_names_each_fault_without_a_traceback(template: Path, out: Path) -> None:
    answers = {"project_slug": "a/b", "contact": "me"}
    command = [sys.executable, "-m", "cruft", "create", str(template), "--no-input"]

    refused = run([*command, "--output-dir", str(out), "--extra-context", json.dumps(answers)], out)

    assert refused.returncode == 1
    assert named_in(refused.stderr) == ["project_slug", "package_name", "contact"]
    assert "Traceback" not in refused.stdout + refused.stderr
    assert list(out.iterdir()) == []


def test_callers_of_the_api_get_cookiecutters_own_exception(template: Path, out: Path) -> None:
    with pytest.raises(FailedHookException, match="owner: 'me' is not a code-owner handle"):
        generate(template, out, owner="me")
    assert list(out.iterdir()) == []


def test_a_replay_file_cannot_go_around_the_judge(
    template: Path, out: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = generate(template, tmp_path / "good")
    replay = tmp_path / "replay.json"
    answers = {name: value[0] if isinstance(value, list) else value for name, value in MENU.items()}
    answers |= {"project_slug": project.name, "package_name": "x", "__target": "late", "__remote_url": "../x"}
    answers |= {name: MENU[name] for name in MENU if name.startswith("_") and not name.startswith("__")}
    answers |= {"__accepted": "True", "contact": "'''; import os; os.mkdir('ran') #"}
    replay.write_text(json.dumps({"cookiecutter": answers}))

    with pytest.raises(FailedHookException):
        cookiecutter(str(template), replay=str(replay), output_dir=str(out))

    assert named_in(capfd.readouterr().err) == ["package_name", "contact"]
    assert list(out.iterdir()) == []
