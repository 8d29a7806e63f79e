"""The page that runs the model, in a real Chromium beside the real API; and the model with nothing around it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from goldenpath.project.paths import WEB_PACKAGES
from tests.template import debian, streams
from tests.template.docker import free_port
from tests.template.generation import TEMPLATE, run, verb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

SECONDS = 60
TOLERANCE = 1e-5
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ROWS = """
import json, pandas as pd
from goldenpath.project import contract
names = [column.name for column in contract.load().features]
rows = pd.read_parquet("data/split/test.parquet")[names].sample(300, random_state=0)
print(rows.to_json(orient="records", date_format="iso"))
"""
TO_PARQUET = """
import json, sys, pandas as pd
from pathlib import Path
folder = Path(sys.argv[1])
pd.DataFrame(json.loads((folder / "rows.json").read_text())).to_parquet(folder / "rows.parquet")
"""
OTHER_KINDS = """
import json, os, sys
from pathlib import Path
from goldenpath.project import contract
from goldenpath.model.predictor import Predictor
from goldenpath.serving.rest.request import RowReader
from goldenpath.serving.web import build
from tests.serving.web import made_model
folder, packages, made = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), {}
for kind in ("multiclass", "regression"):
    (folder / kind).mkdir()
    made_model.write(folder / kind, kind)
    os.chdir(folder / kind)
    build.build(packages=packages)
    reader, rows = RowReader(contract.load(), 1000), made_model.asked_rows()
    answers = Predictor.load().predict(reader.read(json.dumps(rows).encode()).inputs)
    made[kind] = [rows, [[answer.decision, answer.score] for answer in answers]]
print(json.dumps(made))
"""
ASK = """async rows => {
  const answers = [];
  for (const row of rows) {
    try {
      const { decision, score } = await window.predict(row);
      answers.push([decision, score]);
    } catch (error) {
      answers.push((error.faults ?? [{ message: String(error) }]).map((fault) => fault.message));
    }
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium, installed with npm from Debian's packages where they are missing."""
    programs = {"npm": "npm"} | ({} if any(map(shutil.which, BROWSERS)) else {"chromium": "chromium"})
    if reason := debian.install(programs):
        pytest.skip(reason)
    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, BROWSERS)))
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def built(walked: Path, browser: Browser) -> Iterator[Path]:  # installs npm
    """The folder of the page, made by its verb; tests that copy the project later need not copy it too."""
    done = verb(walked, "web")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"MiB  onnxruntime/ort-wasm-simd-threaded\.wasm", done.stdout)
    yield walked / "build" / "web"
    shutil.rmtree(walked / "build")


@contextmanager
def served(command: list[str], folder: Path, ready: str = "/") -> Iterator[str]:
    """Run a server on a free port, which its command names as {port}, and stop it with all that it started."""
    port = free_port()
    started = subprocess.Popen(
        [word.replace("{port}", str(port)) for word in command],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + SECONDS
        while not answers_at(address + ready):
            assert started.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(timeout=SECONDS)


def answers_at(address: str) -> bool:
    try:
        with urlopen(address, timeout=1):  # noqa: S310  # loopback
            return True
    except (HTTPError, URLError, OSError):
        return False


def files(folder: Path) -> list[str]:
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), "{port}"]


