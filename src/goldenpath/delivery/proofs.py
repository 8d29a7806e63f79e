"""What a version must have proved before an environment may run it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goldenpath.delivery import desired_state
from goldenpath.delivery.registry import Version
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git
from goldenpath.repository import receipts as note_receipts

TESTS, RERUN, BUILD = "CQ-02", "TR-06", "TR-14"
RECORDED_BY = {
    TESTS: "goldenpath record CQ-02 --junit reports/junit.xml --coverage reports/coverage.xml -- make test",
    RERUN: "goldenpath record TR-06 -- goldenpath reproduce",
    BUILD: "goldenpath record TR-14 -- goldenpath image build --push",
}
WANTED = {1: (TESTS,), 2: (TESTS, RERUN, BUILD), 3: (TESTS, RERUN, BUILD)}
"""The criteria of which a version must have a passing receipt on its own commit, by the level that is asked for."""


def minimum_level(root: Path, environment: str) -> int:
    """The level of maturity that an environment wants: 1 the first, 3 the last, which is production, 2 any between.

    These are the platform's figures; its review of a pull request asks for the same.
    """
    known = desired_state.environments(root)
    if environment == known[-1]:
        return 3
    return 1 if environment == known[0] else 2


def require_receipts(root: Path, version: Version, level: int) -> None:
    """Stop where a version lacks a proof.

    Raises:
        ProjectError: A wanted receipt is missing on its commit, or the newest of its kind tells of a failure.
    """
    newest = {item["id"]: item for item in receipts(root, version)}
    for name in WANTED[level]:
        found = newest.get(name)
        if found is None:
            raise ProjectError(
                f"{version.name}: no receipt of {name} on its commit {version.commit[:9]}. Fetch them with "
                f"`goldenpath receipts pull`, or record it: git checkout {version.name} && {RECORDED_BY[name]}"
            )
        if found["exit_code"] != 0:
            raise ProjectError(
                f"{version.name}: `{found['command']}` failed on its commit {version.commit[:9]} on "
                f"{found['when'][:10]}. Mend it and register a new version, or record it anew: {RECORDED_BY[name]}"
            )


def built_image(root: Path, version: Version) -> str:
    """The digest of the image that the newest passing build of a version made; empty where none was recorded."""
    builds = [
        item
        for item in receipts(root, version)
        if item["id"] == BUILD and item["exit_code"] == 0 and item["facts"].get("model") == version.name
    ]
    return str(builds[-1]["facts"].get("image", "")) if builds else ""


def receipts(root: Path, version: Version) -> list[dict[str, Any]]:
    """The receipts on a version's commit, the oldest first."""
    notes = git.run_or_none(root, "notes", f"--ref={note_receipts.REF}", "show", version.commit) or ""
    folder = git.run(root, "rev-parse", "--show-prefix").rstrip("/")
    found = []
    for line in notes.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if isinstance(item, dict) and item.get("commit") == version.commit and item.get("product", "") == folder:
            found.append(item)
    return sorted(found, key=lambda item: str(item.get("when")))


def require_level(root: Path, project: Path, level: int, judge: Sequence[str]) -> None:
    """Stop where the product, with the change, is not mature enough for the environment.

    Args:
        root: The project's folder.
        project: The project with the change, in a scratch work tree.
        level: The least level.
        judge: The command that reviews the product, as words.

    Raises:
        ProjectError: The level is too low, cannot be told, or the review cannot be run.
    """
    words = [*judge, "check", str(project), "--min-level", str(level), "--format", "json"]
    try:
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False, env=os.environ)
        [product] = json.loads(done.stdout)["products"] if done.returncode in (0, 1, 3) else [None]
    except (OSError, ValueError) as error:
        raise ProjectError(_unreached(judge, str(error))) from error
    if product is None:
        raise ProjectError(_unreached(judge, (done.stderr.strip().splitlines() or ["no reason given"])[-1]))
    if done.returncode:
        blocking = [item["text"] for finding in product["findings"] for item in finding["evidence"]]
        shown = "\n".join(f"  {text}" for text in blocking[:8])
        more = f"\n  and {len(blocking) - 8} more" if len(blocking) > 8 else ""
        raise ProjectError(
            f"Level {level} is wanted here, the product has level {product['level']}. In the way:\n{shown}{more}\n"
            "`goldenpath check` tells what to do; what cannot wait is excused by name and for a time: goldenpath waive"
        )


def _unreached(judge: Sequence[str], reason: str) -> str:
    return f"Nothing was judged: `{shlex.join(judge)} check` cannot be run ({reason}). Install it: make setup"
