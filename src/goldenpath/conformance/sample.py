"""A small run of the product's own pipeline, in a folder of its own: what the suite's tests look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from goldenpath.pipeline.fingerprints import STAGES
from goldenpath.project import contract, manifest, params, team, yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.project.params import Params
from goldenpath.project.paths import RAW

ROWS = 2000
"""Most rows of the sample: every stage then takes a second, and most products' models still learn something."""
ROWS_OF_A_CLASS = 50
"""Rows that each class is given first, so that a rare one is not lost."""
SEED = 0
COPIED = ("contract.yaml", "golden-path.yaml", "pyproject.toml")
LINKED = ("requirements", "src")
COUNTS_OF_ROWS = ("min_samples_leaf", "min_child_samples", "min_data_in_leaf")
"""Parameters of common estimators that count rows: made for all rows, they would let nothing be learned from few."""
FEWEST_IN_LEAF = 20


@dataclass(frozen=True)
class Sample:
    """A run of the pipeline on few rows.

    Attributes:
        root: The project.
        folder: Where the run left its results, under the paths of ``dvc.yaml``.
        raw: The raw rows that it started from.
        failures: What went wrong, by stage; stages after a failed one did not run.
        outcomes: What each stage that ran said of itself.
    """

    root: Path
    folder: Path
    raw: pd.DataFrame
    failures: dict[str, str]
    outcomes: dict[str, str]


def run(root: Path, folder: Path) -> Sample:
    """Run every stage in a folder, on a sample of the project's rows.

    Args:
        root: The project's folder.
        folder: An empty folder.

    Raises:
        ProjectError: There are no rows to take a sample of, or a file of settings cannot be read.
    """
    with working_in(root):
        agreed, settings = contract.load(), params.load()
        rows = _rows(settings)
        raw = few(rows, agreed.target.physical_name if settings.problem == "classification" else None)
    for name in COPIED:
        if (root / name).is_file():
            shutil.copy(root / name, folder / name)
    for name in LINKED:
        (folder / name).symlink_to((root / name).resolve())
    (folder / params.PATH).write_text(_parameters(root, len(raw) / len(rows)), encoding="utf-8")
    failures: dict[str, str] = {}
    outcomes: dict[str, str] = {}
    with working_in(folder), _source_gives(raw):
        for name in STAGES:
            try:
                outcomes[name] = stage(name)()
            except ProjectError as error:
                failures[name] = str(error)
                break
    return Sample(root, folder, raw, failures, outcomes)


def stage(name: str) -> Callable[[], str]:
    """The function of a stage: the library's, or the project's own where it was ejected; for the working directory."""
    if name in manifest.load().ejected:
        module = team.load_module(Path.cwd(), f"{team.package()}.steps.{name}")
    else:
        module = import_module(f"goldenpath.pipeline.{name}")
    found: Callable[[], str] = getattr(module, name)
    return found


def few(rows: pd.DataFrame, target: str | None) -> pd.DataFrame:
    """At most :data:`ROWS` rows in their order; of each class some, where a target divides rows into classes."""
    if len(rows) <= ROWS:
        return rows
    kept = rows.index[:0]
    if target in rows.columns:
        classes = rows[target].dropna()
        most = min(ROWS_OF_A_CLASS, ROWS // (2 * max(1, classes.nunique())))
        for _, members in classes.groupby(classes, observed=True):
            kept = kept.append(members.sample(min(most, len(members)), random_state=SEED).index)
    others = rows.index.difference(kept).to_series().sample(ROWS - len(kept), random_state=SEED).index
    return rows.loc[kept.append(others).sort_values()].reset_index(drop=True)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """The working directory, for as long as this holds."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _rows(settings: Params) -> pd.DataFrame:
    """All raw rows: those that ``ingest`` has kept, which need no source, else what the source gives now."""
    rows = pd.read_parquet(RAW) if RAW.is_file() else team.load_rows(settings)
    if rows.empty:
        raise ProjectError("The source has no rows. Look at data.through and data.path in params.yaml.")
    return rows.reset_index(drop=True)


@contextmanager
def _source_gives(rows: pd.DataFrame) -> Iterator[None]:
    """Let ``ingest`` read these rows, where a whole source would take too long."""

    def given(params: Params) -> pd.DataFrame:  # noqa: ARG001 - a source's parameters
        return rows

    load, team.load_rows = team.load_rows, given
    try:
        yield
    finally:
        team.load_rows = load


def _parameters(root: Path, share: float) -> str:
    """The project's parameters as they suit a sample.

    Args:
        root: The project's folder.
        share: The sample's share of all rows.
    """
    content: dict[str, Any] = yaml_text.load((root / params.PATH).read_bytes())
    content["evaluation"] |= {"bootstrap": 20, "importance_rows": 200}
    # A sample's share of bad rows differs from the share in all rows by chance.
    content["validation"]["tolerated_share"] = min(0.9, 2 * content["validation"]["tolerated_share"] + 0.02)
    model = content.get("model") or {}
    for name in COUNTS_OF_ROWS:
        if isinstance(value := model.get(name), int):
            model[name] = min(value, max(FEWEST_IN_LEAF, round(value * share)))
    return yaml.safe_dump(content, sort_keys=False)
