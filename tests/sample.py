"""The sample product, generated once per run: what tests of the library read where they want a real project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
_PLACE = "GOLDENPATH_SAMPLE"
"""Tells the workers of a run where its first process has generated the sample."""


def generate() -> Path | None:
    """Generate the sample product, unless the process that started this one has; return the folder to remove."""
    if _PLACE in os.environ:
        return None
    folder = Path(tempfile.mkdtemp(prefix="goldenpath-sample-"))
    settings = folder / "cookiecutter.json"
    settings.write_text(json.dumps({"replay_dir": str(folder), "cookiecutters_dir": str(folder)}), encoding="utf-8")
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--config-file", str(settings)]
    subprocess.run([*command, "--output-dir", str(folder), str(TEMPLATE)], check=True, stdout=subprocess.DEVNULL)
    os.environ[_PLACE] = str(folder)
    return folder


def remove() -> None:
    """Remove what this process has generated."""
    if _made is not None:
        shutil.rmtree(_made, ignore_errors=True)


_made = generate()
ROOT = Path(os.environ[_PLACE]) / "flight-delays"
"""The sample product's folder. Not to be written to."""
