"""Reviews every product in a folder, holds it against a base, and writes reports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from goldenpath.project.exit_codes import Exit
from goldenpath.reports import maturity
from goldenpath.reports.maturity.links import forge_of, handbook_of
from goldenpath.reports.maturity.report import Report, gate_answer
from goldenpath.reports.maturity.sanitize import plain
from goldenpath.review.baseline import held_against, merge_base
from goldenpath.review.history import history
from goldenpath.review.product.errors import BrokenFileError, ReviewError
from goldenpath.review.product.product import Product, open_products
from goldenpath.review.ratchet import Finding, at_least
from goldenpath.review.review import Review, review
from goldenpath.review.standards import catalogue


def check(
    path: Path,
    formats: Sequence[str] = (),
    outputs: Sequence[Path] = (),
    min_level: int | None = None,
    baseline: str | None = None,
    select: str | None = None,
    trend: int = 0,
) -> Exit:
    """Review every product in and below a folder, and show what was found.

    Args:
        path: A product, a repository of several, or a folder of repositories.
        formats: The forms to write, each one or several with commas; the terminal's where there is none.
        outputs: A file for each form, in their order, or one folder for all of them; standard output where none is.
        min_level: The level below which the review fails; what is validly waived is excused.
        baseline: A revision: the review fails where anything met at its merge base with HEAD fell back.
        select: Ids of criteria, or beginnings of them, with commas; then there is no level.
        trend: How many commits' levels to show too.

    Returns:
        What the gate says: OK, FAILED where something fell back or a level is too low, INCONCLUSIVE.

    Raises:
        ReviewError: The arguments contradict each other, or there is no such commit, or a report cannot be written.
    """
    names = _formats(formats)
    chosen = _selection(select)
    if chosen and (baseline is not None or min_level is not None or trend):
        raise ReviewError("--select gives no level, so it goes with none of --baseline, --min-level and --trend")
    targets = _targets(names, outputs)
    now = datetime.now(UTC)
    base = None if baseline is None else merge_base(path, baseline)
    found = [_report(product, chosen, min_level, baseline, base, trend) for product in open_products(path, base, now)]
    for name, target in zip(names, targets, strict=True):
        _put(name, target, found)
    answer = gate_answer(found)
    written = [str(target) for target in targets if target is not None]
    if written:
        levels = ", ".join(f"{item.name}: {_level(item)}" for item in found)
        gate = f"; gate {answer}" if answer else ""
        print(f"{levels}{gate}. Written: {', '.join(written)}", file=sys.stderr)
    return {"red": Exit.FAILED, "inconclusive": Exit.INCONCLUSIVE}.get(answer, Exit.OK)


def _formats(given: Sequence[str]) -> list[str]:
    names = [name.strip() for item in given for name in item.split(",") if name.strip()] or ["text"]
    for name in names:
        if name not in maturity.FORMATS:
            raise ReviewError(f"--format {plain(name)}: want some of {', '.join(maturity.FORMATS)}")
    return list(dict.fromkeys(names))


def _selection(given: str | None) -> list[str]:
    if given is None:
        return []
    names = [name.strip().upper() for name in given.split(",") if name.strip()]
    if not names:
        raise ReviewError("--select names no criterion")
    for name in names:
        if not any(item.id.startswith(name) for item in catalogue()):
            raise ReviewError(f"--select {plain(name)}: no criterion has that id, and no part begins so")
    return names


def _targets(names: Sequence[str], outputs: Sequence[Path]) -> list[Path | None]:
    """Where each format goes; None is standard output."""
    if not outputs:
        if len(names) > 1:
            raise ReviewError(f"{len(names)} formats need --output: a folder, or a file for each")
        return [None]
    if len(outputs) == len(names) and not (len(outputs) == 1 and _is_folder(outputs[0])):
        return [None if str(target) == "-" else target for target in outputs]
    if len(outputs) == 1:
        return [outputs[0] / maturity.FORMATS[name].file for name in names]
    raise ReviewError(f"{len(names)} formats and {len(outputs)} --output: want one folder, or a file for each")


def _is_folder(path: Path) -> bool:
    return path.is_dir() or (not path.suffix and str(path) != "-")


def _report(
    product: Product, chosen: Sequence[str], min_level: int | None, reference: str | None, base: str | None, trend: int
) -> Report:
    found = review(product, chosen)
    findings: list[Finding] | None = None
    before: Review | None = None
    if reference is not None:
        held = held_against(base, reference, found, product)
        findings, before = list(held.findings), held.before
    if min_level is not None:
        findings = [*(findings or ()), *at_least(found, min_level, findings or ())]
    git = product.git
    return Report(
        found,
        findings=None if findings is None else tuple(findings),
        base=base or "",
        before=before,
        trend=tuple(history(product, trend)) if trend and product.commit else (),
        root=product.root,
        forge=forge_of(git.remote if git else "", product.commit, os.environ),
        handbook=_handbook(product),
        is_dirty=bool(git and git.changed),
    )


def _handbook(product: Product) -> str:
    try:
        return handbook_of(product.manifest.template_source, product.manifest.template_version)
    except BrokenFileError:
        return ""  # the criteria that need the manifest say what is wrong with it


def _put(name: str, target: Path | None, found: Sequence[Report]) -> None:
    settings: dict[str, Path | int | None] = {}
    if name == "html":
        settings["beside"] = target.parent if target else Path()
    if name == "text" and target is None:
        settings |= _terminal()
    text = maturity.render(name, found, **settings)
    if target is None:
        sys.stdout.write(text)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReviewError(f"--output {target}: cannot be written: {error.strerror}") from error


def _terminal() -> dict[str, int]:
    """How wide standard output is, and whether it shows colours."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((110, 24)).columns
    return {"width": min(width, 140), "colour": is_terminal and "NO_COLOR" not in os.environ}


def _level(report: Report) -> str:
    return f"{len(report.results)} criteria asked" if report.level is None else f"level {report.level}"
