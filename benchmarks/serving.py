"""How many requests for one row a second the service answers, and how slow its slowest are.

Beside it, in the same run and in turn: FastAPI echoing the same JSON under the same server, which is the least that a
service can do, and ``mlflow models serve`` with the same model. Ours runs as in production: it asks for a key, logs
every request and every prediction, and counts. CPU time is that of all processes of a server, and tells little of how
busy the machine is otherwise. The table goes into docs/speed.md. Needs ``wrk`` (Debian: ``apt-get install wrk``):
``make bench-serving``, or ``benchmarks/serving.py PROJECT`` for a project whose pipeline has run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pages
from pipeline import IN_PROJECT, generate, runner
from rich.table import Table

MLFLOW = ("mlflow>=3.17,<3.18", "skops>=0.16,<1", "scikit-learn>=1.9,<1.10")
MLFLOW_SERVER = "mlflow models serve"
CONNECTIONS = 16
SECONDS = 10
ROUNDS = 3
START_SECONDS = 120.0
KEY = "benchmark"
LEAST_OF_ECHO = 0.6
LEAST_TIMES_MLFLOW = 50.0
MOST_OF_MLFLOW_P99 = 0.1
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Server:
    """A server under load: its name, its port, its path, the body that it is sent, and its process group."""

    name: str
    port: int
    path: str
    body: str
    group: int


@dataclass(frozen=True)
class Round:
    """One run of ``wrk``: requests a second, milliseconds at two percentiles, CPU µs per request, answers but 2xx."""

    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int


def main() -> int:
    """Measure, print a table, and return 0 when every target is met, 1 otherwise."""
    if shutil.which("wrk") is None:
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        project = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else trained(scratch)
        servers = [stack.enter_context(ours(project, scratch)), stack.enter_context(echo(project))]
        try:
            servers.append(stack.enter_context(mlflow(project, scratch)))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"MLflow does not run here, so nothing is said of it: {error}", file=sys.stderr)
        found: dict[str, list[Round]] = {server.name: [] for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                found[server.name].append(press(server, scratch))
    return told({name: middle(rounds) for name, rounds in found.items()})


def told(found: dict[str, Round]) -> int:
    """Print what was measured; 0 when every target is met."""
    own = found["ours"]
    table = Table(title=f"One row over HTTP, {CONNECTIONS} connections, one worker, {os.cpu_count()} cores")
    for heading in ("server", "requests/s", "p50", "p99", "CPU per request", "failed", "ours is", "target"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    is_met = own.failed == 0 and MLFLOW_SERVER in found
    for name, item in found.items():
        ratio, target = "", ""
        if name == "FastAPI echo":
            ratio, target = f"{own.rate / item.rate:.0%}", f"≥ {LEAST_OF_ECHO:.0%}"
            is_met &= own.rate >= LEAST_OF_ECHO * item.rate
        elif name == MLFLOW_SERVER:
            ratio = f"{own.rate / item.rate:.0f} times, p99 {own.p99 / item.p99:.0%}"
            target = f"≥ {LEAST_TIMES_MLFLOW:.0f} times, ≤ {MOST_OF_MLFLOW_P99:.0%}"
            is_met &= own.rate >= LEAST_TIMES_MLFLOW * item.rate and own.p99 <= MOST_OF_MLFLOW_P99 * item.p99
        times = (f"{item.p50:.1f} ms", f"{item.p99:.1f} ms", f"{item.cpu:.0f} µs")
        table.add_row(name, f"{item.rate:,.0f}", *times, str(item.failed), ratio, target)
    pages.show(table, pages.SPEED if MLFLOW_SERVER in found else None, "serving")
    return int(not is_met)


def press(server: Server, scratch: Path) -> Round:
    """Keep the server busy for a while.

    Raises:
        RuntimeError: ``wrk`` told nothing that can be read.
    """
    script = scratch / "post.lua"
    headers = f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["X-API-Key"] = "{KEY}"\n'
    script.write_text(f'wrk.method = "POST"\n{headers}wrk.body = [==[{server.body}]==]\n')
    url = f"http://127.0.0.1:{server.port}{server.path}"
    options = ("-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "30s", "--latency", "-s", str(script))
    before = cpu_seconds(server.group)
    said = subprocess.run(["wrk", *options, url], check=True, capture_output=True, text=True).stdout
    cpu = cpu_seconds(server.group) - before
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    times = {share: float(value) * UNITS[unit] for share, value, unit in re.findall(r"(\d+)%\s+([\d.]+)(\w+)", said)}
    if rate is None or requests is None or not {"50", "99"} <= set(times):
        raise RuntimeError(said)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    used = cpu / max(1, int(requests[1])) * 1e6
    return Round(float(rate[1]), times["50"], times["99"], used, int(failed[1]) if failed else 0)


def cpu_seconds(group: int) -> float:
    """What all processes of a group have used, user and system."""
    used = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            if int(fields[2]) == group:
                used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def middle(rounds: Sequence[Round]) -> Round:
    """The median of each number, and all failures."""
    names = ("rate", "p50", "p99", "cpu")
    rate, p50, p99, cpu = (statistics.median(getattr(item, name) for item in rounds) for name in names)
    return Round(rate, p50, p99, cpu, sum(item.failed for item in rounds))


def trained(scratch: Path) -> Path:
    """A fresh project whose pipeline has run."""
    project = generate(scratch)
    run = runner(project)
    for target in ("setup", "run"):
        run(["make", target])
    return project


@contextmanager
def ours(project: Path, scratch: Path) -> Iterator[Server]:
    """The project's service, as in production."""
    keys = scratch / "keys"
    keys.write_text(f"benchmark {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    variables = {
        "ENVIRONMENT": "prod",
        "AUTH": "api-key",
        "API_KEYS_FILE": str(keys),
        "PREDICTION_LOG": str(scratch / "predictions"),
        "CACHE": "off",  # every request is the same row, and it is the model that is measured
    }
    port = free_port()
    command = [str(project / ".venv/bin/goldenpath"), "serve", "--port", str(port)]
    with started(command, port, "/readyz", project, scratch / "ours.log", variables) as group:
        yield Server("ours", port, "/predict", json.dumps(example(project)), group)


