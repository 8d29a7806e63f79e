"""Draw ``reports/evaluation.html``: ``python -m <package>.report``, or ``make report``."""

from __future__ import annotations

import sys

from goldenpath.project.errors import ProjectError
from goldenpath.reports import evaluation


def main() -> None:
    """Write the page; print where it is and what it says.

    Raises:
        SystemExit: With status 1 when a result of the pipeline is missing; the reason went to standard error.
    """
    try:
        written = evaluation.write()
    except ProjectError as error:
        print(f"report failed.\n{error}", file=sys.stderr)
        raise SystemExit(1) from error
    print(f"{written.path}\n{written.headline}")


if __name__ == "__main__":
    main()
