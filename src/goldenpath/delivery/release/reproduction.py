"""Run the pipeline again from raw data, and compare with what is committed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goldenpath.delivery.release import results
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import LINEAGE, MODEL
from goldenpath.repository import clone, facts

TOLERANCE = 0.01
"""By how much a metric may differ, relative to the larger, where another machine rounds the model otherwise."""
AFTER_THE_MODEL = (MODEL.parent, Path("reports"))


def reproduce(root: Path) -> str:
    """Run the pipeline from raw data in a throwaway clone of the last commit, under that commit's library.

    Args:
        root: The project's folder.

    Returns:
        What is the same, in words.

    Raises:
        ProjectError: A stage failed, or the results differ; what differs.
    """
    with tempfile.TemporaryDirectory(prefix="reproduce-") as folder:
        rerun = clone.clone(root, Path(folder), share_cache=True)
        variables = clone.environment_of_commit(root, rerun)
        results.fetch_adopted(rerun, variables)
        done = subprocess.run([sys.executable, "-m", "dvc", "repro", "--force"], cwd=rerun, env=variables, check=False)
        if done.returncode:
            raise ProjectError(f"The pipeline of the last commit ended with {done.returncode} in a fresh clone.")
        return compare(root, rerun)


def compare(root: Path, rerun: Path) -> str:
    """Say what a rerun made of the same.

    Raises:
        ProjectError: The results differ; what differs.
    """
    facts.tell({"outs": facts.outs(rerun), "metrics": facts.metrics(rerun)})
    if faults := list(differences(root, rerun)):
        raise ProjectError("\n".join(faults))
    committed, made = facts.outs(root), facts.outs(rerun)
    others = [path for path, digest in committed.items() if made.get(path) != digest]
    changed = [path for path in others if path != str(LINEAGE)]
    same = f"{len(committed) - len(others)} of {len(committed)} outputs are the same, byte for byte."
    rest = f"Within tolerance: {', '.join(changed)}." if changed else "Lineage tells of another run."
    return f"{same}\n{rest}"


def differences(root: Path, rerun: Path) -> Iterator[str]:
    """What a rerun made otherwise, beyond what another machine may.

    Everything up to the model has to be the same, byte for byte. Lineage tells of its own run, and what follows from
    the model may differ while every metric stays within the tolerance.

    Args:
        root: The project's folder, as committed.
        rerun: The folder in which everything ran again.
    """
    made = facts.outs(rerun)
    for path, digest in facts.outs(root).items():
        if made.get(path) != digest and not any(Path(path).is_relative_to(home) for home in AFTER_THE_MODEL):
            yield f"{path}: {made.get(path, 'was not made')}, dvc.lock says {digest}"
    then, now = (dict(_numbers(facts.metrics(folder))) for folder in (root, rerun))
    for name in sorted(then.keys() | now.keys()):
        one, other = then.get(name), now.get(name)
        if one is None or other is None or abs(one - other) > TOLERANCE * max(abs(one), abs(other)):
            yield f"{name}: {other} in the rerun, {one} is committed"


def _numbers(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _numbers(value, f"{name}: {key}" if name.endswith(".json") else f"{name}.{key}".lstrip("."))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _numbers(value, f"{name}[{index}]")
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield name, float(content)
