"""Whether a locked package has a known vulnerability (pip-audit), and whether the dependencies are those used (deptry).

pip-audit ends well where it has looked nothing up, so its report is read instead of its exit code.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from goldenpath.gates import tools
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts
from goldenpath.repository.lock_file import without_wheel

GATE = "deps"
LOCKS = "requirements/*.txt"
REPORT, LOG = Path("reports/audit.json"), Path("reports/audit.log")
OPTIONS = ("--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--desc", "off")
OUTPUT = ("--aliases", "off", "--format", "json", "--output")


def run(root: Path) -> Outcome:
    """Judge the dependencies of a project.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no lock.
        InconclusiveError: A tool is not installed, or not every package could be looked up.
    """
    unused = tools.call(root, "deptry", "--no-ansi", ".")
    print(f"{unused.stdout}{unused.stderr}", end="")
    packages = look_up(root)
    facts.tell({"dependencies": packages})
    reasons = list(vulnerabilities(packages))
    print(*reasons, sep="\n", end="\n" if reasons else "")
    if unused.returncode:
        reasons.append("pyproject.toml and the imports differ: see what deptry says above.")
    if reasons:
        return Outcome(GATE, "fail", " ".join(reasons))
    return Outcome(GATE, "pass", f"{len(packages)} packages looked up, no known vulnerability; none unused or missing.")


def look_up(root: Path) -> list[dict[str, Any]]:
    """Look every locked package up among known vulnerabilities, the library excepted, which no index has.

    Returns:
        ``dependencies`` of pip-audit's report, which stays in ``reports/audit.json``.

    Raises:
        ProjectError: There is no lock.
        InconclusiveError: pip-audit is not installed, or could not look every package up.
    """
    locks = sorted(root.glob(LOCKS))
    if not locks:
        raise ProjectError(f"{LOCKS}: no lock is there. Run `make lock`.")
    report, log = root / REPORT, root / LOG
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        for lock in locks:
            (Path(folder) / lock.name).write_text(without_wheel(lock.read_text(encoding="utf-8")), encoding="utf-8")
        audited = [word for lock in locks for word in ("-r", str(Path(folder) / lock.name))]
        done = tools.call(root, "pip-audit", *OPTIONS, *OUTPUT, str(report.resolve()), *audited)
    log.write_text(done.stderr, encoding="utf-8")
    try:
        content: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        packages: list[dict[str, Any]] = content["dependencies"]
    except (OSError, ValueError, KeyError) as error:
        said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise InconclusiveError(
            f"pip-audit could not look every package up: {said}", f"It needs the package index; see {LOG}."
        ) from error
    return packages


def vulnerabilities(packages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with packages, one sentence each; an audit of nothing is wrong, too.

    Args:
        packages: ``dependencies`` of pip-audit's report.
    """
    if not packages:
        yield "No package was looked up, so nothing is known about any."
    for package in packages:
        if reason := package.get("skip_reason"):
            yield f"{package['name']}: was left out: {reason}"
        for known in package.get("vulns") or []:
            fixed = ", ".join(known.get("fix_versions") or []) or "no version yet"
            yield f"{package['name']} {package['version']}: {known['id']}, fixed in {fixed}"
