"""``python -m <package>.adopt DATA TARGET``: take your own table; ``make adopt`` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.plan import Request, plan
from goldenpath.adopt.summary import show
from goldenpath.adopt.write import refuse_to_lose_work, write
from goldenpath.project import team
from goldenpath.project.errors import ProjectError

USAGE = "make adopt DATA=customers.csv TARGET=churned [TIME=…] [ENTITY=…] [PROTECTED=a,b]"


def main(words: Sequence[str] | None = None) -> int:
    """Adopt a table into the project in the working directory.

    Args:
        words: The command line; empty options count as not given.

    Returns:
        0, or 1 after a refusal, whose reason went to standard error; then nothing was changed.
    """
    given = _parser().parse_args(words)
    root = Path.cwd()
    try:
        if not given.data or not given.target:
            raise AdoptError(f"DATA and TARGET are both needed: {USAGE}")
        request = Request(
            data=Path(given.data).expanduser(),
            target=given.target,
            time=given.time or None,
            entity=given.entity or None,
            protected=tuple(name.strip() for name in given.protected.split(",") if name.strip()),
        )
        with Console(stderr=True).status(f"Reading {request.data.name} and guessing its contract"):
            found = plan(request, root, team.package(root))
        if not given.force:
            refuse_to_lose_work(root, list(found.files))
        with Console(stderr=True).status(f"Handing {request.data.name} to DVC"):
            write(root, request.data, found.place, found.files, found.former)
    except ProjectError as error:
        print(f"adopt refused, nothing was changed.\n{error}", file=sys.stderr)
        return 1
    show(found, Console())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="adopt", description=__doc__)
    parser.add_argument("data", help="CSV (any separator, encoding or compression) or Parquet file")
    parser.add_argument("target", help="the column to predict")
    parser.add_argument("--time", default="", help="when a row happened; the newest rows are held out")
    parser.add_argument("--entity", default="", help="whom a row is about; whole entities are held out")
    parser.add_argument("--protected", default="", help="to report per group and not to use; separated by commas")
    parser.add_argument("--force", action="store_true", help="overwrite changes that are not committed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
