"""Runs a command and writes down what it proved about the commit: how receipts are made, on a laptop as in CI."""

from __future__ import annotations

import getpass
import hashlib
import json
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from goldenpath.review.evidence import receipts
from goldenpath.review.evidence.receipts import Receipt
from goldenpath.review.product import suite_run
from goldenpath.review.product.errors import ReviewError
from goldenpath.review.product.git import Git
from goldenpath.review.product.product import Product

LARGEST_FACTS = 256 * 1024
"""Bytes of facts in one receipt: it is a line of a git note, not a store of data."""
LARGEST_REPORT = 64 * 2**20
FACTS = "GOLDENPATH_FACTS"
"""The environment variable that names a file to which the command may write facts, as a JSON object."""


class RecordError(ReviewError):
    """No receipt can be made; the message says why, and what to do."""


@dataclass(frozen=True)
class Sources:
    """Where the facts of a receipt come from.

    Attributes:
        facts: Given by hand, by name; they win over those from files.
        junit: A JUnit XML file; its facts are those of :func:`goldenpath.product.suite_run.facts_of`.
        coverage: A report of ``coverage xml`` or ``coverage json``: ``coverage`` holds the covered lines and the
            statements of each file.
        json: JSON files that hold an object; their keys become facts.
        artifacts: Files whose SHA-256 is recorded, relative to the product.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    junit: Path | None = None
    coverage: Path | None = None
    json: tuple[Path, ...] = ()
    artifacts: tuple[str, ...] = ()


def record(
    product: Product, names: Sequence[str], command: Sequence[str], sources: Sources, environment: Mapping[str, str]
) -> Receipt:
    """Run a command where the user stands, and write its receipts on the commit checked out, one for each criterion.

    The command's output goes where this process's goes. A command that fails leaves a receipt too: it says so.

    Args:
        product: The product, as it lies in the work tree.
        names: The criteria that the command proves.
        command: The program and its arguments.
        sources: Where the facts come from.
        environment: The environment of the command, in which the CI system says what it is.

    Returns:
        The receipt of the first criterion; the others differ in their id alone.

    Raises:
        RecordError: The work tree is not what the commit holds, the command cannot be started, or a report is missing
            or was not written by it.
    """
    git, commit, tree = _standing(product)
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="goldenpath-") as folder:
        told = Path(folder) / "facts.json"
        try:
            exit_code = subprocess.run(list(command), check=False, env={**environment, FACTS: str(told)}).returncode
        except OSError as error:
            raise RecordError(f"{command[0]}: cannot be started: {error.strerror}") from error
        if told.is_file():
            sources = replace(sources, facts=_object(told) | dict(sources.facts))
    receipt = Receipt(
        id=names[0],
        commit=commit,
        tree=tree,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        who=_who(git, environment),
        run=_run_link(environment),
        command=shlex.join(command),
        exit_code=exit_code,
        product=product.prefix.rstrip("/"),
        facts=_facts(product, sources, started.timestamp(), failed=exit_code != 0),
        artifacts=_digests(product, sources.artifacts, failed=exit_code != 0),
    )
    try:
        for name in names:
            receipts.write(git, replace(receipt, id=name))
    except OSError as error:
        raise RecordError(f"the receipt cannot be written: {error}") from error
    return receipt


def _standing(product: Product) -> tuple[Git, str, str]:
    """The repository, its commit and tree, where they are what a command is about to be run on."""
    git = product.git
    if git is None:
        raise RecordError(f"{product.root} is in no git repository, and a receipt stands on a commit: git init, commit")
    tree = git.tree_of(product.commit) if product.commit else None
    if product.commit is None or tree is None:
        raise RecordError("there is no commit yet that a receipt could stand on: commit first")
    changed = sorted({*git.changed, *(set(git.candidates) - set(git.tracked))})
    if changed:
        shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        raise RecordError(
            f"the work tree is not what {product.commit[:9]} holds, so nothing run here proves anything about it: "
            f"commit, stash or ignore {shown}"
        )
    return git, product.commit, tree


def _who(git: Git, environment: Mapping[str, str]) -> str:
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get("GITHUB_ACTOR"):
        return f"{environment['GITHUB_ACTOR']} (GitHub Actions)"
    address = (git.run("config", "--get", "user.email") or "").strip()
    return address or getpass.getuser()


def _run_link(environment: Mapping[str, str]) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name, "") for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def _facts(product: Product, sources: Sources, started: float, *, failed: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sources.json:
        if _is_there(path, failed=failed):
            _fresh_or_committed(product, path, started)
            found |= _object(path)
    if sources.junit and _is_there(sources.junit, failed=failed):
        _fresh(sources.junit, started)
        found |= _junit(sources.junit)
    if sources.coverage and _is_there(sources.coverage, failed=failed):
        _fresh(sources.coverage, started)
        found |= _coverage(sources.coverage, product.root)
    found |= dict(sources.facts)
    size = len(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    if size > LARGEST_FACTS:
        raise RecordError(f"{size} bytes of facts are more than a receipt holds ({LARGEST_FACTS}): record fewer")
    return found


def _junit(path: Path) -> dict[str, Any]:
    try:
        return suite_run.facts_of(_bytes(path).decode("utf-8", "replace"))
    except ET.ParseError as error:
        raise RecordError(f"{path}: is not JUnit XML: {error}") from error


def _coverage(path: Path, root: Path) -> dict[str, Any]:
    """Covered lines and statements of each file, relative to the product, from either of coverage's reports."""
    content = _bytes(path)
    try:
        lines = _cobertura(content) if content.lstrip()[:1] == b"<" else _coverage_json(content)
    except (ET.ParseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(f"{path}: is not a report of `coverage xml` or `coverage json`") from error
    if not lines:
        raise RecordError(f"{path}: measures no file")
    return {"coverage": {_relative(name, root): list(counts) for name, counts in sorted(lines.items())}}


def _cobertura(content: bytes) -> dict[str, tuple[int, int]]:
    """Files of a Cobertura report are named relative to one of its sources."""
    report = ET.fromstring(content)  # noqa: S314 - the command that was just run wrote it
    homes = [Path(source.text.strip()) for source in report.iter("source") if source.text]
    found = {}
    for item in report.iter("class"):
        name = item.attrib["filename"]
        hits = [line.attrib["hits"] != "0" for line in item.iterfind("lines/line")]
        file = next((home / name for home in homes if (home / name).is_file()), Path(name))
        found[str(file)] = (sum(hits), len(hits))
    return found


def _coverage_json(content: bytes) -> dict[str, tuple[int, int]]:
    files = json.loads(content)["files"]
    summaries = {str(name): item["summary"] for name, item in files.items()}
    return {name: (int(item["covered_lines"]), int(item["num_statements"])) for name, item in summaries.items()}


def _object(path: Path) -> dict[str, Any]:
    text = _bytes(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path}: holds a {type(content).__name__}, want an object whose keys become facts")
    return content


def _digests(product: Product, paths: Sequence[str], *, failed: bool) -> dict[str, str]:
    found = {}
    for path in paths:
        file = Path(path).resolve()
        if not file.is_relative_to(product.root.resolve()):
            raise RecordError(f"{path}: lies outside of the product")
        if _is_there(file, failed=failed):
            found[file.relative_to(product.root.resolve()).as_posix()] = _digest(file)
    return found


def _is_there(path: Path, *, failed: bool) -> bool:
    """Whether a report can be read; a command that failed need not have written it."""
    if path.is_file():
        return True
    if failed:
        return False
    raise RecordError(f"{path}: the command succeeded and has not written it, so there is no receipt")


def _fresh(path: Path, started: float) -> None:
    # File systems keep times in steps of up to two seconds.
    if path.stat().st_mtime < started - 2:
        raise RecordError(f"{path}: was there before the command ran, and says nothing of it: let the command write it")


def _fresh_or_committed(product: Product, path: Path, started: float) -> None:
    git = product.git
    inside = path.resolve()
    if git is not None and inside.is_relative_to(git.root.resolve()):
        # What is committed and unchanged belongs to the commit, whoever wrote it and when.
        name = inside.relative_to(git.root.resolve()).as_posix()
        if name in git.tracked:
            return
    _fresh(path, started)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_REPORT:
            raise RecordError(f"{path}: is larger than {LARGEST_REPORT // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error


def _relative(name: str, root: Path) -> str:
    path = Path(name).resolve()
    return path.relative_to(root.resolve()).as_posix() if path.is_relative_to(root.resolve()) else name
