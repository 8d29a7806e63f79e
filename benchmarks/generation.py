"""How long generation takes beside a bare cookiecutter run of as many files of the same sizes.

The bare template holds the generated project's own files, with no hooks, no questions and no git. Both are run in turn
by the same program, so that the ratio of their medians depends on the machine as little as can be.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

TEMPLATE = Path(__file__).resolve().parents[1]
REPEATS = 9
TARGET_RATIO = 2.0


def main() -> int:
    """Measure, print a table, and return 0 when the target is met, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        config = scratch / "config.json"
        config.write_text(json.dumps({"replay_dir": str(scratch / "replay")}))
        golden, bare = [], []
        project = generate(TEMPLATE, scratch / "warm-up", config)
        bare_template = make_bare_template(project, scratch / "bare")
        files = sum(path.is_file() for path in bare_template.rglob("*"))
        for repeat in range(REPEATS):
            bare.append(time_generation(bare_template, scratch / f"bare-{repeat}", config))
            golden.append(time_generation(TEMPLATE, scratch / f"golden-{repeat}", config))
    ratio = statistics.median(golden) / statistics.median(bare)
    show(files, bare, golden, ratio)
    return 0 if ratio <= TARGET_RATIO else 1


def generate(template: Path, out: Path, config: Path) -> Path:
    """Generate with the cookiecutter program, and return the project's folder."""
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input"]
    command += ["--config-file", str(config), "--output-dir", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(out.iterdir())


def make_bare_template(project: Path, folder: Path) -> Path:
    """Make a template that generates as many files as ``project``, of the same sizes, and does nothing else."""
    content = folder / "{{cookiecutter.name}}"
    shutil.copytree(project, content, ignore=shutil.ignore_patterns(".git"))
    for path in filter(Path.is_file, content.rglob("*")):
        # A generated file may hold braces of its own, which would be run as a template here.
        path.write_bytes(re.sub(rb"\{(?=[{%#])", b"(", path.read_bytes()))
    menu = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    bare_menu = {"name": "bare", "_copy_without_render": menu["_copy_without_render"]}
    (folder / "cookiecutter.json").write_text(json.dumps(bare_menu))
    return folder


def time_generation(template: Path, out: Path, config: Path) -> float:
    """Return the seconds that one generation takes, start of the program included."""
    started = time.perf_counter()
    generate(template, out, config)
    return time.perf_counter() - started


def show(files: int, bare: list[float], golden: list[float], ratio: float) -> None:
    """Print the medians and ranges of both, and their ratio beside its target."""
    table = Table(title=f"Generation of {files} files, {REPEATS} runs each, {os.cpu_count()} cores")
    for heading in ("template", "median", "fastest", "slowest"):
        table.add_column(heading, justify="left" if heading == "template" else "right")
    for name, seconds in (("bare cookiecutter", bare), ("golden path", golden)):
        table.add_row(name, *(f"{f(seconds):.2f} s" for f in (statistics.median, min, max)))
    console = Console()
    console.print(table)
    console.print(f"ratio {ratio:.2f}, target at most {TARGET_RATIO:.1f}")


if __name__ == "__main__":
    sys.exit(main())
