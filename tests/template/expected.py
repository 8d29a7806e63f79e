"""The files a generated project must consist of, as listed in ``expected_files.txt``.

A line there is a path, with the answers that it needs in brackets where it is optional. ``make expected-files``
rewrites the listing; its diff is then reviewed like any other change.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.template.generation import CHOICES, commit_template, files_of, generate

LISTING = Path(__file__).with_name("expected_files.txt")
PACKAGE = "flight_delays"
_LINE = re.compile(r"(?P<path>\S+)(?: +\[(?P<option>\w+)=(?P<values>[^\]]+)\])?")


def expected_files(answers: Mapping[str, Any]) -> set[str]:
    """List the files of a project generated from the answers; unnamed options have their default."""
    files = set()
    for line in LISTING.read_text(encoding="utf-8").splitlines():
        found = _LINE.fullmatch(line)
        assert found, f"{LISTING.name}: cannot read {line!r}"
        option = found["option"]
        if option is None or str(answers.get(option, CHOICES[option][0])) in found["values"].split("|"):
            files.add(found["path"].replace(PACKAGE, answers.get("package_name", PACKAGE)))
    return files


def _current_listing() -> list[str]:
    files: dict[tuple[str, str], set[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        template = commit_template(Path(scratch) / "template")
        for option, values in CHOICES.items():
            for value in values:
                out = Path(scratch) / f"{option}-{value}"
                files[option, str(value)] = files_of(generate(template, out, **{option: value}))
    return [_line(path, files) for path in sorted(set().union(*files.values()))]


def _line(path: str, files: Mapping[tuple[str, str], set[str]]) -> str:
    for option, values in CHOICES.items():
        kept = [str(value) for value in values if path in files[option, str(value)]]
        if 0 < len(kept) < len(values):
            return f"{path} [{option}={'|'.join(kept)}]"
    return path


if __name__ == "__main__":
    LISTING.write_text("\n".join([*_current_listing(), ""]), encoding="utf-8")
