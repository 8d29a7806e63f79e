"""What a small product that is delivered consists of: overlays, a manifest, versions and receipts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = "deploy:\n  to: kubernetes\n  environments: [dev, staging, prod]\n"
PYPROJECT = '[project]\nname = "shop"\nversion = "0.1.0"\n'
KUSTOMIZATION = """\
# Kept, whatever is promoted.
kind: Kustomization
resources: [../../base]   # two spaces, kept too
images:
  - name: service
    newName: registry.example.com/shop
    digest: sha256:ZEROS  # the digest
commonAnnotations:
  golden-path/model: ""
"""
COMPOSE = """\
# Kept, whatever is promoted.
services:
  shop:
    image: "registry.example.com/shop@sha256:ZEROS"
    labels: {golden-path/model: ''}
"""
KUSTOMIZATION, COMPOSE = (text.replace("ZEROS", "0" * 64) for text in (KUSTOMIZATION, COMPOSE))
ENVIRONMENTS = ("dev", "staging", "prod")
NOTES = "refs/notes/goldenpath"


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def image(letter: str) -> str:
    return f"registry.example.com/shop@{digest(letter)}"


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "Work") -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def overlay(root: Path, environment: str) -> Path:
    return root / "deploy" / "overlays" / environment / "kustomization.yaml"


def opened(root: Path, folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A copy of a product in another folder, as the working directory."""
    copied = shutil.copytree(root, folder / root.name, symlinks=True)
    patch.chdir(copied)
    return copied


def register(root: Path, number: str, *, model: str = "ab", built: str = "") -> str:
    """Commit a model, tag it, and prove what can be proved; ``built`` is the letter of its image's digest."""
    (root / "model.txt").write_text(number)
    at = commit(root, f"Train {number}")
    tag = f"shop@v{number}"
    message = f"Register {tag}\n\nsha256: {model * 32}\ndata/raw.parquet: {'cd' * 32}\n"
    git(root, "tag", "--annotate", "--message", message, tag)
    for name in ("CQ-02", "TR-06"):
        record(root, at, name)
    if built:
        record(root, at, "TR-14", facts={"image": digest(built), "model": tag})
    return tag


def record(
    root: Path, at: str, name: str, *, exit_code: int = 0, facts: object = None, when: str = "2026-03-05T14:30:00+00:00"
) -> None:
    line = {"id": name, "commit": at, "when": when, "exit_code": exit_code, "command": "make it", "facts": facts or {}}
    git(root, "notes", f"--ref={NOTES}", "append", "--message", json.dumps(line), at)


def state_of(root: Path) -> tuple[str, ...]:
    """Everything that a refusal must leave as it was."""
    return (
        git(root, "rev-parse", "HEAD"),
        git(root, "tag"),
        git(root, "status", "--porcelain"),
        git(root, "worktree", "list"),
    )


def judge(folder: Path, level: int) -> list[str]:
    """Stands in for the platform's tool, which is no part of a project: answers in its format, for a level."""
    script = folder / "judge.py"
    script.write_text(
        "import json, sys\n"
        "wanted = int(sys.argv[sys.argv.index('--min-level') + 1])\n"
        "text = (__import__('pathlib').Path(sys.argv[2]) / 'golden-path.yaml').read_text()\n"
        "assert 'environments' in text\n"
        f"fine = wanted <= {level}\n"
        "findings = [] if fine else [{'evidence': [{'text': 'MON-10 fail: nobody is told'}]}]\n"
        f"print(json.dumps(dict(products=[dict(level={level}, findings=findings)])))\n"
        "sys.exit(0 if fine else 1)\n"
    )
    return [sys.executable, "-I", "-S", str(script)]  # it needs no package, and starts in a third of the time
