"""What a change does to the data, and whether the data bears it: ``goldenpath gate data``.

The digests in ``dvc.lock`` and in ``.dvc`` files say which data changed. Of the raw table, rows that the base does not
have are held against the contract on their own, because among all the others they would drown; how many there may be
overall is for the pipeline's validate stage, whose report is repeated here. Rows that are gone, columns that went empty
or constant, and how far each column moved are told by comparison with the base's rows, from DVC's cache or remote.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from goldenpath.evaluation import drift_measures
from goldenpath.gates import base, gate
from goldenpath.gates.base import Base
from goldenpath.gates.gate import Report
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project import contract, params, yaml_text
from goldenpath.project.contract import Column, Contract
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import (
    DATA_CHECK,
    DVC_LOCK,
    QUARANTINE,
    RAW,
    SPLIT_REPORT,
    VALID,
    VALIDATION_REPORT,
    split_file,
)
from goldenpath.tables.type_inference import to_time
from goldenpath.tables.validation import validate

GATE = "data"
BY_CHANCE = 1e-6
"""How likely it may be, by the base's share of missing values, that all new rows miss a value and nothing is wrong."""
ENOUGH = 500
"""New rows from which on their drift is told: of fewer, a column seems to move by chance."""


@dataclass(frozen=True)
class Output:
    """Something that DVC keeps, of which another version is here than in the base.

    Attributes:
        path: The file or folder.
        before: Its digest in the base; empty where the base had none.
        after: Its digest now; empty where it is gone.
    """

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Rows:
    """How many rows a table has; None where nothing tells.

    Attributes:
        table: The file.
        before: In the base.
        after: Now.
    """

    table: str
    before: int | None
    after: int | None


def run(root: Path, ref: str) -> Outcome:
    """Judge the data of the work tree against the base's, and write ``reports/data-check.json``.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
    """
    return gate.run(GATE, root / DATA_CHECK, partial(judge, root, ref), markdown)


def judge(root: Path, ref: str) -> Report:
    """Compare and judge.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.

    Raises:
        ProjectError: The contract or the parameters cannot be used, or ``dvc.lock`` is missing.
        InconclusiveError: There is nothing to compare with.
    """
    agreed, limits = contract.load(root / contract.PATH), params.load(root / params.PATH)
    old = base.find(root, ref)
    changed = outputs(root, old)
    report: Report = {
        "verdict": "pass",
        "reasons": [],
        "base": old.commit,
        "changed": [asdict(item) for item in changed],
        "rows": [asdict(item) for item in row_counts(root, old)],
        "contract": _json(root / VALIDATION_REPORT),
    }
    # Where the base had no rows yet, these are the first: the contract alone judges them.
    if any(item.path == str(RAW) and item.before for item in changed):
        try:
            report |= compare(agreed, limits, _rows(root, None, "HEAD"), _rows(root, old.commit, ref))
        except InconclusiveError as error:
            report |= {"verdict": "inconclusive", "reasons": [str(error)]}
    overall = report["contract"]
    if overall and overall["quarantined_share"] > limits.validation.tolerated_share:
        reason = (
            f"{overall['quarantined']:,} of {overall['rows']:,} rows break the contract, more than validation."
            f"tolerated_share = {limits.validation.tolerated_share:.1%}. {VALIDATION_REPORT} counts each rule."
        )
        report |= {"verdict": "fail", "reasons": [reason, *report["reasons"]]}
    return report


