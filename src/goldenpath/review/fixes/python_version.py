"""TR-02: the one version of Python that the project already runs on, pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import requirements
from goldenpath.review.product.product import Product

PIN = ".python-version"
_LOCKED = re.compile(r"^#.*(?:--python-version[ =]|--python[ =]|-p |with Python )['\"]?(3\.\d+)", re.MULTILINE)
_IMAGE = re.compile(r"^FROM\s+(?:--\S+\s+)*(?:docker\.io/)?(?:library/)?python:(3\.\d+)", re.MULTILINE | re.IGNORECASE)
_IN_CI = re.compile(r"^[\s-]*python-version:\s*['\"]?(3\.\d+)(?:\.\d+)?['\"]?\s*(?:#.*)?$", re.MULTILINE)
_SEVERAL = re.compile(r"^[\s-]*python-version:\s*(?!['\"]?3\.\d)(\S.*)?$", re.MULTILINE)


def pin(product: Product) -> dict[str, str]:
    """Write the minor version that locks, images and workflows agree on, where none is pinned.

    Raises:
        FixError: They name none, or several; or the file is there and says something else.
        BrokenFileError: A file that is asked is not text.
    """
    if requirements.python_pin(product) is not None:
        return {}
    if PIN in product.paths:
        raise FixError(f"{PIN} names no one minor version of Python, such as 3.11: say which")
    found = dict.fromkeys(_named(product))
    versions = sorted({version for version, _ in found})
    if not versions:
        raise FixError("no lock, image or workflow tells which version of Python the project runs on: pin it yourself")
    if len(versions) > 1:
        told = ", ".join(f"{version} in {path}" for version, path in found)
        raise FixError(f"which version of Python is meant? {told}")
    project = product.pyproject.get("project")
    wanted = str(project.get("requires-python") or "") if isinstance(project, dict) else ""
    if not requirements.satisfies(f"{versions[0]}.99", wanted):
        raise FixError(f"pyproject.toml wants Python {wanted}, and {next(iter(found))[1]} takes {versions[0]}")
    return {PIN: f"{versions[0]}\n"}


def _named(product: Product) -> Iterator[tuple[str, str]]:
    """Each version of Python that is named, and the file."""
    for pattern, paths in (
        (_LOCKED, product.matching("requirements/*.txt", "requirements*.txt")),
        (_IMAGE, product.matching("Dockerfile", "*/Dockerfile", "Dockerfile.*")),
        (_IN_CI, product.matching(".github/workflows/*.yml", ".github/workflows/*.yaml")),
    ):
        for path in paths:
            text = product.text(path) or ""
            yield from ((version, path) for version in pattern.findall(text))
            if pattern is _IN_CI and (other := _SEVERAL.search(text)):
                yield (other[1] or "several").strip(), path
