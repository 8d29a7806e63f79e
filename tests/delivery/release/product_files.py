"""What a small product in git consists of: one metrics file, one model, and the papers beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

MODEL_SHA256 = "ab" * 32
DVC = """\
stages:
  export:
    cmd: "true"
    outs:
      - models/lineage.json: {cache: false}
    metrics:
      - reports/metrics.json: {cache: false}
"""
LOCK = """\
schema: '2.0'
stages:
  export:
    cmd: "true"
    outs:
      - {path: data/raw.parquet, hash: md5, md5: 11111111111111111111111111111111, size: 1}
      - {path: models/model.onnx, hash: md5, md5: 22222222222222222222222222222222, size: 1}
"""
README = """\
# Shop

## From a fresh clone

```sh
make setup   # install
make test \\
  lint
```

## Other

```sh
make other
```
"""


def lineage(*, dirty: bool = False, digest: str = MODEL_SHA256) -> dict[str, object]:
    source = {"name": "git", "digest": {"gitCommit": "c0ffee"}, "annotations": {"dirty": dirty}}
    data = {"name": "data/raw.parquet", "digest": {"sha256": "cd" * 32}}
    run = {"builder": {"id": "ada@engine"}, "metadata": {"finishedOn": "2026-03-05T14:30:00+00:00"}}
    return {
        "subject": [{"name": "models/model.onnx", "digest": {"sha256": digest}}],
        "predicate": {
            "buildDefinition": {"resolvedDependencies": [source, data, {"uri": "pkg:pypi/numpy@2.4.0"}]},
            "runDetails": run,
        },
    }


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Work")
