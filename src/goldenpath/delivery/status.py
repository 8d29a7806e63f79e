"""Say which model, image, data and commit is where, since when and by whom: ``goldenpath status``, by git alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from goldenpath.delivery import deployment_history, desired_state, registry
from goldenpath.delivery.deployment_history import Change

SHOWN_CHANGES = 10


@dataclass(frozen=True)
class Row:
    """What one environment runs.

    Attributes:
        environment: Which.
        model: The registered version; empty where nothing was promoted.
        image: The image's digest.
        data: Digest of the raw data that the model was made from.
        commit: The commit of the model's version.
        since: When the overlay was last changed, ISO 8601.
        by: Who did.
    """

    environment: str
    model: str = ""
    image: str = ""
    data: str = ""
    commit: str = ""
    since: str = ""
    by: str = ""


def status(root: Path) -> tuple[list[Row], list[Change]]:
    """What runs where by the work tree, and every change that led there, the newest first.

    Raises:
        ProjectError: An overlay cannot be read, or there is no history.
    """
    rows, everything = [], []
    for environment in desired_state.environments(root):
        changes = deployment_history.changes(root, environment)
        everything += changes
        state = desired_state.read(root, environment)
        if state.is_empty:
            rows.append(Row(environment))
            continue
        version = registry.by_tag(root, state.model)
        last = changes[0] if changes and changes[0].after == state else None
        rows.append(
            Row(
                environment,
                state.model,
                state.image.digest,
                version.data_sha256,
                version.commit,
                last.when if last else "not committed",
                last.who if last else "",
            )
        )
    return rows, sorted(everything, key=lambda change: change.when, reverse=True)


def as_json(rows: Sequence[Row], changes: Sequence[Change]) -> str:
    """All of both, for programs."""
    found = {"environments": [asdict(row) for row in rows], "changes": [asdict(change) for change in changes]}
    return json.dumps(found, indent=2)


def as_text(rows: Sequence[Row], changes: Sequence[Change]) -> str:
    """The table, and under it the newest changes."""
    head = ("environment", "model", "image", "data", "commit", "since", "by")
    shown = [
        (
            row.environment,
            row.model or "nothing yet",
            row.image[:19],
            row.data[:12],
            row.commit[:9],
            row.since[:16].replace("T", " "),
            row.by,
        )
        for row in rows
    ]
    lines = _aligned([head, *shown])
    if changes:
        lines += ["", "changes, the newest first"]
        lines += _aligned([_words(change) for change in changes[:SHOWN_CHANGES]])
    if len(changes) > SHOWN_CHANGES:
        lines.append(f"and {len(changes) - SHOWN_CHANGES} more: git log -- {desired_state.OVERLAYS}")
    return "\n".join(lines)


def _words(change: Change) -> tuple[str, ...]:
    before = change.before.model if change.before else ""
    after = change.after.model if change.after else ""
    what = "promoted" if change.is_promotion else "rolled back" if change.reverts else "edited by hand"
    return (
        change.when[:16].replace("T", " "),
        change.environment,
        what,
        f"{before or 'nothing'} -> {after or 'nothing'}",
        change.who,
        change.reason,
    )


def _aligned(table: Iterable[Sequence[str]]) -> list[str]:
    rows = list(table)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
