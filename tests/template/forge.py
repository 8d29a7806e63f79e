"""Stands in for GitHub: a repository behind HTTP that asks for the job's token, and the program ``gh``."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "of-one-job"  # noqa: S105  # opens nothing but the server below
GH = """\
#!/bin/sh
# Merges a pull request at once, under another commit id, as a rebase on the forge does.
set -e
case "$1 $2" in
"auth git-credential")
    test "$3" != get || printf 'username=x-access-token\\npassword=%s\\n' "$GH_TOKEN" ;;
"run list")
    test -n "$GH_TOKEN"
    grep --only-matching "$8" "$FORGE/green-commits" || true ;;
"pr create")
    test -n "$GH_TOKEN"
    case " $* " in *" --body-file - "*) printf '%s\\n' "$*" > "$FORGE/asked"; cat >> "$FORGE/asked" ;; esac
    echo https://github.com/your-org/flight-delays/pull/7 ;;
"api repos/"*)
    test -n "$GH_TOKEN"
    echo "$@" >> "$FORGE/dispatched" ;;
"pr merge")
    test -n "$GH_TOKEN"
    export GIT_DIR="$FORGE" GIT_COMMITTER_NAME=GitHub GIT_COMMITTER_EMAIL=noreply@github.com
    export GIT_AUTHOR_NAME="$(git log -1 --format=%an "$3")" GIT_AUTHOR_EMAIL="$(git log -1 --format=%ae "$3")"
    export GIT_AUTHOR_DATE="$(git log -1 --format=%aI "$3")"
    test "$(git rev-parse "$3^")" = "$(git rev-parse main)"
    made=$(git log -1 --format=%B "$3" | git commit-tree "$3^{tree}" -p main)
    git update-ref refs/heads/main "$made"
    git update-ref -d "refs/heads/$3" ;;
*)
    echo "gh $*: not known here" >&2
    exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Forge:
    """A running stand-in.

    Attributes:
        repository: The bare repository, for those who need not ask.
        url: Its address, for those who must.
        programs: The folder that holds ``gh``.
    """

    repository: Path
    url: str
    programs: Path

    def pass_gates(self, commit: str) -> None:
        """Let the gates of a commit on main be green from now on."""
        with (self.repository / "green-commits").open("a") as file:
            file.write(f"{commit}\n")

    @property
    def environment(self) -> dict[str, str]:
        """What has to be set for ``gh`` and for the checkout of a workflow."""
        return {"FORGE": str(self.repository), "ORIGIN": self.url, "PATH": f"{self.programs}:{os.environ['PATH']}"}


@contextmanager
def forge(folder: Path) -> Iterator[Forge]:
    """Serve an empty repository on loopback to whom has the token."""
    repository, programs = folder / "shared.git", folder / "programs"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(repository)], check=True)
    programs.mkdir()
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(0o755)

    class Handler(_Handler):
        root = folder

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Forge(repository, f"http://127.0.0.1:{server.server_port}/{repository.name}", programs)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Hands requests on to git's own server program, which speaks CGI (RFC 3875)."""

    root: Path

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""

    def _answer(self) -> None:
        wanted = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        told = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "x-access-token",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(
            ["git", "http-backend"], env=os.environ | told, input=given, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
