"""The audit trail of an environment: every change of its overlay, read from git."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from goldenpath.delivery import desired_state
from goldenpath.delivery.desired_state import DesiredState
from goldenpath.project.errors import ProjectError
from goldenpath.repository import git

IMAGE, REASON = "Image", "Reason"
"""Trailers of the commits that promote and roll back."""
_FIELDS = ("%H", "%aI", "%an", *(f"%(trailers:key={key},valueonly)" for key in (IMAGE, REASON)), "%b")
_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{40})\b", re.MULTILINE)
"""How git itself words a revert, so that one made by hand counts too."""


@dataclass(frozen=True)
class Change:
    """One commit that changed what an environment runs.

    Attributes:
        environment: Which.
        commit: The commit's id.
        when: Its author's date, ISO 8601.
        who: Its author.
        before: What ran before; None where the overlay was new or could not be read.
        after: What was to run from then on; None where it could not be read.
        reverts: The commit that it takes back; empty where it takes back none.
        reason: Why, where that was said.
        is_promotion: Whether it was made by promoting.
    """

    environment: str
    commit: str
    when: str
    who: str
    before: DesiredState | None
    after: DesiredState | None
    reverts: str = ""
    reason: str = ""
    is_promotion: bool = False


def changes(root: Path, environment: str) -> list[Change]:
    """The commits that changed image or model of an environment, the newest first; its first appearance is none.

    Raises:
        ProjectError: There is no repository, its history is cut off, or the environment has no overlay.
    """
    if git.run(root, "rev-parse", "--is-shallow-repository") == "true":
        raise ProjectError("The clone is shallow, and deployments are told by history: git fetch --unshallow --tags")
    path = desired_state.path_of(root, environment)
    layout = "--format=" + "%x00".join(_FIELDS) + "%x01"
    log = git.run(root, "log", layout, "--", str(path)).split("\x01")
    commits = [entry.strip("\n").split("\0") for entry in log if entry.strip("\n")]
    prefix = git.run(root, "rev-parse", "--show-prefix")
    texts = git.contents(root, [f"{fields[0]}:{prefix}{path}" for fields in commits])
    states = [_state(text, path) for text in texts]
    found = []
    for (commit, when, who, named, reason, body), after, before in zip(
        commits, states, [*states[1:], None], strict=True
    ):
        if before is None or before == after:
            continue
        taken_back = _REVERTS.search(body)
        reverts = taken_back[1] if taken_back else ""
        is_promotion = bool(named.strip()) and not reverts
        found.append(Change(environment, commit, when, who, before, after, reverts, reason.strip(), is_promotion))
    return found


def standing(found: Sequence[Change]) -> Iterator[Change]:
    """The changes that no revert has taken back and that are none themselves, the newest first."""
    taken_back = {change.reverts for change in found}
    yield from (change for change in found if not change.reverts and change.commit not in taken_back)


def _state(text: str | None, path: PurePosixPath) -> DesiredState | None:
    if text is None:
        return None
    try:
        return desired_state.parse(text, path)
    except ProjectError:
        return None
