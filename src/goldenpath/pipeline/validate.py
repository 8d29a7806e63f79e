"""Stage 2: hold the raw rows against the contract; set bad rows aside, or stop when they are too many."""

from __future__ import annotations

from typing import Any

import pandas as pd

from goldenpath.project import contract, files, params
from goldenpath.project.contract import ContractError
from goldenpath.project.paths import QUARANTINE, RAW, VALID, VALIDATION_REPORT
from goldenpath.tables.validation import VIOLATIONS, Validated
from goldenpath.tables.validation import validate as check

SAMPLE_ROWS = 3


def validate() -> str:
    """Write good rows to :data:`paths.VALID`, bad ones to :data:`paths.QUARANTINE`, and the count of each rule.

    Raises:
        ContractError: More than ``validation.tolerated_share`` of the rows break the contract. The quarantine and the
            report are written all the same, to look into.
    """
    tolerated = params.load().validation.tolerated_share
    raw = pd.read_parquet(RAW)
    found = check(contract.load(), raw)
    share = len(found.quarantine) / len(raw)
    found.quarantine.to_parquet(QUARANTINE, index=False)
    files.write_json(VALIDATION_REPORT, _report(found, len(raw), share, tolerated))
    if share > tolerated:
        raise ContractError(_refusal(found, share, tolerated))
    found.valid.to_parquet(VALID, index=False)
    return f"{len(found.valid):,} rows keep the contract, {len(found.quarantine):,} ({share:.1%}) quarantined"


def _report(found: Validated, rows: int, share: float, tolerated: float) -> dict[str, Any]:
    return {
        "rows": rows,
        "valid": len(found.valid),
        "quarantined": len(found.quarantine),
        "quarantined_share": round(share, 6),
        "tolerated_share": tolerated,
        "rules": [
            {
                "column": item.column,
                "rule": item.rule.name,
                "text": item.rule.text,
                "rows": len(item.index),
                "samples": item.samples,
            }
            for item in found.broken
        ],
        "unknown_columns": found.unknown_columns,
    }


def _refusal(found: Validated, share: float, tolerated: float) -> str:
    lines = [f"{len(found.quarantine):,} rows ({share:.1%}) break contract.yaml; {tolerated:.1%} are tolerated."]
    lines += [
        f"  {len(item.index):>9,} rows: {item.column} {item.rule.text}, found {', '.join(item.samples)}"
        for item in found.broken
    ]
    lines.append(f"The first of them (all are in {QUARANTINE}):")
    rows = found.quarantine.drop(columns=VIOLATIONS).head(SAMPLE_ROWS).to_dict(orient="records")
    lines += ["  " + ", ".join(f"{name}={value}" for name, value in row.items()) for row in rows]
    lines.append(
        "Fix the data at its source; or, if the data is right, change contract.yaml; or raise "
        "validation.tolerated_share in params.yaml."
    )
    return "\n".join(lines)
