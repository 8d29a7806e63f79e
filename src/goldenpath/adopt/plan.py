"""The whole of adopt up to writing: read the file, guess, and compose the new files. Changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml

from goldenpath.adopt.advice import advice
from goldenpath.adopt.assignment import assign
from goldenpath.adopt.composition import composition
from goldenpath.adopt.contract_text import contract_text
from goldenpath.adopt.division import division
from goldenpath.adopt.dvc_text import dvc_text
from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.infer import Guess, infer
from goldenpath.adopt.leakage import suspects
from goldenpath.adopt.names import file_name, identifiers
from goldenpath.adopt.params_text import Settings, params_text
from goldenpath.adopt.profile import profile
from goldenpath.adopt.risk_text import risk_text
from goldenpath.adopt.suspicion import with_suspicion, without_entity_copies
from goldenpath.adopt.target import MINIMUM_ROWS, Target, guess_target
from goldenpath.adopt.write import SOURCES
from goldenpath.project import contract, params
from goldenpath.tables.table_io import TableFormat, read_table, sniff

DVC = Path("dvc.yaml")
STAND_IN = "your_package"
"""What the replacements call the project's package."""
RISKS = Path("docs/risk.md")


@dataclass(frozen=True)
class Request:
    """What the person asked for; names as typed."""

    data: Path
    target: str
    time: str | None = None
    entity: str | None = None
    protected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What will be written and what the person should know.

    Attributes:
        place: Where the data goes, relative to the project.
        former: The data adopted before, relative to the project.
        files: New texts by path relative to the project.
        guesses: The columns, in the order of the file.
        target: The guess about the target.
        format: How the file is read.
        rows: Rows of the table.
        split: How the rows are divided.
        warnings: What to look at before trusting a score, the gravest first.
    """

    place: Path
    former: Path | None
    files: dict[Path, str]
    guesses: list[Guess]
    target: Target
    format: TableFormat
    rows: int
    split: Literal["time", "entity", "random"]
    warnings: list[str]


def plan(request: Request, root: Path, package: str) -> Plan:
    """Work out what adopting a file means for the project.

    Args:
        request: What was asked for.
        root: The project's folder.
        package: The name of the project's package.

    Raises:
        ProjectError: The file cannot be adopted, or the project's own files cannot be read.
    """
    layout = sniff(request.data)
    table = read_table(request.data, layout.separator, layout.encoding, layout.decimal)
    named, table = assign(table, request.target, request.time, request.entity, request.protected)
    if len(table) < MINIMUM_ROWS:
        raise AdoptError(
            f"{request.data}: has {len(table)} rows, want at least {MINIMUM_ROWS}: with fewer, the rows held out "
            "cannot tell a good model from a lucky one. Collect more rows."
        )
    facts = {name: profile(table[name]) for name in table.columns}
    target = guess_target(facts[named.target])
    guesses = infer(list(facts.values()), named, target, request.data.name)
    guesses = without_entity_copies(guesses, table, named)
    features = [guess.column.physical_name for guess in guesses if guess.is_feature]
    found, parts = suspects(table, features, target), composition(table, features, target)
    guesses = with_suspicion(guesses, found, parts, target)
    _refuse_without_features(guesses, request.data, target)
    needed = [name for name in (named.target, named.time, named.entity) if name]
    usable = table[needed].notna().all(axis=1)
    split = division(table[usable], named, target)
    place = SOURCES / file_name(request.data.name)
    former = params.load(root / params.PATH).data.path
    settings = Settings(str(place), layout, int(usable.sum()), 1 - float(usable.mean()), split, target)
    files = {
        contract.PATH: _contract_text(guesses, request, root),
        params.PATH: params_text((root / params.PATH).read_text("utf-8"), settings),
        DVC: dvc_text((root / DVC).read_text("utf-8"), str(place), former),
        Path("src") / package / "source.py": _replacement("source.py", package),
        Path("tests/test_source.py"): _replacement("test_source.py", package),
    }
    if (root / RISKS).is_file():
        files[RISKS] = risk_text((root / RISKS).read_text("utf-8"), guesses)
    _check(files)
    return Plan(
        place=place,
        former=Path(former) if former and Path(former).parent == SOURCES else None,
        files=files,
        guesses=guesses,
        target=target,
        format=layout,
        rows=len(table),
        split=split.by,
        warnings=advice(found, parts, facts, guesses, named, target),
    )


def _refuse_without_features(guesses: Sequence[Guess], data: Path, target: Target) -> None:
    if any(guess.is_feature for guess in guesses):
        return
    columns = [guess.column for guess in guesses if guess.column.reason]
    reasons = "\n".join(f"  {column.physical_name}: {column.reason}" for column in columns[:20])
    raise AdoptError(
        f"{data}: no column is left to predict {target.name} from. Add columns that are known when the prediction is "
        f"made; those of --time and --entity are no features.\n{reasons}".rstrip()
    )


def _contract_text(guesses: Sequence[Guess], request: Request, root: Path) -> str:
    present = yaml.safe_load((root / contract.PATH).read_text("utf-8"))
    table = identifiers([request.data.name.split(".")[0]])[0]
    target = next(guess.column.name for guess in guesses if "target" in guess.column.roles)
    return contract_text(guesses, str(present["id"]), table, request.data.name, target)


def _check(files: dict[Path, str]) -> None:
    """Read the new contract and parameters as the pipeline will, before anything is written."""
    with tempfile.TemporaryDirectory() as folder:
        for path, load in ((contract.PATH, contract.load), (params.PATH, params.load)):
            (Path(folder) / path).write_text(files[path], encoding="utf-8")
            load(Path(folder) / path)


def _replacement(name: str, package: str) -> str:
    """A file of ``replacements``, for the package that it goes into."""
    return (resources.files("goldenpath.adopt") / "replacements" / name).read_text("utf-8").replace(STAND_IN, package)
