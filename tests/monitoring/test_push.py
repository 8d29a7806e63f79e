from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from goldenpath.monitoring import exposition, push
from goldenpath.monitoring.exposition import Gauge
from tests.command import exit_code

ALARMS = Gauge("drift_column_alarm", "1 in alarm.", {("a",): 1.0, ("b",): 0.0}, ("column",))
LABELS = Gauge("realized_labels_total", "Labels.", {(): 7.0}, is_counter=True)
NEVER = Gauge("realized_through_timestamp_seconds", "Time.", {})


@dataclass
class Taken:
    """What came to a stand-in for a Pushgateway.

    Attributes:
        url: Its address.
        answer: What it answers: status and words.
        puts: Path, content type, token and content of what was put there.
    """

    url: str = ""
    answer: tuple[int, str] = (200, "")
    puts: list[tuple[str, str, str, str]] = field(default_factory=list)


@pytest.fixture
def gateway() -> Iterator[Taken]:
    """A server that writes down what is put there."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            taken.puts.append((self.path, self.headers["Content-Type"], self.headers.get("Authorization", ""), text))
            self.send_response(taken.answer[0])
            self.end_headers()
            self.wfile.write(taken.answer[1].encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        taken.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield taken
        server.shutdown()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product with the metrics of two jobs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "late-trains"\n')
    for name in ("ENVIRONMENT", push.TOKEN):
        monkeypatch.delenv(name, raising=False)
    exposition.write(push.REPORTS / "drift.prom", [ALARMS])
    exposition.write(push.REPORTS / "performance.prom", [LABELS, NEVER])
    return tmp_path


def run(*words: str) -> int:
    return exit_code("push-metrics", *words)


@pytest.mark.usefixtures("reports")
def test_every_file_replaces_its_own_job_of_the_environment(
    gateway: Taken, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "prod")
    monkeypatch.setenv(push.TOKEN, "secret\n")  # as a file holds it

    assert run(f"{gateway.url}/") == 0

    jobs = ("drift", "performance")
    assert [path for path, *_ in gateway.puts] == [
        f"/metrics/job/{job}/product/late-trains/environment/prod" for job in jobs
    ]
    assert {(kind, token) for _, kind, token, _ in gateway.puts} == {(push.CONTENT_TYPE, "Bearer secret")}
    assert "secret" not in capsys.readouterr().out


@pytest.mark.usefixtures("reports")
def test_what_is_sent_is_the_older_text_format_and_holds_no_family_without_a_number(
    gateway: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(gateway.url)

    families = [family for *_, text in gateway.puts for family in text_string_to_metric_families(text)]
    assert [(family.name, family.type) for family in families] == [
        ("drift_column_alarm", "gauge"), ("realized_labels", "counter")]  # fmt: skip
    values = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    assert values == {("drift_column_alarm", "a"): 1, ("drift_column_alarm", "b"): 0, ("realized_labels_total",): 7}
    assert "# EOF" not in gateway.puts[0][3]


@pytest.mark.usefixtures("reports")
def test_one_file_alone_may_be_named(gateway: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    exposition.write(Path("elsewhere/batch.prom"), [LABELS])

    assert run(gateway.url, "--metrics", "elsewhere/batch.prom") == 0
    assert [path for path, *_ in gateway.puts] == ["/metrics/job/batch/product/late-trains/environment/local"]


@pytest.mark.usefixtures("reports")
def test_without_a_pushgateway_nothing_is_sent_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("") == 0
    assert "No metrics are pushed: PUSHGATEWAY is not set" in capsys.readouterr().out


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((400, "bad type"), "did not take the metrics of performance: 400 bad type. Others may have pushed"),
        ((404, "no page"), "did not take the metrics of drift: 404 no page. Check that PUSHGATEWAY is the address"),
        ((401, ""), "401 Unauthorized. Put the token that it wants into PUSHGATEWAY_TOKEN"),
    ],
)
def test_what_the_pushgateway_refuses_is_told_in_its_words(
    gateway: Taken, answer: tuple[int, str], told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    gateway.answer = answer

    assert run(gateway.url) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("http://127.0.0.1:1",), "http://127.0.0.1:1: cannot be reached: .* a runner outside"),
        (("pushgateway:9091",), "PUSHGATEWAY is not a valid URL: want http://host:9091"),
        (("http://me:hidden@host",), "without a user or password"),
        (("http://[::1",), "PUSHGATEWAY is not a valid URL"),
        (("http://host:port",), "PUSHGATEWAY is not a valid URL"),
        ((f"http://{'a' * 70}:9091",), "aaa:9091: cannot be reached"),
        (("http://127.0.0.1:1", "--metrics", "none.prom"), "none.prom: is no file of metrics"),
        (("http://127.0.0.1:1", "--metrics", "pyproject.toml"), "pyproject.toml: is no file of metrics"),
        (("http://127.0.0.1:1", "--metrics", "a b.prom"), "The file's name is 'a b', which is no label"),
    ],
)
def test_what_cannot_be_sent_is_told_with_how_to_fix_it(
    reports: Path, words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(*words) == 1
    error = capsys.readouterr().err
    assert len(re.findall(told, error)) == 1
    assert "hidden" not in error


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize("token", ["hid den", "hidden\r\nX: 1", "hidden…"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(push.TOKEN, token)

    assert run("http://127.0.0.1:1") == 1
    error = capsys.readouterr().err
    assert "PUSHGATEWAY_TOKEN is no token: want letters, digits and signs of ASCII without blanks" in error
    assert "hid" not in error


def test_before_anything_was_measured_it_is_told_what_measures(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in push.REPORTS.glob("*.prom"):
        path.unlink()

    assert run("http://127.0.0.1:1") == 1
    assert "reports: holds no *.prom. Run `goldenpath drift`" in capsys.readouterr().err
