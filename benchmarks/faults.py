"""What becomes of callers and data when things go wrong, as a table: the project's own tests with real processes.

Each of these tests tells what it saw (``FAULT_FACTS``); ten times the load lasts a full minute here. Run as root: the
disk that is full is one of its own. Needs ``redis-server`` and ``libfaketime`` (Debian: ``apt-get install
redis-server faketime``). ``make fault-table``, or ``benchmarks/faults.py PROJECT`` for a project that is set up.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pages
from pipeline import generate, runner

TESTS = ("test_faults.py", "test_events.py", "test_batch.py", "test_cache.py", "test_hostile_input.py")
MINUTE = "60"
MOST_UNWRITTEN = "100_000"
"""Records that the service lets wait for the disk; the test alone makes do with fewer."""
AT_ONCE_SECONDS = 0.02


def main() -> int:
    """Run the tests and write the table of docs/faults.md; 1 where one of them fails or cannot be run here."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
        project = given or generate(Path(folder))
        if not given:
            runner(project)(["make", "setup"])
        facts = Path(folder) / "facts.jsonl"
        variables = {"FAULT_FACTS": str(facts), "OVERLOAD_SECONDS": MINUTE, "MOST_UNWRITTEN": MOST_UNWRITTEN}
        variables["PYTHONPATH"] = str(project / "src")
        tests = [f"tests/serving/{name}" for name in TESTS]
        try:
            said = runner(project, variables)([".venv/bin/python", "-m", "pytest", "-q", "-rs", *tests])
        except subprocess.CalledProcessError as error:
            print(error.stdout, file=sys.stderr)
            return 1
        if "SKIPPED" in said:
            print(said, file=sys.stderr)
            return 1
        found = [json.loads(line) for line in facts.read_text(encoding="utf-8").splitlines()]
    rows = [[it["fault"], it["seen"], it["lost"], recovery(it["seconds"]), test(it["test"])] for it in found]
    pages.write(pages.FAULTS, "faults", ("fault", "what callers see", "what is lost", "recovery", "shown by"), rows)
    return 0


def recovery(seconds: float | None) -> str:
    """How long it took until all was as before."""
    if not seconds:
        return "none needed"
    return "at once" if seconds < AT_ONCE_SECONDS else f"{seconds:.2f} s"


def test(name: str) -> str:
    """The test's name, as it can be found."""
    return f"`{name.rpartition('/')[2].partition('[')[0]}`"


if __name__ == "__main__":
    sys.exit(main())
