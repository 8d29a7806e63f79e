"""Tag a release: ``goldenpath release``. Its version stands in ``pyproject.toml``, its notes in ``CHANGELOG.md``."""

from __future__ import annotations

import re
from pathlib import Path

from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

CHANGELOG = Path("CHANGELOG.md")
_UNRELEASED = re.compile(r"^## \[?Unreleased\]?[ \t]*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def release(root: Path, day: str) -> str:
    """Tag the last commit; where the notes are still unreleased, give them the version and commit that first.

    Args:
        root: The project's folder.
        day: The day of the release, ISO 8601.

    Returns:
        What was done and what to do next.

    Raises:
        ProjectError: Something is not committed, the version was released before, or there is nothing to tell of it.
    """
    version = distribution.load(root).version
    name = f"v{version}"
    git.refuse_changes(root)
    if git.tags(root, name):
        raise ProjectError(
            f"{name} is released already. Raise version in {distribution.PATH} and commit, then say it again."
        )
    text = (root / CHANGELOG).read_text(encoding="utf-8") if (root / CHANGELOG).is_file() else ""
    if not re.search(rf"^## \[?{re.escape(version)}\]?", text, re.MULTILINE):
        (root / CHANGELOG).write_text(dated(text, version, day), encoding="utf-8")
        git.run(root, "add", "--", str(CHANGELOG))
        git.run(root, "commit", "--quiet", "--message", f"Release {version}", "--", str(CHANGELOG))
    git.tag(root, name, name)
    return f"Tagged {name}. To publish it: git push --follow-tags"


def dated(text: str, version: str, day: str) -> str:
    """The changelog with what is unreleased under a version, and an empty section for what comes next.

    Raises:
        ProjectError: Nothing stands under Unreleased.
    """
    found = _UNRELEASED.search(text)
    if found is None or not found[1].strip():
        raise ProjectError(f"{CHANGELOG}: nothing stands under Unreleased. Say what {version} changes for its users.")
    return text[: found.start()] + f"## [Unreleased]\n\n## [{version}] - {day}\n{found[1]}" + text[found.end() :]
