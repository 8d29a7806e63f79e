"""The ``goldenpath`` command: reviews products, and writes the evidence that reviews look for."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import click

from goldenpath import __version__, reports
from goldenpath.product.errors import BrokenFileError
from goldenpath.product.git import Git
from goldenpath.product.manifest import NAME as MANIFEST
from goldenpath.product.product import Product, find_products, open_product
from goldenpath.reports.links import forge_of, handbook_of
from goldenpath.reports.report import Point, Report, gate_answer
from goldenpath.reports.words import plain
from goldenpath.review.ratchet import Exit, Finding, Kind, at_least, compare
from goldenpath.review.review import Review, review
from goldenpath.standards import CATALOGUE_VERSION, catalogue, criterion
from goldenpath.standards.criterion import Criterion
from goldenpath.standards.verdict import Evidence

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
HELP = {"help_option_names": ["-h", "--help"]}
Command = TypeVar("Command", bound=Callable[..., Any])


class InputError(click.ClickException):
    """What was asked for cannot be done with what is there."""

    exit_code = Exit.USAGE


def _speaking(command: Command) -> Command:
    """Turn what is wrong with the input into a message and exit code 2."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - click's own values
        try:
            return command(*arguments, **options)
        except (BrokenFileError, ValueError) as error:
            raise InputError(plain(str(error))) from error

    return run  # type: ignore[return-value]


