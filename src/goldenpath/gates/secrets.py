"""Whether a key, token or password ever came into git: ``goldenpath gate secrets``.

Deleting a file does not take it out of anybody's clone, so every object that git holds is read, of all branches and
tags, not only the files that are here. Kingfisher (https://github.com/mongodb/kingfisher) does the finding, offline: it
never asks an issuer whether a key works. Comments that tell it to look away do not count; suppressions stand in
``checklist/secrets.yaml``, with a reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from goldenpath.gates import gate
from goldenpath.gates.gate import Report
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SECRETS
from goldenpath.repository import facts, git

GATE = "secrets"
SUPPRESSIONS = Path("checklist/secrets.yaml")
ENTRY = {"path", "fingerprint", "reason"}
SCANNER = Path(sys.executable).parent / "kingfisher"
CLEAN, FOUND = 0, 200
"""Exit codes of the scanner; every other one means that it did not finish."""


@dataclass(frozen=True)
class Secret:
    """One place where a secret came in; never its text.

    Attributes:
        kind: What the scanner takes it for.
        path: The file.
        line: The line in it, from 1.
        commit: The commit that brought it.
        fingerprint: The scanner's name for this text at this place in the file.
    """

    kind: str
    path: str
    line: int
    commit: str
    fingerprint: str


def run(root: Path) -> Outcome:
    """Scan the repository of a project, judge, and write ``reports/secrets.json``."""
    return gate.run(GATE, root / SECRETS, partial(judge, root), markdown)


def judge(root: Path) -> Report:
    """Scan the repository that holds a project.

    Args:
        root: The project's folder.

    Raises:
        ProjectError: There is no repository or no scanner, the scanner failed, or the suppressions cannot be used.
        InconclusiveError: The clone is shallow.
    """
    suppressed = suppressions(root / SUPPRESSIONS)
    if git.run(root, "rev-parse", "--is-shallow-repository") == "true":
        raise InconclusiveError("This clone holds a part of the history only.", "Get the rest: git fetch --unshallow")
    found, commits = scan(Path(git.run(root, "rev-parse", "--path-format=absolute", "--git-common-dir")))
    reasons = {item: suppressed.get((item.path, item.fingerprint)) for item in found}
    leaked = [item for item, reason in reasons.items() if reason is None]
    facts.tell({"scanner": SCANNER.name, "findings": len(leaked), "commits": commits})
    unused = sorted(path for path, _ in suppressed.keys() - {(item.path, item.fingerprint) for item in found})
    return {
        "verdict": "fail" if leaked else "pass",
        "reasons": [
            f"{item.path}:{item.line}: {item.kind}, since commit {item.commit[:9]} (fingerprint {item.fingerprint})."
            for item in leaked
        ],
        "commits": commits,
        "secrets": [asdict(item) for item in leaked],
        "suppressed": [{**asdict(item), "reason": reason} for item, reason in reasons.items() if reason is not None],
        "unused_suppressions": unused,
    }


def scan(repository: Path) -> tuple[list[Secret], int]:
    """Scan everything that a repository holds.

    Args:
        repository: Its ``.git`` folder.

    Returns:
        What was found, oldest place first by path, and how many commits were read.

    Raises:
        ProjectError: The scanner is missing, or did not finish.
    """
    # Every place is told, not only the first of each secret, and a suppression holds for one place.
    command = [str(SCANNER), "scan", str(repository), "--no-validate", "--no-update-check", "--no-dedup", "--no-ignore"]
    try:
        done = subprocess.run(
            [*command, "--redact", "--quiet", "--format", "json"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise ProjectError(f"{SCANNER} is not installed. Run `make setup`.") from error
    if done.returncode not in (CLEAN, FOUND):
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise ProjectError(f"{SCANNER.name} did not finish, exit code {done.returncode}: {reason}")
    content = json.loads(done.stdout)
    read = [repository["git"]["fetched_commit_count"] for repository in content["audit"]["repositories"]]
    if content["audit"]["summary"]["scan_succeeded"] != 1 or len(read) != 1:
        raise ProjectError(f"{SCANNER.name} did not read all of {repository}: {content['audit']['summary']}")
    found = {_secret(item["rule"], item["finding"]) for item in content["findings"]}
    return sorted(found, key=lambda item: (item.path, item.line, item.fingerprint)), int(read[0])


def suppressions(path: Path) -> dict[tuple[str, str], str]:
    """Reasons why findings are suppressed, by file and fingerprint.

    Raises:
        ProjectError: The file cannot be used, or an entry gives no reason.
    """
    try:
        entries: Any = yaml.safe_load(path.read_bytes()) if path.is_file() else []
    except yaml.YAMLError as error:
        raise ProjectError(f"{path.name}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ProjectError(f"{SUPPRESSIONS}: want a list of entries with path, fingerprint and reason; [] for none.")
    for entry in entries:
        if set(entry) != ENTRY or not all(str(value or "").strip() for value in entry.values()):
            raise ProjectError(f"{SUPPRESSIONS}: {dict(entry)}: want path, fingerprint and reason, and nothing else.")
    return {(str(entry["path"]), str(entry["fingerprint"])): str(entry["reason"]) for entry in entries}


def markdown(report: Report) -> str:
    """The report for a pull request."""
    lines = gate.heading("Secrets", report)
    if report["verdict"] == "fail" and report.get("secrets"):
        lines.append("Revoke each where it was issued, first of all: whoever has a clone has it.")
        lines.append(f"Then take it out of the history, or write in {SUPPRESSIONS} why it can stay.")
    elif report["verdict"] == "pass":
        lines.append(f"{report['commits']:,} commits read; {len(report['suppressed'])} findings are suppressed.")
    if report.get("unused_suppressions"):
        lines += ["", f"{SUPPRESSIONS} suppresses what is no longer there: {', '.join(report['unused_suppressions'])}."]
    return "\n".join(lines).rstrip()


def _secret(rule: Mapping[str, Any], finding: Mapping[str, Any]) -> Secret:
    commit = finding.get("git_metadata", {}).get("commit", {}).get("id", "")
    kind = str(rule["name"]).replace("-", " ")
    return Secret(kind, str(finding["path"]), int(finding["line"]), str(commit), str(finding["fingerprint"]))
