"""Read the report of pip-audit and refuse known vulnerabilities, and an audit of nothing: the end of ``make audit``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goldenpath.repository import facts


def main() -> int:
    """Judge the report.

    Returns:
        0, or 1 when a package is vulnerable, was left out, or none was looked up; the reasons went to standard error.
    """
    try:
        report: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"audit failed.\n{sys.argv[1]}: cannot be read: {error}", file=sys.stderr)
        return 1
    packages = report.get("dependencies") or []
    facts.tell({"dependencies": packages})
    found = list(faults(packages))
    if found:
        print("audit failed.", *found, sep="\n", file=sys.stderr)
        return 1
    print(f"{len(packages)} packages looked up, no known vulnerability.")
    return 0


def faults(packages: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the packages, one a line.

    Args:
        packages: ``dependencies`` of pip-audit's JSON report.
    """
    if not packages:
        yield "No package was looked up, so nothing is known about any."
    for package in packages:
        if reason := package.get("skip_reason"):
            yield f"{package['name']}: was left out: {reason}"
        for hole in package.get("vulns") or []:
            mended = ", ".join(hole.get("fix_versions") or []) or "no version yet"
            yield f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main())
