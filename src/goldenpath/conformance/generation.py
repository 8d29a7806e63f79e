"""Generate a project from the template, by cookiecutter's API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError


class GenerationError(ProjectError):
    """There is no project: the template could not be had, or it refused the answers."""


def generate(source: str, output_dir: Path, answers: Sequence[str], *, ask: bool) -> None:
    """Generate a project; the template's hook tells where it is and what comes next.

    Args:
        source: The template's folder, git URL or zip file.
        output_dir: The folder that gets the project's folder; it is made where there is none.
        answers: Answers as ``name=value``, which take the place of the template's defaults.
        ask: Whether to ask the person for each answer; else defaults are taken.

    Raises:
        GenerationError: cookiecutter is not installed, there is no such template, or it refused an answer.
    """
    known = parsed(answers)
    try:
        from cookiecutter.exceptions import CookiecutterException
        from cookiecutter.main import cookiecutter
    except ModuleNotFoundError as error:
        raise GenerationError(
            f"cookiecutter is not installed. It needs no installation where uv is: uvx cookiecutter {source}\n"
            "Else: pip install cookiecutter"
        ) from error
    menu = Path(source).expanduser() / "cookiecutter.json"
    if menu.is_file():  # a template elsewhere shows its questions only once cookiecutter has fetched it
        _refuse_unknown(known, json.loads(menu.read_text(encoding="utf-8")))
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        cookiecutter(source, no_input=not ask, extra_context=known or None, output_dir=str(output_dir))
    except SystemExit as refusal:  # how golden_path_answers speaks, inside cookiecutter and inside cruft
        raise GenerationError(str(refusal.code)) from refusal
    except subprocess.CalledProcessError as error:
        raise GenerationError(f"{source} cannot be fetched, see above.") from error
    except (CookiecutterException, ValueError, OSError) as error:  # ValueError: a choice that is not offered
        raise GenerationError(str(error)) from error


def parsed(answers: Sequence[str]) -> dict[str, str]:
    """Answers by their names.

    Raises:
        GenerationError: One is not ``name=value``, or a name comes twice.
    """
    known: dict[str, str] = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        name = name.strip()
        if not equals or not name:
            raise GenerationError(f"--answer {answer!r}: want name=value, such as project_name='Late Trains'.")
        if name in known:
            raise GenerationError(f"--answer {name}: given twice. Give it once.")
        known[name] = value.strip()
    return known


def _refuse_unknown(known: dict[str, str], menu: dict[str, Any]) -> None:
    """Stop at a name that the template does not ask for; cookiecutter itself would pass it over."""
    names = [name for name in menu if not name.startswith("_")]
    if unknown := [name for name in known if name not in names]:
        raise GenerationError(f"--answer {unknown[0]}: no question of the template. It asks for: {', '.join(names)}.")
