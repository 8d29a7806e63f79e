"""CQ-04: what ruff mends without changing what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from goldenpath.review.fixes import files
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import lint
from goldenpath.review.product.product import Product


def mend(product: Product) -> dict[str, str]:
    """Apply ruff's safe fixes of the platform's rules to the files with findings; what is excused stays.

    Raises:
        FixError: ruff is not installed, or did not answer.
        BrokenFileError: A file is not text.
    """
    try:
        paths = sorted({item.path for item in lint.run(product) if not item.excused})
    except lint.NoRuffError as error:
        raise FixError(str(error)) from error
    before = {path: files.read(product, path) for path in paths}
    after = {path: _mended(path, text) for path, text in before.items()}
    return {path: text for path, text in after.items() if text != before[path]}


def _mended(path: str, text: str) -> str:
    command = [str(Path(sys.executable).parent / "ruff"), "check", "--isolated", "--no-cache", "--quiet", "--fix"]
    command += [f"--select={','.join(lint.RULES)}", f"--ignore={','.join(lint.EXCEPT)}", "--target-version=py313"]
    command += ["--stdin-filename", path, "-"]
    done = subprocess.run(command, input=text.encode("utf-8"), capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise FixError(f"{path}: ruff ended with exit code {done.returncode}: {done.stderr.decode()[:200].strip()}")
    return done.stdout.decode("utf-8")
