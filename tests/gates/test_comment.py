"""The comment under a pull request, written over HTTP to a server that answers as GitHub does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from goldenpath.gates import comment
from goldenpath.project.errors import ProjectError
from goldenpath.repository import wheel
from tests.sample import TEMPLATE

HEAD = "c0ffee" + "0" * 34
RUN = {
    "id": 11,
    "conclusion": "failure",
    "html_url": "https://github.example/run/11",
    "head_branch": "patch/1&x=y",
    "head_sha": HEAD,
    "head_repository": {"id": 5, "owner": {"login": "stranger"}},
    "pull_requests": [],
}


def pull(number: int = 7, sha: str = HEAD, repository: int = 5) -> dict[str, Any]:
    return {"number": number, "head": {"sha": sha, "repo": {"id": repository}}}


def archive(text: str, name: str = "pull-request.md") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, text)
    return made.getvalue()


@dataclass
class Served:
    """What the server has, and what was sent to it."""

    url: str = ""
    pulls: list[dict[str, Any]] = field(default_factory=lambda: [pull()])
    archives: dict[int, bytes] = field(default_factory=lambda: {3: archive("## Not green: data\n")})
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path.endswith("/pulls"):
            assert query["head"] == ["stranger:patch/1&x=y"]
            return self.pulls
        if path.endswith("/actions/runs/11/artifacts"):
            return {"artifacts": [{"id": number} for number in self.archives]}
        first = 100 * (int(query["page"][0]) - 1)
        return self.comments[first : first + 100]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server, to which the environment leads as that of comment.yml leads to GitHub."""
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.tokens.append((parts.path, self.headers["Authorization"]))
            if parts.path.endswith("/zip"):
                self.send_response(302)
                self.send_header("Location", f"/kept/{parts.path.split('/')[-2]}")
                self.end_headers()
                return
            kept = parts.path.startswith("/kept/")
            body = (
                state.archives[int(parts.path.split("/")[-1])]
                if kept
                else json.dumps(state.answer(parts.path, parse_qs(parts.query))).encode()
            )
            self.reply(body)

        def do_POST(self) -> None:
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            state.sent.append((self.command, self.path, text))
            self.reply(b"{}")

        do_PATCH = do_POST  # noqa: N815

        def reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": RUN}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_API_URL", state.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/product")
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    yield state
    server.shutdown()
    server.server_close()


def test_the_first_report_becomes_a_comment(served: Served) -> None:
    comment.run()

    [(method, path, text)] = served.sent
    assert (method, path) == ("POST", "/repos/team/product/issues/7/comments")
    assert text.startswith(comment.MARK)
    assert f"CI ended with **failure** on {HEAD}: [the run](https://github.example/run/11)." in text
    assert "## Not green: data" in text


def test_the_next_report_takes_the_place_of_the_last(served: Served) -> None:
    others = [{"id": number, "user": {"login": "reader"}, "body": comment.MARK} for number in range(120)]
    served.comments = [*others, {"id": 900, "user": {"login": comment.AUTHOR}, "body": f"{comment.MARK}\nold"}]

    comment.run()

    assert [(method, path) for method, path, _ in served.sent] == [
        ("PATCH", "/repos/team/product/issues/comments/900"),
    ]


@pytest.mark.parametrize(
    "pulls",
    [[], [pull(sha="0" * 40)], [pull(repository=6)], [{"number": 7, "head": {"sha": HEAD, "repo": None}}]],
    ids=["closed", "moved-on", "another-fork", "fork-is-gone"],
)
def test_a_pull_request_that_the_run_has_not_checked_is_left_alone(served: Served, pulls: list[dict[str, Any]]) -> None:
    served.pulls = pulls

    said = comment.run()

    assert served.sent == []
    assert "No open pull request has c0ffee000 as its head" in said


def test_a_run_without_a_report_writes_nothing(served: Served) -> None:
    served.archives = {}

    said = comment.run()

    assert served.sent == []
    assert "This run left no report" in said


def test_the_token_goes_to_github_alone(served: Served) -> None:
    comment.run()

    assert {token for path, token in served.tokens if path.startswith("/repos/")} == {"Bearer t0ken"}
    assert [token for path, token in served.tokens if path.startswith("/kept/")] == [None]


def test_a_report_calls_nobody_and_hides_nothing(served: Served) -> None:
    served.archives = {3: archive("@team/everyone\r\n\x1b[31mred\u202e drawkcab\x00\n")}

    comment.run()

    [(_, _, text)] = served.sent
    assert f"@{comment.APART}team/everyone\n[31mred drawkcab\n" in text


def test_a_report_that_is_too_long_is_cut_and_says_so(served: Served) -> None:
    served.archives = {3: archive("x" * 10_000_000)}

    comment.run()

    [(_, _, text)] = served.sent
    assert len(text) == comment.LONGEST
    assert text.endswith("The rest stands on the run's page.\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no archive", "pull-request.md cannot be read"),
        (archive("text", name="../pull-request.md"), "pull-request.md cannot be read"),
        (archive("text")[:60] + b"\0" * 40, "pull-request.md cannot be read"),
        (b"\0" * (comment.LARGEST_ARCHIVE + 1), "so it was not looked at"),
    ],
    ids=["no-archive", "another-name", "damaged", "too-large"],
)
def test_a_report_that_cannot_be_used_is_refused(served: Served, content: bytes, words: str) -> None:
    served.archives = {3: content}

    with pytest.raises(ProjectError, match=words):
        comment.run()

    assert served.sent == []


def test_a_refusal_of_github_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")

    with pytest.raises(ProjectError, match=r"GitHub: GET pulls\?state=open"):
        comment.run()


def test_on_a_persons_machine_it_says_who_can_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)

    with pytest.raises(ProjectError, match=r"only comment\.yml can run this"):
        comment.run()


@pytest.fixture(scope="module")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's wheel, as projects hold it."""
    return wheel.build(TEMPLATE, tmp_path_factory.mktemp("vendor"))


def straight_from(vendored: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the comment by a Python that has nothing installed."""
    words = [sys.executable, "-S", "-m", "goldenpath.gates.comment"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment |= {"PYTHONPATH": str(vendored), **variables}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def test_it_runs_from_the_wheel_where_nothing_is_installed(served: Served, vendored: Path) -> None:
    done = straight_from(vendored)

    assert (done.returncode, done.stdout, done.stderr) == (0, "Told under #7.\n", "")
    assert [path for _, path, _ in served.sent] == ["/repos/team/product/issues/7/comments"]


def test_from_the_wheel_a_failure_reads_as_that_of_the_verb(served: Served, vendored: Path) -> None:
    done = straight_from(vendored, GITHUB_API_URL="http://127.0.0.1:9")

    assert done.returncode == 1
    assert done.stderr.startswith("pr-comment failed.\nGitHub: GET pulls")