def asked(api: str, row: Any) -> list[Any]:
    """What the API answers to one row: decision and score, or what it says is wrong."""
    request = Request(f"{api}/predict", json.dumps(row).encode(), {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=SECONDS) as response:  # noqa: S310  # loopback
            [answer] = json.load(response)["predictions"]
            return [answer["decision"], answer["score"]]
    except HTTPError as refusal:
        return [fault["message"] for fault in json.load(refusal)["errors"]]


def opened(browser: Browser, address: str, **options: Any) -> tuple[Page, list[str], list[str]]:
    """A page once its model is ready, the addresses that it asked, and what the browser complained of."""
    page = browser.new_page(**options)
    addresses: list[str] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        complaints.extend([message.text] if message.type in ("error", "warning") else [])

    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    expect(page.locator("#verified")).not_to_have_text("not checked yet", timeout=SECONDS * 1000)
    return page, addresses, complaints


def rows_of(walked: Path) -> list[dict[str, Any]]:
    """Rows of the sample: as they are, with values left out, with categories never seen, and breaking the contract."""
    done = run([".venv/bin/python", "-c", ROWS], walked)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    names = list(rows[0])
    for number, row in enumerate(rows[100:200]):
        for name in (names[number % len(names)], "temperature", "plane_manufacturer"):
            row.pop(name, None)
    words = ("Sükhoi ✈", "NA", "null", "nan")  # those that mean nothing elsewhere are words to a model
    for number, row in enumerate(rows[200:280]):
        row |= {"plane_manufacturer": words[number % len(words)], "destination": "QQQ", "distance": 10 + number}
    wrong = [("carrier", "XX"), ("origin", 5), ("departure_hour", 24), ("humidity", "wet"), ("destination", "ord")]
    wrong += [("plane_age", 1.5), ("pressure", None), ("distance", None), ("wings", 2), ("visibility", 1e300)]
    for (name, value), row in zip(wrong * 2, rows[280:], strict=True):
        row[name] = value
    return rows


def test_the_page_answers_and_refuses_as_the_api_does_and_asks_nobody_else(
    walked: Path, built: Path, browser: Browser
) -> None:
    rows = rows_of(walked)
    service = [".venv/bin/goldenpath", "serve", "--port", "{port}"]
    with served(service, walked, "/readyz") as api:
        expected = [asked(api, row) for row in rows]

    with served([".venv/bin/goldenpath", "web", "--serve", "--port", "{port}"], walked) as address:
        page, addresses, complaints = opened(browser, address)
        found = page.evaluate(ASK, rows)

    assert differing(expected, found) == []
    assert sum(map(is_answer, expected)) > 200
    assert complaints == []
    assert all(asked_for.startswith(f"{address}/") for asked_for in addresses)
    assert {asked_for.removeprefix(f"{address}/") for asked_for in addresses} - {""} <= {
        path.relative_to(built).as_posix() for path in built.rglob("*")
    }


def test_every_way_of_asking_gives_the_same_answers(
    walked: Path, built: Path, browser: Browser, tmp_path: Path
) -> None:
    if reason := streams.install():
        pytest.skip(reason)
    with served([".venv/bin/goldenpath", "serve", "--port", "{port}"], walked, "/readyz") as api:
        answers = [(row, asked(api, row)) for row in rows_of(walked)]
    rows = [row for row, answer in answers if is_answer(answer)]
    by_rest = [answer for _, answer in answers if is_answer(answer)]

    with served(files(built), built) as address:
        in_browser = opened(browser, address)[0].evaluate(ASK, rows)

    assert len(by_rest) > 200
    assert not differing(by_rest, in_browser)
    assert not differing(by_rest, by_batch(walked, rows, tmp_path))
    assert not differing(by_rest, by_events(walked, rows, tmp_path))


def by_batch(walked: Path, rows: list[dict[str, Any]], folder: Path) -> list[list[Any]]:
    """What ``goldenpath batch`` answers to the rows as a file of Parquet."""
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    done = run([".venv/bin/python", "-c", TO_PARQUET, str(folder)], walked)
    assert done.returncode == 0, done.stderr
    done = verb(walked, "batch", str(folder / "rows.parquet"), str(folder / "answers.csv"), "--log", "off")
    assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "answers.csv").open(encoding="utf-8") as file:
        return [[json.loads(row["decision"]), float(row["score"])] for row in csv.DictReader(file)]


def by_events(walked: Path, rows: list[dict[str, Any]], folder: Path) -> list[list[Any]]:
    """What ``goldenpath consume`` answers to the rows as events."""
    with streams.redis(folder) as port:
        streams.send(port, rows)
        environment = os.environ | {"EVENTS_REDIS": f"redis://127.0.0.1:{port}/0", "METRICS_PORT": "0"}
        consumer = subprocess.Popen(
            [".venv/bin/goldenpath", "consume", "--log", str(folder / "log")],
            cwd=walked,
            env=environment,
            start_new_session=True,
        )
        try:
            streams.await_answers(port, len(rows))
        finally:
            os.killpg(consumer.pid, signal.SIGTERM)
            consumer.wait(timeout=SECONDS)
        found = {int(answer["asked"]["id"]): [answer["decision"], answer["score"]] for answer in streams.answers(port)}
    return [found[number] for number in range(len(rows))]


def differing(expected: list[list[Any]], found: list[list[Any]]) -> list[tuple[list[Any], list[Any]]]:
    return [pair for pair in zip(expected, found, strict=True) if not is_same(*pair)]


def is_answer(found: list[Any]) -> bool:
    """Whether this is a decision and a score, and no refusal."""
    return len(found) == 2 and isinstance(found[1], float)


