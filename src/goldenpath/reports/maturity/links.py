"""Where the files of a repository can be seen on the web: those of the product, and the handbook of its template."""

from __future__ import annotations

import re
from collections.abc import Mapping

from goldenpath.reports.maturity.sanitize import web_link

STANDARDS = "docs/standards/"
"""Where the template keeps the documents that explain the catalogue."""


def forge_of(remote: str, commit: str | None, environment: Mapping[str, str]) -> str:
    """Where the files of a commit can be seen, ending in a slash; empty where that cannot be told.

    Args:
        remote: The address of the git remote, in any of git's forms.
        commit: The commit.
        environment: What the CI system says of itself (``GITHUB_SERVER_URL`` and ``GITHUB_REPOSITORY``).
    """
    if not commit:
        return ""
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    if server and repository:
        return web_link(f"{server}/{repository}/blob/{commit}/")
    return _files_at(remote, commit)


def handbook_of(source: str, version: str) -> str:
    """Where the template's handbook can be read, ending in a slash; empty where the template has no home on the web.

    Args:
        source: The template as the product recorded it: an address in any of git's forms, ``gh:owner/name``, or a path.
        version: The version of the template; its tag is this after a ``v``.
    """
    if not re.fullmatch(r"\d[\w.+-]*", version):
        return ""
    address = re.sub(r"^gh:(?=\w)", "https://github.com/", source.strip().removeprefix("git+"))
    files = _files_at(address, f"v{version}")
    return f"{files}{STANDARDS}" if files else ""


def _files_at(remote: str, revision: str) -> str:
    # What stands before an @ may be a password.
    found = re.fullmatch(
        r"(?:(?:https?|ssh|git)://(?:[^/@]*@)?([\w.-]+)(?::\d+)?/|(?:[\w.-]+@)?([\w-]+\.[\w.-]+):(?!//))(.+?)(?:\.git)?/?",
        remote.strip(),
    )
    if found is None:
        return ""
    host, path = found[1] or found[2], found[3].strip("/")
    view = "-/blob" if "gitlab" in host else "src" if "bitbucket" in host else "blob"
    return web_link(f"https://{host}/{path}/{view}/{revision}/")
