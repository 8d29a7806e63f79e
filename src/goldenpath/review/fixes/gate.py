"""CQ-12: jobs that deploy, after the gate that their workflow already has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml

from goldenpath.review.fixes import edits, files
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import delivery
from goldenpath.review.product.product import Product


def wait_for_gate(product: Product) -> dict[str, str]:
    """Let every job that deploys need the one job of its workflow whose gate would then stop it.

    Raises:
        FixError: A workflow has no such job, or several; or its layout cannot be changed mechanically.
        BrokenFileError: A file cannot be read.
    """
    texts: dict[str, str] = {}
    while open_ := _open(now := files.after(product, texts)):
        path, job = min(open_)
        text = texts.get(path) or files.read(product, path)
        tried = {name: texts | {path: _needing(path, text, job, name)} for name in _free(now, path, job)}
        gated = {name: new for name, new in tried.items() if (path, job) not in _open(files.after(product, new))}
        needs = _needs(now, path)
        # Those that wait for another of them hold no gate themselves.
        first = [name for name in gated if not needs[name] & gated.keys()]
        if len(first) != 1:
            found = f"may wait for {' or '.join(first)}" if first else "has no job with a gate that would stop it"
            raise FixError(f"{path}: job {job} deploys and {found}: say in its needs which")
        texts = gated[first[0]]
    return texts


def _needs(product: Product, path: str) -> dict[str, set[str]]:
    """What each job of a workflow waits for."""
    return {job.name: set(job.needs) for found in product.workflows if found.path == path for job in found.jobs}


def _free(product: Product, path: str, job: str) -> list[str]:
    """The jobs of a workflow that do not deploy and do not wait for a job, directly or not."""
    needs = _needs(product, path)
    late = {job}
    while more := {name for name, others in needs.items() if others & late} - late:
        late |= more
    return sorted(needs.keys() - late - {item.job for item in delivery.jobs(product) if item.path == path})


def _open(product: Product) -> set[tuple[str, str]]:
    """The workflow and the name of each job that deploys without a gate before it."""
    return {(item.path, item.job) for item in delivery.jobs(product) if not item.gated}


def _needing(path: str, text: str, job: str, other: str) -> str:
    """The workflow in which one more job comes before another."""
    node = edits.value_of(edits.value_of(edits.compose(path, text), "jobs"), job)
    meant = deepcopy(edits.mapping(path, text))
    if node is None or job not in meant["jobs"]:
        raise FixError(f"{path}: job {job} has a name that YAML reads as something else: give it quotes")
    asked: Any = meant["jobs"][job].get("needs")
    if not isinstance(asked, str | list | None):
        raise FixError(f"{path}: job {job} needs {asked}: want names of jobs")
    before = [asked] if isinstance(asked, str) else asked
    meant["jobs"][job]["needs"] = other if before is None else [other, *before]
    changed = edits.apply(text, [_edit(text, node, edits.value_of(node, "needs"), other)])
    return edits.must_mean(path, changed, meant)


def _edit(text: str, job: yaml.Node, needs: yaml.Node | None, other: str) -> Edit:
    start, column = job.start_mark.index, job.start_mark.column
    if needs is None:
        return Edit(start, start, f"needs: {other}{files.line_end(text)}{' ' * column}")
    start, column = needs.start_mark.index, needs.start_mark.column
    if isinstance(needs, yaml.ScalarNode):
        return Edit(start, needs.end_mark.index, f"[{other}, {text[start : needs.end_mark.index]}]")
    if text[start] == "[":
        return Edit(start + 1, start + 1, f"{other}, ")
    return Edit(start, start, f"- {other}{files.line_end(text)}{' ' * column}")
