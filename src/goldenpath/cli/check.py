"""``goldenpath check``: reviews products, holds them against a base, and writes reports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from goldenpath.cli.inputs import FOLDER, InputError, speaking
from goldenpath.reports import maturity
from goldenpath.reports.maturity.links import forge_of, handbook_of
from goldenpath.reports.maturity.report import Report, gate_answer
from goldenpath.reports.maturity.words import plain
from goldenpath.review.baseline import held_against, merge_base
from goldenpath.review.history import history
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product, open_products
from goldenpath.review.ratchet import Exit, Finding, at_least
from goldenpath.review.review import Review, review
from goldenpath.review.standards import catalogue


@click.command()
@click.argument("path", type=FOLDER, default=".")
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help=f"One or more of {', '.join(maturity.FORMATS)}; repeat it or use commas. [default: text]",
)
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file for each format, in their order, or one folder for all of them.",
)
@click.option(
    "--min-level", type=click.IntRange(0, 4), help="Fail below this level; what is validly waived is excused."
)
@click.option("--baseline", metavar="REF", help="Fail where anything met at the merge base of REF and HEAD fell back.")
@click.option("--select", metavar="ID,...", help="Ask only these criteria, or parts such as TR; gives no level.")
@click.option("--trend", type=click.IntRange(0, 200), default=0, metavar="N", help="Show the levels of N commits too.")
@speaking
def check(
    path: Path,
    formats: tuple[str, ...],
    outputs: tuple[Path, ...],
    min_level: int | None,
    baseline: str | None,
    select: str | None,
    trend: int,
) -> None:
    """Review every product in and below PATH.

    Exit codes: 0 fine, 1 something fell back or the level is too low, 2 wrong usage, 3 no answer could be given.
    """
    names = _formats(formats)
    chosen = _selection(select)
    if chosen and (baseline is not None or min_level is not None or trend):
        raise click.UsageError("--select gives no level, so it goes with none of --baseline, --min-level and --trend")
    targets = _targets(names, outputs)
    now = datetime.now(UTC)
    base = None if baseline is None else merge_base(path, baseline)
    found = [_report(product, chosen, min_level, baseline, base, trend) for product in open_products(path, base, now)]
    for name, target in zip(names, targets, strict=True):
        _put(name, target, found)
    written = [str(target) for target in targets if target is not None]
    if written:
        levels = ", ".join(f"{item.name}: {_level(item)}" for item in found)
        click.echo(f"{levels}{_gate_words(found)}. Written: {', '.join(written)}", err=True)
    sys.exit(_exit_code(found))


def _formats(given: Sequence[str]) -> list[str]:
    names = [name.strip() for item in given for name in item.split(",") if name.strip()] or ["text"]
    for name in names:
        if name not in maturity.FORMATS:
            raise click.UsageError(f"--format {plain(name)}: want some of {', '.join(maturity.FORMATS)}")
    return list(dict.fromkeys(names))


def _selection(given: str | None) -> list[str]:
    if given is None:
        return []
    names = [name.strip().upper() for name in given.split(",") if name.strip()]
    if not names:
        raise click.UsageError("--select names no criterion")
    for name in names:
        if not any(item.id.startswith(name) for item in catalogue()):
            raise click.UsageError(f"--select {plain(name)}: no criterion has that id, and no part begins so")
    return names


def _targets(names: Sequence[str], outputs: Sequence[Path]) -> list[Path | None]:
    """Where each format goes; None is standard output."""
    if not outputs:
        if len(names) > 1:
            raise click.UsageError(f"{len(names)} formats need --output: a folder, or a file for each")
        return [None]
    if len(outputs) == len(names) and not (len(outputs) == 1 and _is_folder(outputs[0])):
        return [None if str(target) == "-" else target for target in outputs]
    if len(outputs) == 1:
        return [outputs[0] / maturity.FORMATS[name].file for name in names]
    raise click.UsageError(f"{len(names)} formats and {len(outputs)} --output: want one folder, or a file for each")


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
        click.echo(text, nl=False, color=True)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--output {target}: cannot be written: {error.strerror}") from error


def _terminal() -> dict[str, int]:
    """How wide standard output is, and whether it shows colours."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((110, 24)).columns
    return {"width": min(width, 140), "colour": is_terminal and "NO_COLOR" not in os.environ}


def _level(report: Report) -> str:
    return f"{len(report.results)} criteria asked" if report.level is None else f"level {report.level}"


def _gate_words(found: Sequence[Report]) -> str:
    answer = gate_answer(found)
    return f"; gate {answer}" if answer else ""


def _exit_code(found: Sequence[Report]) -> Exit:
    return {"red": Exit.REGRESSION, "inconclusive": Exit.INCONCLUSIVE}.get(gate_answer(found), Exit.OK)
