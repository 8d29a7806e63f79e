"""Shows criteria in ``repo-review``, beside the checks of other plugins: those that a checkout alone can settle.

``repo-review PATH`` finds this module by the entry points of the package. It asks only what is proved by reading:
receipts and attestations have no place in its answers, and neither has a level. ``goldenpath check`` gives those.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from goldenpath.reports.maturity.sanitize import plain
from goldenpath.review.handbook import as_markdown
from goldenpath.review.product.errors import BrokenFileError
from goldenpath.review.product.product import Product, open_product
from goldenpath.review.product.tree import LARGEST, MOST_FILES, NEVER_ENTERED, OF_ALL
from goldenpath.review.result import Result
from goldenpath.review.review import judge
from goldenpath.review.standards import catalogue
from goldenpath.review.standards.criterion import Criterion, Part, Proof
from goldenpath.review.standards.verdict import Status

READABLE = tuple(item for item in catalogue() if item.proofs == (Proof.PARSED,))
"""The criteria that are shown."""
NEEDS_HISTORY = frozenset({"DOC-04", "MON-01", "MON-16", "TR-01", "TR-03", "TR-09", "TR-10", "TR-15"})
"""Those that read commits or tags too: skipped where there are only files, as in a repository seen over the web."""
MOST_FACTS = 5


class Asked:
    """One product and what the readable criteria say of it; they are asked when the first answer is wanted."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def __deepcopy__(self, _: dict[int, Any]) -> Asked:
        """Itself: repo-review copies what it hands to a check, to see whether the check changed it."""
        return self

    @cached_property
    def _results(self) -> dict[str, Result]:
        is_bare = self._product.git is None
        asked = [item for item in READABLE if not (is_bare and item.id in NEEDS_HISTORY)]
        return {result.criterion.id: result for result in judge(self._product, asked)}

    def answer(self, name: str) -> bool | str | None:
        """True for what is met, None for what is waived or cannot be judged, else the reasons in Markdown."""
        result = self._results.get(name)
        if result is None:
            return None
        if result.status.counts:
            return True
        return _words(result) if result.status is Status.FAIL else None


class Check:
    """A criterion in the form that repo-review asks for."""

    def __init__(self, item: type[Criterion]) -> None:
        # repo-review shows the docstring, and fills in what stands between braces.
        self.__doc__ = f"{item.title} (level {item.level})".replace("{", "{{").replace("}", "}}")
        self.family = item.id.partition("-")[0]
        self.requires = {name for name in item.requires if any(other.id == name for other in READABLE)}

    def check(self, name: str, goldenpath_product: Asked) -> bool | str | None:
        """Say whether the criterion is met, and if not, why."""
        return goldenpath_product.answer(name)


def goldenpath_product(root: Traversable, package: Traversable) -> Asked:
    """Fixture: the product in the folder that repo-review was given."""
    if isinstance(package, Path):
        return Asked(open_product(package))
    return Asked(Product(_BareTree(root, package)))


def checks() -> dict[str, Check]:
    """Every readable criterion by its id."""
    return {item.id: Check(item) for item in READABLE}


def families() -> dict[str, dict[str, Any]]:
    """The parts of the catalogue, in its order, by what their ids begin with."""
    found: dict[str, dict[str, Any]] = {}
    for place, part in enumerate(Part):
        readable = [item for item in READABLE if item.part is part]
        asked = sum(item.part is part for item in catalogue())
        if readable:
            found[readable[0].id.partition("-")[0]] = {
                "name": f"Golden path: {part}",
                "order": place,
                "description": f"{len(readable)} of {asked} criteria; `goldenpath check` asks all, and gives levels.",
            }
    return found


def _words(result: Result) -> str:
    lines = [f"{as_markdown(plain(result.verdict.reason))}.", ""]
    for fact in result.verdict.evidence[:MOST_FACTS]:
        said = ": ".join(filter(None, (fact.place, fact.text)))
        command = f" → {fact.command}" if fact.command else ""
        lines.append(f"- {as_markdown(plain(said + command))}")
    return "\n".join([*lines, "", f"Fix: {as_markdown(result.criterion.fix)}."])


class _BareTree:
    """Files that are on no disk: an archive, or a repository seen over the web."""

    def __init__(self, root: Traversable, folder: Traversable) -> None:
        self._root, self._folder = root, folder

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every file below the folder, and those of the whole repository that belong to it too."""
        shared = (path for path in _walk(self._root) if path.startswith(OF_ALL))
        return frozenset(_walk(self._folder)).union(shared)

    def size(self, path: str) -> int | None:
        """A file's bytes; None where there is no such file."""
        content = self._content(path)
        return None if content is None else len(content)

    def read(self, path: str, largest: int = LARGEST) -> bytes | None:
        """A file's content; None where there is no such file.

        Raises:
            BrokenFileError: The file is too large to be read.
        """
        content = self._content(path)
        if content is not None and len(content) > largest:
            raise BrokenFileError(path, f"is larger than {largest // 2**20} MiB, too large to be text")
        return content

    def _content(self, path: str) -> bytes | None:
        homes = (self._folder, self._root) if path.startswith(OF_ALL) else (self._folder,)
        found = next((file for home in homes if (file := home.joinpath(path)).is_file()), None)
        return None if found is None else found.read_bytes()


def _walk(folder: Traversable) -> list[str]:
    found: list[str] = []
    for path in _below(folder, ""):
        found.append(path)
        if len(found) == MOST_FILES:
            break
    return found


def _below(folder: Traversable, prefix: str) -> Iterator[str]:
    for item in folder.iterdir():
        if item.is_file():
            yield f"{prefix}{item.name}"
        elif item.is_dir() and item.name not in NEVER_ENTERED:
            yield from _below(item, f"{prefix}{item.name}/")
