"""Lets cookiecutter and cruft judge the answers inside their own process.

A hook comes too late: cookiecutter creates the project's folder before it runs one, and logs a traceback when one
fails. ``cookiecutter.json`` therefore ends with a variable that calls ``accept_answers``, which this Jinja extension
provides. Both programs import it from the template's own folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension

from golden_path_answers.rules import find_faults

_TEMPLATE = Path(__file__).parent.parent
_PLACEHOLDERS_IN_PATHS = re.compile(r"\{\{cookiecutter\.(?:project_slug|package_name)\}\}")
_JINJA_OPENING = re.compile(r"\{[{%#]")


class Refusal(SystemExit, FailedHookException):
    """The answers are bad; the message has one line for each fault.

    cookiecutter prints a failed hook's message and exits with 1. cruft knows no such error, but as an exit the message
    is printed there too. Neither shows a traceback.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(["Refused, nothing was written:", *(f"  {fault}" for fault in faults)]))


class AnswersExtension(Extension):
    """Gives templates the judge and the template's folder, and keeps answers from being run as templates."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        menu = (_TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8")
        self._menu: Mapping[str, object] = json.loads(menu)
        environment.globals["accept_answers"] = self.accept
        environment.globals["answer_faults"] = self.faults
        environment.globals["template_folder"] = lambda: str(_TEMPLATE)

    def faults(self, answers: Mapping[str, object]) -> list[str]:
        """Judge the answers; see ``rules.find_faults``."""
        return find_faults(answers, self._menu)

    def accept(self, answers: Mapping[str, object]) -> bool:
        """Return True for good answers.

        Raises:
            Refusal: for bad ones, naming every fault.
        """
        if faults := self.faults(answers):
            raise Refusal(faults)
        return True

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """Keep an answer what it is: text.

        cookiecutter renders answers given on the command line as templates, so one with Jinja in it would run code, or
        fail with a traceback, before it could be judged. Only the template's own text is rendered.
        """
        if name is not None or not _JINJA_OPENING.search(source) or self._is_own(source):
            return source
        return source.replace("{", "{{ '{' }}")

    def _is_own(self, source: str) -> bool:
        if not _JINJA_OPENING.search(_PLACEHOLDERS_IN_PATHS.sub("", source)):
            return True
        if source in self._menu.values():
            return True
        hooks = (_TEMPLATE / "hooks").glob("*.py")
        return any(source == hook.read_text(encoding="utf-8") for hook in hooks)
