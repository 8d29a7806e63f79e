"""Rights of a workflow's jobs: reading, where nothing is said."""

from __future__ import annotations

import re
from typing import Any

from goldenpath.review.fixes import edits, files
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import makefile
from goldenpath.review.product.product import Product

READING = {"contents": "read"}
_READERS = re.compile(
    r"(?:actions/(?:checkout|cache|setup-[\w-]+|(?:up|down)load-artifact)|[\w.-]+/setup-[\w-]+|pre-commit/action|"
    r"codecov/codecov-action)(?:/[\w-]+)*@"
)
"""Actions that do their work with a token that may only read the repository."""
_WRITES = re.compile(
    r"\bgit\s+(?:\S+\s+)*?push\b|\bgh\s+\w|\bdvc\s+exp\s+push\b|\bdocker\s+push\b|GITHUB_TOKEN|github\.token"
)


def default_to_reading(product: Product, path: str, text: str) -> str:
    """The workflow with the right to read the repository, and no other, for jobs that say nothing of theirs.

    Raises:
        FixError: Such a job may need more, or the file is laid out in a way that cannot be changed mechanically.
        BrokenFileError: The Makefile cannot be read.
    """
    content = edits.mapping(path, text)
    jobs = content.get("jobs")
    silent = {
        name: job
        for name, job in (jobs.items() if isinstance(jobs, dict) else ())
        if isinstance(job, dict) and "permissions" not in job
    }
    if "permissions" in content or not silent:
        return text
    for name, job in silent.items():
        if reason := _may_write(product, job):
            raise FixError(f"{path}: job {name} {reason}: say in its permissions what it needs, then ask again")
    return edits.must_mean(path, _with_rights(path, text), content | {"permissions": READING})


def _with_rights(path: str, text: str) -> str:
    root = edits.compose(path, text)
    jobs = next((key for key, _ in root.value if key.value == "jobs"), root)
    start = jobs.start_mark.index - jobs.start_mark.column
    # A comment right above the jobs is theirs.
    while found := re.search(r"(?:^|\n)([ \t]*#[^\n]*\n)$", text[:start]):
        start = found.start(1)
    end, indent = files.line_end(text), " " * jobs.start_mark.column
    rights = [f"{indent}permissions:{end}", *(f"{indent}  {name}: {right}{end}" for name, right in READING.items())]
    return edits.apply(text, [Edit(start, start, "".join([*rights, end]))])


def _may_write(product: Product, job: dict[str, Any]) -> str:
    """Why reading may not be enough for a job; empty where nothing speaks against it."""
    if job.get("uses"):
        return f"calls {job['uses']}, which may ask for more than reading"
    made = makefile.read(product)
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else []:
        uses, shell = (str(step.get(key) or "") for key in ("uses", "run")) if isinstance(step, dict) else ("", "")
        if uses and not _READERS.match(uses):
            return f"uses {uses}, which may do more than read"
        if found := _WRITES.search(f"{step}\n{made.expanded(shell)}"):
            return f"does more than read (`{found[0].strip()}`)"
    return ""