def outputs(root: Path, old: Base) -> list[Output]:
    """Everything that DVC keeps and that is another than in the base, by path.

    Raises:
        ProjectError: There is no ``dvc.lock``.
    """
    if not (root / DVC_LOCK).is_file():
        raise ProjectError(f"{DVC_LOCK}: no such file. Run `make run`, and commit it.")
    after = _locked((root / DVC_LOCK).read_text(encoding="utf-8"))
    for pointer in sorted((root / "data").rglob("*.dvc")):
        after |= _pointed(str(pointer.parent.relative_to(root)), pointer.read_text(encoding="utf-8"))
    before = _locked(old.text(DVC_LOCK) or "")
    for path in old.paths("data/**/*.dvc", "data/*.dvc"):
        before |= _pointed(str(Path(path).parent), old.text(Path(path)) or "")
    return [
        Output(path, before.get(path, ""), after.get(path, ""))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def row_counts(root: Path, old: Base) -> list[Rows]:
    """Rows of each table, by the reports that the pipeline wrote, which git keeps for both."""
    counts = []
    for path in (VALIDATION_REPORT, SPLIT_REPORT):
        now = _json(root / path) or {}
        then = json.loads(old.text(path) or "{}")
        if path == VALIDATION_REPORT:
            tables = [(str(RAW), "rows"), (str(VALID), "valid"), (str(QUARANTINE), "quarantined")]
            counts += [Rows(table, then.get(key), now.get(key)) for table, key in tables]
        else:
            parts = [part for part in ("train", "validation", "test") if part in then or part in now]
            counts += [Rows(str(split_file(part)), *(_of_part(found, part) for found in (then, now))) for part in parts]
    return counts


def markdown(report: Report) -> str:
    """The report for a pull request."""
    lines = gate.heading("Data", report)
    if report["verdict"] == "pass" and not report["changed"]:
        return "\n".join([*lines, "No data changed."])
    moved = [item for item in report.get("rows", []) if item["before"] != item["after"]]
    lines += gate.table(["table", "rows before", "rows now", "difference"], [_row_line(item) for item in moved])
    if found := report.get("comparison"):
        new = f"{found['added']:,} rows are not in the base as they are now; {found['added_violations']:,} of them"
        gone = f"{found['lost']:,} rows of the base are gone ({found['lost_by']})"
        lines += [f"{new} break the contract. {gone}.", ""]
    moves = report.get("drift", [])
    large = sorted((item for item in moves if item["size"] != "none"), key=lambda item: -_largest_index(item))
    lines += gate.table(
        ["column", "drift", "PSI, all rows", "PSI, new rows", "share of rows that moved", "missing before", "now"],
        [_drift_line(item) for item in large],
    )
    if moves:
        lines.append(
            f"{len(moves) - len(large)} of {len(moves)} columns hardly moved (PSI below {drift_measures.MODERATE})."
        )
    return "\n".join(lines).rstrip()


def compare(agreed: Contract, limits: params.Params, now: pd.DataFrame, then: pd.DataFrame) -> Report:
    """Judge the rows of now beside those of the base.

    Args:
        agreed: The contract.
        limits: The parameters: how many new rows may break the contract, and how many old ones may be gone.
        now: The raw table.
        then: The raw table of the base.

    Returns:
        The verdict with its reasons, how many rows came and went, and how far each column moved.
    """
    added = now[~_is_among(now, then, [name for name in now.columns if name in then.columns])]
    keys = [column.physical_name for column in (agreed.time, agreed.entity) if column is not None]
    keys = [name for name in keys if name in now.columns and name in then.columns]
    lost = int((~_is_among(then, now, keys)).sum()) if keys else max(0, len(then) - len(now))
    checked = validate(agreed, added) if len(added) else None
    bad = len(checked.quarantine) if checked else 0
    reasons = []
    tolerated, bearable = limits.validation.tolerated_share, limits.gates.data.lost_share
    if checked and bad > max(1, tolerated * len(added)):
        worst = checked.broken[0]
        reasons.append(
            f"{bad:,} of {len(added):,} new rows ({bad / len(added):.1%}) break the contract, more than "
            f"validation.tolerated_share = {tolerated:.1%}; most often: {worst.column} {worst.rule.text}. Fix "
            "the data at its source, or contract.yaml where the data is right."
        )
    if lost > bearable * len(then):
        reasons.append(
            f"{lost:,} of {len(then):,} rows of the base ({lost / len(then):.1%}) are gone, more than gates.data."
            f"lost_share = {bearable:.1%}. Bring them back at the source, or raise it in params.yaml and say why there."
        )
    reasons += _emptied(agreed, now, then, added)
    comparison = {
        "added": len(added),
        "added_violations": bad,
        "lost": lost,
        "lost_by": f"matched by {', '.join(keys)}" if keys else "by count alone: no column has role time or entity",
    }
    verdict, moves = "fail" if reasons else "pass", _drifts(agreed, then, now, added)
    return {"verdict": verdict, "reasons": reasons, "comparison": comparison, "drift": moves}


def _is_among(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> Any:
    """For each row, whether the others hold one like it; the second of two alike needs a second one there."""
    if not columns:
        return np.zeros(len(rows), dtype=bool)
    hashes = [_hashes(frame[columns]) for frame in (rows, others)]
    numbered = [found.groupby(found).cumcount().to_numpy() for found in hashes]
    held = pd.MultiIndex.from_arrays([hashes[1], numbered[1]])
    return pd.MultiIndex.from_arrays([hashes[0], numbered[0]]).isin(held)


def _hashes(frame: pd.DataFrame) -> pd.Series:
    plain = {name: _plain(values) for name, values in frame.items()}
    return pd.util.hash_pandas_object(pd.DataFrame(plain), index=False)


def _plain(values: pd.Series) -> pd.Series:
    """The values in a type that does not depend on whether some of them are missing."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(values.to_numpy(dtype="float64", na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return pd.Series(values.to_numpy("datetime64[ns]").astype("int64"))
    return values.astype("string").fillna("").reset_index(drop=True)


def _emptied(agreed: Contract, now: pd.DataFrame, then: pd.DataFrame, added: pd.DataFrame) -> Iterator[str]:
    """Columns that hold nothing, or one value only, and did not before."""
    for name in _shared(agreed, now, then):
        before, after, share = then[name], now[name], float(then[name].isna().mean())
        advice = "Look at its source; where it is right, take the column from contract.yaml."
        if after.isna().all() and not before.isna().all():
            yield f"{name} has no value any longer. {advice}"
        elif _is_constant(after) and not _is_constant(before):
            yield f"{name} has the same value in every row, and had {before.nunique():,} different ones. {advice}"
        elif len(added) and added[name].isna().all() and share ** len(added) < BY_CHANCE:
            yield f"{name} has no value in any of {len(added):,} new rows; in the base {share:.1%} miss it. {advice}"


def _is_constant(values: pd.Series) -> bool:
    present = values.dropna()
    return present.empty or bool((present == present.iloc[0]).all())


def _drifts(agreed: Contract, then: pd.DataFrame, now: pd.DataFrame, added: pd.DataFrame) -> list[dict[str, Any]]:
    """How far each column moved, in all rows and in the new ones; time is left out, because it always moves on."""
    shared = _shared(agreed, now, then)
    moves = []
    for column in agreed:
        name = column.physical_name
        if "time" in column.roles or name not in shared:
            continue
        before, after = _comparable(column, then[name]), _comparable(column, now[name])
        found = _drift(column, before, after)
        enough = ENOUGH <= len(added) < len(now)
        new = _drift(column, before, _comparable(column, added[name])).psi if enough else None
        move = {"column": column.name, **asdict(found), "new_rows_psi": new}
        moves.append(move | {"size": drift_measures.size(_largest_index(move))})
    return moves


def _drift(column: Column, before: pd.Series, after: pd.Series) -> drift_measures.Drift:
    if column.is_category or column.type == "boolean":
        return drift_measures.of_categories(before, after)
    return drift_measures.of_numbers(*(values.to_numpy("float64", na_value=np.nan) for values in (before, after)))


def _comparable(column: Column, values: pd.Series) -> pd.Series:
    """Values as text where they name something, else as numbers; times in seconds."""
    if column.is_category or column.type == "boolean":
        return values.astype("string")
    if column.type in ("date", "timestamp"):
        times = pd.Series(to_time(values))
        return pd.Series(times.to_numpy("datetime64[s]").astype("float64")).mask(times.isna().to_numpy())
    return pd.to_numeric(values, errors="coerce")


def _shared(agreed: Contract, now: pd.DataFrame, then: pd.DataFrame) -> list[str]:
    names = [column.physical_name for column in agreed]
    return [name for name in names if name in now.columns and name in then.columns]


def _rows(root: Path, commit: str | None, called: str) -> pd.DataFrame:
    """The raw table of a commit, or of the work tree, from wherever DVC has it.

    Raises:
        InconclusiveError: It is neither here nor in the cache nor in the remote.
    """
    if commit is None and (root / RAW).is_file():
        return pd.read_parquet(root / RAW)
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / RAW.name
            DVCFileSystem(str(root), rev=commit).get_file(str(RAW), str(copy))
            return pd.read_parquet(copy)
    except (DvcException, OSError, ValueError) as error:
        how = "make run" if commit is None else f"goldenpath rebuild-base --rows --base {called}"
        raise InconclusiveError(
            f"{RAW} of {called} is neither in DVC's cache nor in its remote, so its rows are not compared "
            f"({' '.join(str(error).split())}). Where it is, run `dvc push`; else make it again: {how}"
        ) from error


def _locked(text: str) -> dict[str, str]:
    stages = (yaml_text.load(text) or {}).get("stages", {})
    return {str(out["path"]): str(out.get("md5", "")) for stage in stages.values() for out in stage.get("outs", [])}


def _pointed(home: str, text: str) -> dict[str, str]:
    outs = (yaml_text.load(text) or {}).get("outs", [])
    return {str(Path(home) / out["path"]): str(out.get("md5", "")) for out in outs}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _of_part(report: dict[str, Any], part: str) -> int | None:
    found = report.get(part)
    return found["rows"] if found else None


def _largest_index(move: dict[str, Any]) -> float:
    return max(float(move["psi"]), float(move["new_rows_psi"] or 0))


def _drift_line(item: dict[str, Any]) -> list[str]:
    new = "" if item["new_rows_psi"] is None else f"{item['new_rows_psi']:.3f}"
    shares = [f"{item[key]:.1%}" for key in ("total_variation", "missing_before", "missing_after")]
    return [item["column"], item["size"], f"{item['psi']:.3f}", new, *shares]


def _row_line(item: dict[str, Any]) -> list[str]:
    before, after = item["before"], item["after"]
    known = before is not None and after is not None
    numbers = ["unknown" if count is None else f"{count:,}" for count in (before, after)]
    return [item["table"], *numbers, f"{after - before:+,}" if known else ""]
