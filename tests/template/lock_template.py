"""Compile the template's locks anew: ``make lock`` runs it.

A project is generated, its own ``make lock`` compiles, and what comes out goes back into the template, without the
library's line: the wheel of each generation has a digest of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from goldenpath.fleet import locks
from goldenpath.repository import lock_file
from tests.template.generation import TEMPLATE, generate

REMOTES = ("s3", "gcs", "azure")


def main() -> None:
    """Write ``requirements/*.txt`` of the template."""
    target = TEMPLATE / "{{cookiecutter.project_slug}}" / "requirements"
    for remote in REMOTES:
        with tempfile.TemporaryDirectory() as folder:
            project = generate(TEMPLATE, Path(folder), data_remote=remote)
            locks.compile_all(project)
            for lock in sorted((project / "requirements").glob("*.txt")):
                (target / lock.name).write_text(lock_file.without_wheel(lock.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
