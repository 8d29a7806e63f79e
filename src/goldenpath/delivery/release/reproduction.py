"""Compare a rerun from raw data with what is committed: the end of ``make reproduce``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import LINEAGE, MODEL
from goldenpath.repository import facts

TOLERANCE = 0.01
"""By how much a metric may differ, relative to the larger, where another machine rounds the model otherwise."""
AFTER_THE_MODEL = (MODEL.parent, Path("reports"))


def main() -> int:
    """Compare, and say what the rerun made.

    Returns:
        0, or 1 when the results differ; what differs went to standard error.
    """
    root, rerun = Path.cwd(), Path(sys.argv[1])
    try:
        facts.tell({"outs": facts.outs(rerun), "metrics": facts.metrics(rerun)})
        faults = list(differences(root, rerun))
        others = [path for path, digest in facts.outs(root).items() if facts.outs(rerun).get(path) != digest]
    except ProjectError as refusal:
        print(f"reproduce failed.\n{refusal}", file=sys.stderr)
        return 1
    if faults:
        print("reproduce failed.", *faults, sep="\n", file=sys.stderr)
        return 1
    changed = [path for path in others if path != str(LINEAGE)]
    print(f"{len(facts.outs(root)) - len(others)} of {len(facts.outs(root))} outputs are the same, byte for byte.")
    print("Lineage tells of another run." if not changed else f"Within tolerance: {', '.join(changed)}.")
    return 0


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


if __name__ == "__main__":
    sys.exit(main())
