"""Results of the pipeline: run what has changed, get what was committed, and write what follows from them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import EVALUATION_PAGE, LINEAGE, METRICS, MODEL_CARD, OPENAPI, SBOM, SIGNATURE

POINTERS = "data/source/*.dvc"
"""DVC's pointers to adopted data."""
CARD_INPUTS = (METRICS, LINEAGE, Path("contract.yaml"), Path("params.yaml"), Path("golden-path.yaml"))
SBOM_INPUTS = (SIGNATURE, Path("requirements/serve.txt"), Path("pyproject.toml"))


def run(root: Path, stages: Sequence[str] = (), *, force: bool = False) -> None:
    """Run the stages of ``dvc.yaml`` that have changed, then write what follows from their results.

    Args:
        root: The project's folder.
        stages: Run these and what they need, and write nothing else; all stages without.
        force: Run them though nothing has changed.

    Raises:
        ProjectError: A stage failed, or a file cannot be written.
    """
    fetch_adopted(root, os.environ)
    command = ["repro", *(["--force"] if force else []), *stages]
    if code := _dvc(root, command, os.environ):
        raise ProjectError(f"dvc {' '.join(command)} ended with {code}; what the stage printed stands above.")
    if not stages:
        for line in write_documents(root):
            print(line)


def get(root: Path) -> None:
    """Get the data and models that ``dvc.lock`` names, or make them where neither cache nor remote has them.

    Raises:
        ProjectError: They had to be made, and a stage failed.
    """
    if not _fetched(root, [], os.environ):
        run(root)


def fetch_adopted(root: Path, variables: Mapping[str, str]) -> None:
    """Get adopted data, of which git holds the pointer only.

    Raises:
        ProjectError: Neither cache nor remote has it.
    """
    for pointer in sorted(root.glob(POINTERS)):
        if not pointer.with_suffix("").exists() and not _fetched(root, [str(pointer.relative_to(root))], variables):
            raise ProjectError(
                f"{pointer.relative_to(root)}: its data is neither in DVC's cache nor in the remote. Ask whoever "
                "adopted it to run `goldenpath push`."
            )


def write_documents(root: Path) -> Iterator[str]:
    """Write what follows from the results, each file where it is older than what it is made from.

    Args:
        root: The project's folder, which is the working directory.

    Returns:
        A line for each file that was written.

    Raises:
        ProjectError: A result is missing or cannot be read.
    """
    documents: Sequence[tuple[Path, Sequence[Path], Callable[[Path], str]]] = (
        (EVALUATION_PAGE, (METRICS, LINEAGE), _page),
        (MODEL_CARD, CARD_INPUTS, _card),
        (OPENAPI, (), _openapi),  # only where it is missing: a committed one changes by `goldenpath openapi`
        (SBOM, SBOM_INPUTS, _sbom),
    )
    for path, inputs, write in documents:
        if _is_stale(root / path, [root / item for item in inputs]):
            yield write(root)


def _page(root: Path) -> str:
    from goldenpath.reports import evaluation

    written = evaluation.write(root)
    return f"{EVALUATION_PAGE}: {written.headline}"


def _card(root: Path) -> str:
    from goldenpath.reports import model_card

    return f"{MODEL_CARD} {'has changed: commit it' if model_card.write(root) else 'is current'}."


def _openapi(_: Path) -> str:
    from goldenpath.serving.rest import write_openapi

    return write_openapi.write()


def _sbom(root: Path) -> str:
    from goldenpath.delivery.image import sbom

    return sbom.write(root)


def _is_stale(path: Path, inputs: Sequence[Path]) -> bool:
    if not path.is_file():
        return True
    written = path.stat().st_mtime_ns
    return any(item.is_file() and item.stat().st_mtime_ns > written for item in inputs)


def _fetched(root: Path, words: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Whether files came out of the cache, or else from the remote."""
    return any(not _dvc(root, [verb, "--quiet", *words], variables, quiet=True) for verb in ("checkout", "pull"))


def _dvc(root: Path, words: Sequence[str], variables: Mapping[str, str], *, quiet: bool = False) -> int:
    command = [sys.executable, "-m", "dvc", *words]
    variables = {**variables, "DVC_NO_ANALYTICS": "1"}
    return subprocess.run(
        command, cwd=root, env=variables, check=False, stderr=subprocess.DEVNULL if quiet else None
    ).returncode
