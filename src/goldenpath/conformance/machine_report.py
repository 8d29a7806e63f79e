"""What the look at this machine showed, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import goldenpath
from goldenpath.conformance.machine import LIMITED, MISSING, OK, Finding, is_ready

FORMAT_VERSION = 1
_SIGNS = {OK: "ok", LIMITED: "limited", MISSING: "missing"}


def as_text(findings: Sequence[Finding]) -> str:
    """A line for each finding; below what is not here: who needs it, and how to get it."""
    widest = max(len(finding.name) for finding in findings)
    indent = " " * 9
    lines = []
    for finding in findings:
        lines.append(f"{_SIGNS[finding.status]:<8} {finding.name:<{widest}}  {finding.detail}")
        if finding.status != OK:
            lines.append(f"{indent}{'Needed' if finding.essential else 'Only'} for: {', '.join(finding.verbs)}")
            lines.append(f"{indent}Get it: {finding.remedy}")
    return "\n".join([*lines, "", conclusion(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """All findings, and whether a project can be set up, run and tested here."""
    content = {
        "format": FORMAT_VERSION,
        "goldenpath": goldenpath.__version__,
        "ready": is_ready(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(content, indent=2)


def conclusion(findings: Sequence[Finding]) -> str:
    """One sentence: what can be done here."""
    lacking = [finding.name for finding in findings if finding.essential and finding.status != OK]
    if lacking:
        return f"A project cannot be set up, run and tested here yet. First get: {', '.join(lacking)}."
    others = sum(finding.status != OK for finding in findings)
    if others:
        return f"A project can be set up, run and tested here. {others} more would let every verb work."
    return "Every verb can work here."
