"""Asks every criterion about a product and derives the product's levels."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Thread

from goldenpath.review import levels
from goldenpath.review.evidence import receipts, signed
from goldenpath.review.product import library, rendered
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.git import Git
from goldenpath.review.product.product import Product
from goldenpath.review.result import Result
from goldenpath.review.standards import CATALOGUE_VERSION, catalogue
from goldenpath.review.standards.criterion import Criterion, Part
from goldenpath.review.standards.verdict import Evidence, Status, Verdict, failed, unknown


@dataclass(frozen=True)
class Review:
    """The verdicts on one product.

    Attributes:
        name: The product's name, or its folder's where it has none.
        folder: Its folder in the repository; ``.`` for the root.
        commit: The commit judged; None without one.
        when: The time of the review.
        results: One for each criterion asked, in the order of the catalogue.
        signed: Every attestation and waiver, those that do not count included.
        bad_receipts: Lines of the notes that are no receipts.
        complete: Whether all of the catalogue was asked; only then does a level mean anything.
        catalogue: The version of the catalogue.
    """

    name: str
    folder: str
    commit: str | None
    when: datetime
    results: tuple[Result, ...]
    signed: tuple[signed.Signed, ...] = ()
    bad_receipts: tuple[str, ...] = ()
    complete: bool = True
    catalogue: str = CATALOGUE_VERSION

    def __getitem__(self, name: str) -> Result:
        return next(result for result in self.results if result.criterion.id == name)

    @cached_property
    def parts(self) -> dict[Part, int]:
        """The strict level of each part."""
        return {part: levels.of_part(self.results, part) for part in Part}

    @cached_property
    def level(self) -> int:
        """The strict level of the product: the lowest of its parts'."""
        return min(self.parts.values())

    @cached_property
    def excused_level(self) -> int:
        """The level where waivers count as met: what a gate asks for, never what a product has."""
        return min(levels.of_part(self.results, part, excused=True) for part in Part)

    @cached_property
    def possible_level(self) -> int:
        """The level if everything unknown were met: an upper bound."""
        return min(levels.of_part(self.results, part, hopeful=True) for part in Part)


def review(product: Product, select: Sequence[str] = ()) -> Review:
    """Judge a product by the catalogue.

    Args:
        product: The product.
        select: Ids, or beginnings of ids such as ``TR``; none means the whole catalogue.
    """
    if product.git is not None and product.commit is not None:
        # git answers while the catalogue is imported.
        Thread(target=_ask_ahead, args=(product, product.git, product.commit), daemon=True).start()
    with _undisturbed():
        chosen = [item for item in catalogue() if not select or item.id.startswith(tuple(map(str.upper, select)))]
        results = judge(product, chosen)
    return Review(
        name=_name(product),
        folder=product.prefix.rstrip("/") or ".",
        commit=product.commit,
        when=product.now,
        results=results,
        signed=tuple(_all_signed(product)),
        bad_receipts=tuple(receipts.all_of(product)[1]),
        complete=len(chosen) == len(catalogue()),
    )


def judge(product: Product, chosen: Iterable[type[Criterion]]) -> tuple[Result, ...]:
    """Ask each criterion; what one of them needs is asked before it, and one that breaks breaks alone."""
    chosen = list(chosen)
    asked: dict[str, Verdict] = {}
    by_id = {item.id: item for item in catalogue()}
    beside = {item.id: _Beside(product, item) for item in chosen if item.waits and product.git is not None}

    def check(item: type[Criterion]) -> Verdict:
        return beside[item.id].verdict() if item.id in beside else _checked(product, item)

    def ask(item: type[Criterion]) -> Verdict:
        if item.id not in asked:
            unmet = [name for name in item.requires if name in by_id and not ask(by_id[name]).status.counts]
            if unmet:
                asked[item.id] = _excused(product, item, unknown(f"cannot be judged before {', '.join(unmet)} is met"))
            else:
                asked[item.id] = _excused(product, item, check(item))
        return asked[item.id]

    return tuple(Result(item, ask(item)) for item in chosen)


def _ask_ahead(product: Product, git: Git, commit: str) -> None:
    """Ask git what nearly every review needs; the answers are kept."""
    with suppress(OSError, BrokenFileError):
        receipts.all_of(product)
        _ = product.paths, git.changed, git.tags_before(commit), git.tags, git.history(commit), git.remote


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off Python's search for unreachable objects.

    The syntax trees of a product live until its review ends: to walk them all again and again takes a tenth of it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Beside(Thread):
    """A check that mostly waits for another program, begun before the others and asked when it is its turn."""

    def __init__(self, product: Product, item: type[Criterion]) -> None:
        super().__init__(daemon=True)
        self._product, self._item = product, item
        self._found: Verdict | None = None
        self.start()

    def run(self) -> None:
        self._found = _checked(self._product, self._item)

    def verdict(self) -> Verdict:
        """The verdict, once it is there."""
        self.join()
        return self._found or _checked(self._product, self._item)


def _checked(product: Product, item: type[Criterion]) -> Verdict:
    try:
        verdict = item.check(product)
        return _contradicted(product, item) or verdict if verdict.status.counts else verdict
    except BrokenFileError as error:
        return failed("a file that it needs cannot be used", Evidence(error.reason, error.path, error.line))
    except Exception as error:  # whatever a check does wrong must not hide the others' verdicts
        import traceback  # what nearly no review needs

        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        words = f"the check itself broke: {type(error).__name__}: {error} ({place})"
        return Verdict(Status.ERROR, words, (Evidence("report this to the platform team"),))


def _contradicted(product: Product, item: type[Criterion]) -> Verdict | None:
    """Why what a criterion rests on is not the platform's: another library than the one pinned, or an edited file."""
    if item.by_library and (fault := library.read(product).fault):
        how = Evidence("the library of every lock", library.STAGES, command="goldenpath lock")
        return failed("the library is not the one that is pinned", Evidence(fault.text, fault.path, fault.line), how)
    if item.rendered and (edited := rendered.edited(product, item.rendered)):
        facts = [Evidence(found.text, found.path, command="goldenpath render") for found in edited[:5]]
        return failed("a generated file is not as it was generated", *facts)
    return None


def _excused(product: Product, item: type[Criterion], verdict: Verdict) -> Verdict:
    """Mark what is not met and validly waived. A waiver that does not count is told."""
    if verdict.status.counts:
        return verdict
    try:
        waiver, refused = signed.valid(product, "waiver", item.id, signed.WAIVER_DAYS)
    except BrokenFileError as error:
        return verdict.but(verdict.status, verdict.reason, Evidence(error.reason, error.path, error.line))
    faults = [Evidence(f"a waiver does not count: it {entry.fault}", entry.path, entry.line) for entry in refused]
    if waiver is None:
        return verdict.but(verdict.status, verdict.reason, *faults) if faults else verdict
    words = f"waived by {waiver.signer} until {waiver.expires}: {waiver.words}"
    return verdict.but(Status.WAIVED, f"{verdict.reason} ({words})", Evidence(words, waiver.path, waiver.line))


def _all_signed(product: Product) -> Iterable[signed.Signed]:
    kinds: tuple[signed.Kind, ...] = ("attestation", "waiver")
    for kind in kinds:
        try:
            yield from signed.read(product, kind)
        except BrokenFileError:
            continue  # every criterion that may need the file names it


def _name(product: Product) -> str:
    try:
        return product.manifest.name or product.root.resolve().name
    except BrokenFileError:
        return product.root.resolve().name
