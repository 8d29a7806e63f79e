"""Shows CI's report under its pull request; ``.github/workflows/comment.yml`` runs it.

This runs with the right to write comments, on the default branch's code, after CI has run somebody else's. What CI left
is therefore text of strangers: it is read with a limit, one named file of the archive and into memory only, and it may
call nobody. Which pull request it belongs to is never asked of it, but of GitHub, by branch and commit of the run.

Nothing but Python's own library is used, so that nothing has to be installed beside that right:
``PYTHONPATH=vendor/goldenpath-X.whl python -S -m goldenpath.gates.comment``.
"""

from __future__ import annotations

import io
import json
import os
import sys
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError

ARTIFACT, MEMBER = "pull-request-report", "pull-request.md"
LARGEST_ARCHIVE = 20 * 2**20
"""Bytes of an archive that is looked at; it may hold the page with its plots too."""
LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536."""
APART = "\N{ZERO WIDTH SPACE}"
"""Between @ and a name, it makes the name a word."""
MARK = "<!-- report of the gates -->"
AUTHOR = "github-actions[bot]"
PAGE = 100
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Run:
    """A finished run of CI, as GitHub tells of it.

    Attributes:
        id: Its number.
        conclusion: Such as ``success``.
        url: Its page.
        owner: Whose repository the branch lies in; that of a fork, perhaps.
        repository: That repository's number.
        branch: The branch.
        commit: What was checked.
    """

    id: int
    conclusion: str
    url: str
    owner: str
    repository: int
    branch: str
    commit: str


@dataclass(frozen=True)
class GitHub:
    """A repository on GitHub.

    Attributes:
        api: The address of GitHub's API.
        repository: ``owner/name``.
        token: What it is asked with.
    """

    api: str
    repository: str
    token: str

    def ask(self, path: str, *, method: str = "GET", send: Any = None, limit: int = -1) -> bytes:
        """Ask, and return the answer, or its first ``limit`` bytes.

        Raises:
            ProjectError: It could not be reached, or refused.
        """
        body = None if send is None else json.dumps(send).encode()
        request = urllib.request.Request(f"{self.api}/repos/{self.repository}/{path}", body, method=method)  # noqa: S310
        request.add_header("Accept", "application/vnd.github+json")
        # Archives lie elsewhere, and whoever keeps them shall not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                found: bytes = answer.read(limit)
                return found
        except OSError as error:
            raise ProjectError(f"GitHub: {method} {path}: {error}") from error

    def read(self, path: str) -> Any:
        """Ask for JSON."""
        return json.loads(self.ask(path))


def run() -> str:
    """Write or renew the comment of the run of CI that GitHub tells of.

    Returns:
        What was done, for the log, also where there is nothing to tell or nobody to tell it to.

    Raises:
        ProjectError: No workflow runs this, the report cannot be used, or GitHub refused.
    """
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
        hub = GitHub(*(os.environ[name] for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")))
        finished = read_run(event["workflow_run"])
    except KeyError as error:
        raise ProjectError(f"{error} is not there: only comment.yml can run this.") from error
    return publish(hub, finished)


def read_run(told: Mapping[str, Any]) -> Run:
    """The run, from what GitHub hands to a workflow that follows it."""
    home = told["head_repository"]
    return Run(
        id=int(told["id"]),
        conclusion=str(told["conclusion"]),
        url=str(told["html_url"]),
        owner=str(home["owner"]["login"]),
        repository=int(home["id"]),
        branch=str(told["head_branch"]),
        commit=str(told["head_sha"]),
    )


def publish(hub: GitHub, run: Run) -> str:
    """Put the run's report under every open pull request whose head it has checked.

    Returns:
        What was done, for the log.

    Raises:
        ProjectError: The report cannot be used, or GitHub refused.
    """
    numbers = list(pull_requests(hub, run))
    if not numbers:
        return f"No open pull request has {run.commit[:9]} as its head: it has moved on, and its next run will tell."
    text = report(hub, run)
    if text is None:
        return "This run left no report: where only documents changed, there is none."
    for number in numbers:
        write(hub, number, comment(run, text))
    return f"Told under {', '.join(f'#{number}' for number in numbers)}."


def pull_requests(hub: GitHub, run: Run) -> Iterator[int]:
    """The numbers of the open pull requests that this run has checked, by GitHub's own word."""
    head = urllib.parse.quote(f"{run.owner}:{run.branch}", safe="")
    for found in hub.read(f"pulls?state=open&head={head}&per_page={PAGE}"):
        home = found["head"]["repo"] or {}  # a fork may be gone
        if found["head"]["sha"] == run.commit and home.get("id") == run.repository:
            yield int(found["number"])


def report(hub: GitHub, run: Run) -> str | None:
    """The report's text, as far as it may be long; None where the run left none.

    Raises:
        ProjectError: The archive is too large or damaged, or the report is not in it.
    """
    found = hub.read(f"actions/runs/{run.id}/artifacts?name={ARTIFACT}&per_page={PAGE}")["artifacts"]
    if not found:
        return None
    newest = max(int(item["id"]) for item in found)
    archive = hub.ask(f"actions/artifacts/{newest}/zip", limit=LARGEST_ARCHIVE + 1)
    if len(archive) > LARGEST_ARCHIVE:
        raise ProjectError(f"{ARTIFACT}: larger than {LARGEST_ARCHIVE:,} bytes, so it was not looked at.")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as unpacked, unpacked.open(MEMBER) as member:
            text = member.read(4 * LONGEST).decode("utf-8", errors="replace")
    except (KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ProjectError(f"{ARTIFACT}: {MEMBER} cannot be read: {error}") from error
    return text


def comment(run: Run, text: str) -> str:
    """The comment: what GitHub knows of the run, then what the run says of itself, harmless and not too long."""
    told = f"CI ended with **{run.conclusion}** on {run.commit}: [the run]({run.url})."
    # No control signs, nothing that turns the direction of writing round, and nobody is called.
    harmless = "".join(sign for sign in text if sign == "\n" or sign.isprintable()).replace("@", f"@{APART}")
    start = f"{MARK}\n{told}\n\n"
    room = LONGEST - len(start)
    if len(harmless) > room:
        more = "\n\nThe rest stands on the run's page.\n"
        harmless = harmless[: room - len(more)] + more
    return start + harmless


def write(hub: GitHub, number: int, body: str) -> None:
    """Renew the comment that stands under a pull request, or write the first."""
    page = 1
    while comments := hub.read(f"issues/{number}/comments?per_page={PAGE}&page={page}"):
        for found in comments:
            if found["user"]["login"] == AUTHOR and found["body"].startswith(MARK):
                hub.ask(f"issues/comments/{int(found['id'])}", method="PATCH", send={"body": body})
                return
        page += 1
    hub.ask(f"issues/{number}/comments", method="POST", send={"body": body})


if __name__ == "__main__":  # straight from the wheel, where click is not installed
    try:
        print(run())
    except ProjectError as error:
        sys.exit(f"pr-comment {error.outcome}.\n{error}")
