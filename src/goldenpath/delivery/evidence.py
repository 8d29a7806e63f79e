"""Record what the review cannot see by reading: each proof is run, and leaves a receipt. ``goldenpath evidence``."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldenpath.project.exit_codes import Exit
from goldenpath.project.paths import MODEL, PREDICTION_LOG, split_file

ASKED = Path("logs/asked")
"""What batch and service are asked for evidence, held-out rows, beside production's log and metrics."""
LABELS = PREDICTION_LOG / "labels" / "labels.parquet"
RECORD = (sys.executable, "-m", "goldenpath", "record")


@dataclass(frozen=True)
class Proof:
    """A proof that can be run.

    Attributes:
        criterion: The criterion that it proves.
        about: What it shows.
        command: The command, as people type it.
        options: Options of ``goldenpath record``.
        obstacle: Why it cannot be run in a project's folder; empty where it can.
    """

    criterion: str
    about: str
    command: str
    options: str = ""
    obstacle: Callable[[Path], str] = lambda _: ""


def _without_tools(_: Path) -> str:
    missing = [name for name in ("promtool", "amtool") if shutil.which(name) is None]
    return f"it needs {' and '.join(missing)}, which are not installed" if missing else ""


def _without_labels(root: Path) -> str:
    if (root / LABELS).is_file():
        return ""
    return "it takes labels of what was served, which `goldenpath labels FILE` imports"


PROOFS: Sequence[Proof] = (
    Proof(
        "CQ-02",
        "the README's first commands and the tests, in a fresh clone",
        "goldenpath quickstart",
        "--also DOC-02 --junit reports/junit.xml --coverage reports/coverage.xml",
    ),
    Proof("TR-06", "the same results from raw data", "goldenpath reproduce"),
    Proof("TR-07", "data and models in the team's storage", "goldenpath push"),
    Proof("TR-11", "a candidate, trained by one command", "goldenpath retrain run"),
    Proof("CQ-12", "that the gate refuses a worse model", "goldenpath gate --self-test"),
    Proof("CQ-15", "the manifests of every environment", "goldenpath gate deploy"),
    Proof("DOC-11", "the API that callers rely on", "goldenpath openapi"),
    Proof("CQ-14", "the service under load", "goldenpath load-test", f"--artifact {MODEL}"),
    Proof(
        "MON-04",
        "predictions for a file, logged and measured",
        f"goldenpath batch {split_file('test')} {ASKED / 'answers.parquet'} --log {ASKED} --metrics "
        f"{ASKED / 'batch.prom'}",
    ),
    Proof(
        "SEC-07",
        "what the service refuses, predicts, measures and logs",
        f"goldenpath service-check --log {ASKED}",
        "--also MON-03 --also MON-05",
    ),
    Proof("MON-08", "that training computes the logged predictions again", f"goldenpath replay --log {ASKED}"),
    Proof("MON-07", "that drift is found where it is, and only there", "goldenpath drift --self-test"),
    Proof("MON-02", "the alert rules and the routes of alerts", "goldenpath alerts check", obstacle=_without_tools),
    Proof("MON-13", "how right served predictions were", "goldenpath labels", obstacle=_without_labels),
)
"""Every proof in the order in which they are run: replay compares what batch and service have logged just before."""


def record_all(root: Path, record: Sequence[str] = RECORD) -> Exit:
    """Run every proof and record it; after a failure, go on with the next one.

    Args:
        root: The project's folder.
        record: The command that runs a proof and writes its receipt, as words.

    Returns:
        ``OK``, or ``FAILED`` where a proof failed.
    """
    shutil.rmtree(root / ASKED, ignore_errors=True)
    failed = []
    for number, proof in enumerate(PROOFS, 1):
        step = f"[{number}/{len(PROOFS)}] {proof.criterion}, {proof.about}"
        if reason := proof.obstacle(root):
            print(f"{step}: not recorded, because {reason}.", flush=True)
            continue
        print(f"{step}: {proof.command}", flush=True)
        words = [*record, proof.criterion, *shlex.split(proof.options), "--", *shlex.split(proof.command)]
        if code := subprocess.run(words, cwd=root, check=False).returncode:
            print(f"{proof.criterion} failed with exit code {code}; going on.", file=sys.stderr, flush=True)
            failed.append(proof)
    if failed:
        lines = [f"  {proof.criterion}: {proof.command}" for proof in failed]
        print("\n".join([f"evidence failed. {len(failed)} of {len(PROOFS)} proofs:", *lines]), file=sys.stderr)
        return Exit.FAILED
    print("Recorded. To share the receipts: goldenpath receipts push")
    return Exit.OK