@contextmanager
def echo(project: Path) -> Iterator[Server]:
    """FastAPI under the same server, which writes no line per request."""
    port = free_port()
    uvicorn = ("-m", "uvicorn", "echo_service:app", "--no-access-log", "--log-level", "warning", "--port", str(port))
    command = [str(project / ".venv/bin/python"), *uvicorn]
    with started(command, port, "/openapi.json", IN_PROJECT, Path(os.devnull), {}) as group:
        yield Server("FastAPI echo", port, "/predict", json.dumps(example(project)), group)


@contextmanager
def mlflow(project: Path, scratch: Path) -> Iterator[Server]:
    """``mlflow models serve`` in an environment of its own, with the scikit-learn pipeline behind the ONNX graph.

    Raises:
        subprocess.CalledProcessError: MLflow cannot be installed, or does not save the model.
        RuntimeError: It does not start.
    """
    home, model, port = scratch / "mlflow", scratch / "model", free_port()
    venv.create(home, with_pip=True)
    python = str(home / "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *MLFLOW], check=True)
    variables = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    save = [python, str(IN_PROJECT / "mlflow_model.py"), str(model)]
    subprocess.run(save, cwd=project, env=os.environ | variables, check=True)
    words = ("models", "serve", "--model-uri", str(model), "--port", str(port), "--env-manager", "local")
    command, said = [str(home / "bin/mlflow"), *words], scratch / "mlflow.log"
    with started(command, port, "/ping", scratch, said, variables) as group:
        rows = {"dataframe_records": [example(project)]}
        yield Server(MLFLOW_SERVER, port, "/invocations", json.dumps(rows), group)


@contextmanager
def started(
    command: Sequence[str], port: int, path: str, folder: Path, said: Path, variables: dict[str, str]
) -> Iterator[int]:
    """A server, once it answers: its process group, which is gone at the end.

    Raises:
        RuntimeError: It does not answer in time.
    """
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | variables, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port, path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not start: {said.read_text()[-500:] if said.is_file() else ''}")
            time.sleep(0.1)
        yield process.pid
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def answers(port: int, path: str) -> bool:
    """Whether a path answers 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def example(project: Path) -> dict[str, object]:
    """The contract's example row."""
    code = (
        "import json; from goldenpath.project import contract; "
        "from goldenpath.serving.rest.request import example_row; "
        "print(json.dumps(example_row(contract.load()), default=str))"
    )
    found: dict[str, object] = json.loads(
        runner(project, {"PYTHONPATH": str(project / "src")})([".venv/bin/python", "-c", code])
    )
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
