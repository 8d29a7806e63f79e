"""Say what the remote holds now: the end of ``make push``."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts


def main() -> int:
    """Tell the remote's name and the digests of all data and models.

    Returns:
        0, or 1 without a remote or ``dvc.lock``; the reason went to standard error.
    """
    root = Path.cwd()
    config = configparser.ConfigParser(interpolation=None, strict=False)
    config.read(root / ".dvc" / "config", encoding="utf-8")
    remote = config.get("core", "remote", fallback="")
    try:
        if not remote:
            raise ProjectError(".dvc/config names no default remote: dvc remote add --default NAME URL")
        held = facts.outs(root) | facts.pointed_at(root)
    except ProjectError as refusal:
        print(f"push failed.\n{refusal}", file=sys.stderr)
        return 1
    facts.tell({"remote": remote, "outs": held})
    return 0


if __name__ == "__main__":
    sys.exit(main())