def is_same(expected: list[Any], found: list[Any]) -> bool:
    """Whether two answers are one: the decision, and the score to the tolerance; or the same refusals."""
    if expected == found:
        return True
    scores = [answer[1] for answer in (expected, found) if is_answer(answer)]
    is_near = len(scores) == 2 and abs(scores[0] - scores[1]) <= TOLERANCE * max(1, abs(scores[0]))
    return is_near and (expected[0] == found[0] or isinstance(expected[0], float))


@pytest.mark.usefixtures("built")
def test_models_of_other_kinds_answer_as_in_python(walked: Path, browser: Browser, tmp_path: Path) -> None:
    command = [".venv/bin/python", "-c", OTHER_KINDS, str(tmp_path), str(WEB_PACKAGES)]
    done = run(command, walked, PYTHONPATH=str(TEMPLATE), OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)

    with served(files(tmp_path), tmp_path) as address:
        for kind, (rows, expected) in made.items():
            page, _, complaints = opened(browser, f"{address}/{kind}/build/web/")
            found = page.evaluate(ASK, rows)

            assert complaints == []
            assert [pair for pair in zip(expected, found, strict=True) if not is_same(*pair)] == []


def test_a_damaged_model_is_told_and_not_run(built: Path, browser: Browser, tmp_path: Path) -> None:
    page_files = tmp_path / "page"
    shutil.copytree(built, page_files)
    content = bytearray((page_files / "model.onnx").read_bytes())
    content[-1] ^= 1
    (page_files / "model.onnx").write_bytes(content)

    with served(files(page_files), tmp_path) as address:
        page, addresses, _ = opened(browser, address)

    expect(page.locator("#answer")).to_contain_text("it was damaged or exchanged, and is not run")
    expect(page.get_by_role("button", name="Predict")).to_be_disabled()
    assert not [asked_for for asked_for in addresses if asked_for.endswith(".wasm")]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_form_works_from_the_keyboard_and_says_what_is_wrong(
    built: Path, browser: Browser, tmp_path: Path, viewport: dict[str, int]
) -> None:
    with served(files(built), tmp_path) as address:
        page, _, complaints = opened(browser, address, viewport=viewport)
        page.get_by_role("button", name="Fill in the example").press("Enter")
        hour = page.get_by_label("Departure hour")
        hour.fill("24")
        hour.press("Enter")

        expect(hour).to_be_focused()
        expect(hour).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#fault-departure_hour")).to_have_text("Must be between 0 and 23.")
        expect(page.get_by_role("alert")).to_have_text("One value cannot be used.")

        hour.fill("17")
        hour.press("Enter")

        expect(page.locator("#answer .decision")).to_have_text(re.compile("^(yes|no)$"))
        expect(page.get_by_role("status")).to_contain_text("the decision is “yes”")
        expect(page.get_by_role("alert")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert complaints == []


def test_without_npm_it_says_what_is_missing(walked: Path, tmp_path: Path) -> None:
    # In an empty folder: no runtime of another test lies there.
    done = run([str(walked / ".venv" / "bin" / "goldenpath"), "web"], tmp_path, PATH=str(tmp_path))

    missing = "web needs npm, which comes with Node.js: install that, then run this again."
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["web failed.", missing]


def test_a_device_needs_no_more_than_the_document_says(walked: Path, tmp_path: Path) -> None:
    text = (TEMPLATE / "docs" / "how-to" / "browser.md").read_text()
    [snippet] = re.findall(r"```python\n(.+?)```", text, flags=re.DOTALL)
    locked = (walked / "requirements" / "serve.txt").read_text()
    wanted = re.findall(r"^((?:onnxruntime|numpy)==.+) \\$", locked, flags=re.MULTILINE)
    packages = str(tmp_path / "packages")
    installed = run([".venv/bin/uv", "pip", "install", "--no-deps", "--target", packages, *wanted], walked)
    assert installed.returncode == 0, installed.stderr
    shutil.copytree(walked / "models", tmp_path / "models")
    (tmp_path / "snippet.py").write_text(snippet)
    asked_rows = rows_of(walked)
    rows = [asked_rows[0], asked_rows[1], asked_rows[100], asked_rows[200]]
    command = [sys.executable, "-S", "snippet.py"]

    found = []
    for row in rows:
        (tmp_path / "row.json").write_text(json.dumps(row))
        done = run(command, tmp_path, PYTHONPATH=packages)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout)["scores"][1])

    ask = "import json, sys; from goldenpath.model.predictor import Predictor; "
    ask += "print(json.dumps([answer.score for answer in Predictor.load().predict(json.loads(sys.argv[1]))]))"
    expected = json.loads(run([".venv/bin/python", "-c", ask, json.dumps(rows)], walked).stdout)
    assert found == pytest.approx(expected, abs=TOLERANCE)