class _Criterion(click.ParamType[Any]):
    """The id of a criterion."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        try:
            return criterion(value) if isinstance(value, str) else value
        except KeyError:
            from difflib import get_close_matches

            near = get_close_matches(value.upper(), [item.id for item in catalogue()], n=3, cutoff=0.5)
            hint = f"; near it: {', '.join(near)}" if near else ""
            self.fail(f"there is no criterion {plain(value)}{hint}", param, ctx)


@click.group(context_settings=HELP)
@click.version_option(
    __version__, prog_name="goldenpath", message=f"%(prog)s %(version)s, catalogue {CATALOGUE_VERSION}"
)
def main() -> None:
    """Review how mature a machine-learning product is, from level 0 to 4, by evidence."""


@main.command()
@click.argument("path", type=FOLDER, default=".")
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help=f"One or more of {', '.join(reports.FORMATS)}; repeat it or use commas. [default: text]",
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
@_speaking
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
    base = None if baseline is None else _merge_base(path, baseline)
    found = [
        _report(folder, chosen, min_level, baseline, base, trend, now)
        for folder in sorted({*find_products(path), *(_products_at(path, base) if base else ())})
    ]
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
        if name not in reports.FORMATS:
            raise click.UsageError(f"--format {plain(name)}: want some of {', '.join(reports.FORMATS)}")
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
        return [outputs[0] / reports.FORMATS[name].file for name in names]
    raise click.UsageError(f"{len(names)} formats and {len(outputs)} --output: want one folder, or a file for each")


def _is_folder(path: Path) -> bool:
    return path.is_dir() or (not path.suffix and str(path) != "-")


def _merge_base(path: Path, reference: str) -> str | None:
    """The commit that both lines come from; None where history does not tell.

    Raises:
        ValueError: There is no repository, no commit, or no such reference.
    """
    git = Git.at(path)
    if git is None or git.head is None:
        raise ValueError(f"--baseline {reference}: {path} has no commit to hold against it")
    if git.resolve(reference) is None:
        hint = (
            "; the clone is shallow: git fetch --unshallow" if git.is_shallow else f"; try git fetch origin {reference}"
        )
        raise ValueError(f"--baseline {reference}: no such commit here{hint}")
    found = git.run("merge-base", "--end-of-options", reference, "HEAD")
    return found.strip() if found else None


def _products_at(path: Path, revision: str) -> list[Path]:
    """The folders of products that a commit had, where they still are: taking a manifest away hides no product."""
    git = Git.at(path)
    if git is None:
        return []
    inside = path.resolve().relative_to(git.root.resolve())
    homes = [
        PurePosixPath(name).parent
        for name in git.files_at(revision)
        if PurePosixPath(name).name == MANIFEST and PurePosixPath(name).is_relative_to(inside.as_posix())
    ]
    real = [home.relative_to(inside.as_posix()) for home in homes if not any("{{" in part for part in home.parts)]
    return [path / home for home in real if (path / home).is_dir()]


def _report(
    folder: Path,
    chosen: Sequence[str],
    min_level: int | None,
    reference: str | None,
    base: str | None,
    trend: int,
    now: datetime,
) -> Report:
    product = open_product(folder, now=now)
    found = review(product, chosen)
    findings: list[Finding] | None = None
    if reference is not None:
        findings = _held_against(base, reference, folder, found, product)
    if min_level is not None:
        findings = [*(findings or ()), *at_least(found, min_level)]
    git = product.git
    remote = (git.run("config", "--get", "remote.origin.url") or "") if git else ""
    return Report(
        found,
        findings=None if findings is None else tuple(findings),
        base=base or "",
        trend=tuple(_points(folder, trend, now)) if trend and product.commit else (),
        root=folder,
        forge=forge_of(remote, product.commit, os.environ),
        handbook=_handbook(product),
        is_dirty=bool(git and git.changed),
    )


def _handbook(product: Product) -> str:
    try:
        return handbook_of(product.manifest.template_source, product.manifest.template_version)
    except BrokenFileError:
        return ""  # the criteria that need the manifest say what is wrong with it


def _held_against(base: str | None, reference: str, folder: Path, head: Review, after: Product) -> list[Finding]:
    if base is None:
        words = f"{reference} and HEAD have no commit in common here, so nothing can be held against it"
        return [
            Finding(Kind.UNDECIDED, words, evidence=(Evidence("history is cut off", command="git fetch --unshallow"),))
        ]
    before = open_product(folder, base, now=after.now)
    try:
        findings = list(compare(review(before), head, before, after).findings)
    except BrokenFileError as error:
        fact = Evidence(error.reason, error.path, error.line)
        return [Finding(Kind.UNDECIDED, "a file that the gate needs cannot be used", evidence=(fact,))]
    if before.git is None or any(name.startswith(before.prefix) for name in before.git.files_at(base)):
        return findings
    # A product that begins with this change meets some criteria by being empty at the base: that is nothing to lose.
    return [finding for finding in findings if not finding.id]


def _points(folder: Path, limit: int, now: datetime) -> list[Point]:
    from goldenpath.review.history import history, met

    points: list[Point] = []
    before: frozenset[str] | None = None
    for subject, day, found in history(folder, limit, now):
        after = met(found)
        gained, lost = (after - before, before - after) if before is not None else (frozenset(), frozenset())
        points.append(
            Point(
                found.commit or "",
                date.fromisoformat(day),
                plain(subject),
                found.level,
                tuple(sorted(gained)),
                tuple(sorted(lost)),
            )
        )
        before = after
    return points


def _put(name: str, target: Path | None, found: Sequence[Report]) -> None:
    settings: dict[str, Path | int | None] = {}
    if name == "html":
        settings["beside"] = target.parent if target else Path()
    if name == "text" and target is None:
        settings |= _terminal()
    text = reports.render(name, found, **settings)
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
    import shutil

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


@main.command()
@click.argument("item", metavar="ID", type=_Criterion())
def explain(item: type[Criterion]) -> None:
    """Say why a criterion exists, how it is verified, and how it is met."""
    anchor = " (an anchor: no attestation stands in for it)" if item.is_anchor else ""
    words = {proof.value: proof.name.lower() for proof in item.proofs}
    lines = {
        "level": f"{item.level} of {item.part}{anchor}",
        "looked at": f"{item.verify} ({', '.join(words.values())})",
        "fix": item.fix,
        "effort": str(item.effort),
        "needs": ", ".join(item.requires),
        "gaming": item.gaming,
        "attested": f"its human part, for at most {item.attestable} days" if item.attestable else "",
        "sources": "; ".join(item.sources),
    }
    click.secho(f"{item.id} {item.title}", bold=True)
    click.echo()
    click.echo(click.wrap_text(item.why(), width=_width(), preserve_paragraphs=True))
    click.echo()
    for label, text in lines.items():
        if text:
            hanging = " " * 11
            click.echo(click.wrap_text(text, width=_width(), initial_indent=f"{label:<11}", subsequent_indent=hanging))


def _width() -> int:
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, 110)


@main.command()
@click.argument("item", metavar="ID", type=_Criterion())
@click.option("--by", required=True, help="Who attests: a handle in CODEOWNERS.")
@click.option("--statement", required=True, help="What is attested.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts. [default: as long as the criterion allows]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@_speaking
def attest(item: type[Criterion], by: str, statement: str, link: str, days: int | None, path: Path) -> None:
    """Attest what no command can prove; merge the change to make it count."""
    from goldenpath.evidence import sign

    product = open_product(path)
    _sign(product, item, lambda: sign.attest(product, item, by, statement, link, days))


@main.command()
@click.argument("item", metavar="ID", type=_Criterion())
@click.option("--approver", required=True, help="Who agrees: a handle in CODEOWNERS.")
@click.option("--reason", required=True, help="Why it is excused.")
@click.option("--link", required=True, help="Where to read more: an address, or a file of the product.")
@click.option("--days", type=int, help="How long it counts, at most 90. [default: 90]")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@_speaking
def waive(item: type[Criterion], approver: str, reason: str, link: str, days: int | None, path: Path) -> None:
    """Excuse a criterion for a time: the gate lets it pass, the level does not rise."""
    from goldenpath.evidence import sign

    product = open_product(path)
    _sign(product, item, lambda: sign.waive(product, item, approver, reason, link, days))


def _sign(product: Product, item: type[Criterion], make: Callable[[], Any]) -> None:
    from goldenpath.evidence.sign import SignError
    from goldenpath.fixes import FixError, write

    try:
        edit = make()
        write(product, edit.path, edit.text)
    except (SignError, FixError) as error:
        raise InputError(plain(str(error))) from error
    click.echo(f"{item.id}: added to {edit.path}, counts until {edit.expires}. Commit it and have it reviewed.")


def _fact(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    facts = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not separator or not name.strip():
            raise click.BadParameter(f"{value}: want name=value")
        try:
            facts[name.strip()] = json.loads(text)
        except ValueError:
            facts[name.strip()] = text
    return facts


@main.command(context_settings={"ignore_unknown_options": False})
@click.argument("item", metavar="ID", type=_Criterion())
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--fact", "facts", multiple=True, metavar="NAME=VALUE", callback=_fact, help="A fact to record.")
@click.option("--junit", type=FILE, help="JUnit XML that the command writes: counts of tests become facts.")
@click.option("--coverage", type=FILE, help="coverage.xml or coverage.json that it writes: percentages become facts.")
@click.option("--json", "json_files", type=FILE, multiple=True, help="JSON that it writes: its keys become facts.")
@click.option("--artifact", "artifacts", metavar="PATH", multiple=True, help="A file whose SHA-256 is recorded.")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@_speaking
def record(
    item: type[Criterion],
    command: tuple[str, ...],
    facts: dict[str, Any],
    junit: Path | None,
    coverage: Path | None,
    json_files: tuple[Path, ...],
    artifacts: tuple[str, ...],
    path: Path,
) -> None:
    """Run COMMAND and write what it proved as a receipt on the commit; ends with the command's exit code.

    goldenpath record CQ-03 --junit reports/junit.xml -- make test
    """
    from goldenpath.evidence.receipts import REF
    from goldenpath.evidence.record import RecordError, Sources
    from goldenpath.evidence.record import record as write_receipt

    sources = Sources(facts, junit, coverage, json_files, artifacts)
    try:
        receipt = write_receipt(open_product(path), item.id, command, sources, os.environ)
    except RecordError as error:
        raise InputError(plain(str(error))) from error
    outcome = "proved" if receipt.exit_code == 0 else f"recorded, and does not count: exit code {receipt.exit_code},"
    click.echo(f"{item.id} {outcome} on {receipt.commit[:9]}. Share it: git push origin {REF}", err=True)
    # A process that a signal ended has a negative code here, and 128 and more in a shell.
    sys.exit(receipt.exit_code if receipt.exit_code >= 0 else 128 - receipt.exit_code)


@main.command()
@click.argument("path", type=FOLDER, default=".")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many commits.")
@_speaking
def history(path: Path, limit: int) -> None:
    """Draw the level of each product over the commits of the first-parent line."""
    for folder in find_products(path):
        product = open_product(folder)
        points = _points(folder, limit, product.now)
        click.secho(f"\n{plain(review(product, ['DOC-01']).name)}", bold=True)
        click.echo(_drawn(points))


def _drawn(points: Sequence[Point]) -> str:
    """A column for each commit, and below it what changed with each that changed anything."""
    lines = []
    for level in range(4, -1, -1):
        cells = "".join("██ " if point.level >= level else "   " for point in points) if level else "━━━" * len(points)
        lines.append(f"  {level} {'┤' if level else '┼'}{cells}".rstrip())
    lines.append("")
    before = None
    for point in points:
        changes = [*(f"+{name}" for name in point.gained), *(f"-{name}" for name in point.lost)]
        if before is None or changes or point is points[-1]:
            shown = " ".join(changes[:8]) + (f" and {len(changes) - 8} more" if len(changes) > 8 else "")
            subject = point.subject if len(point.subject) <= 40 else f"{point.subject[:39]}…"
            lines.append(f"  {point.when} {point.commit[:9]} level {point.level}  {subject:<40}  {shown}".rstrip())
        before = point
    return "\n".join(lines)


@main.command()
@click.argument("item", metavar="ID", type=_Criterion())
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--path", type=FOLDER, default=".", help="The product's folder.")
@_speaking
def fix(item: type[Criterion], yes: bool, path: Path) -> None:
    """Meet a criterion mechanically, where that can be done: shows the diff, asks, and writes."""
    from goldenpath import fixes

    product = open_product(path)
    try:
        texts = fixes.propose(product, item.id)
        if not texts:
            click.echo(f"{item.id}: nothing to change.")
            return
        for name, text in texts.items():
            _show(fixes.diff(product, name, text))
        if not yes and not click.confirm(f"Write {', '.join(map(plain, texts))}?"):
            click.echo("Nothing written.")
            return
        for name, text in texts.items():
            fixes.write(product, name, text)
    except fixes.FixError as error:
        raise InputError(plain(str(error))) from error
    click.echo(f"Written: {', '.join(map(plain, texts))}.")


def _show(lines: Sequence[str]) -> None:
    longest = 200
    for line in lines:
        # An image in a notebook is one line of a megabyte.
        shown = plain(line[1:]) if line[:1] in "+- " else plain(line)
        sign = line[:1] if line[:1] in "+- " else ""
        indent = " " * (len(line[1:]) - len(line[1:].lstrip())) if sign else ""
        cut = shown if len(shown) <= longest else f"{shown[:longest]}… ({len(shown)} characters)"
        click.secho(f"{sign}{indent}{cut}", fg={"+": "green", "-": "red"}.get(sign))
