"""Fingerprints of stages follow the imports of the library, as Python itself reads them."""

from __future__ import annotations

import ast
from pathlib import Path

import goldenpath
from goldenpath.pipeline import fingerprints

SOURCES = Path(goldenpath.__file__).parents[1]
PROJECT = {
    "requirements/train.txt": "numpy==2.4.0 \\\n    --hash=sha256:00\npandas==3.1.0 \\\n    --hash=sha256:00\n",
    "pyproject.toml": '[project]\nname = "shop"\n',
}


def parsed(path: Path) -> set[str]:
    """The library's names that a file imports, by Python's own parser."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "goldenpath":
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "goldenpath"}
    return names


def test_imports_are_those_that_python_reads() -> None:
    modules = sorted((SOURCES / "goldenpath").rglob("*.py"))

    differing = [path for path in modules if set(fingerprints._imports(path)) != parsed(path)]

    assert len(modules) > 100
    assert differing == []


def test_imports_over_several_lines_and_under_conditions_count(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from goldenpath.a import (\n    one,  # first\n    two as other,\n)\nif True:\n    import goldenpath.b\n",
        encoding="utf-8",
    )

    assert set(fingerprints._imports(path)) == {
        "goldenpath.a", "goldenpath.a.one", "goldenpath.a.two", "goldenpath.b",
    }  # fmt: skip


def test_a_version_changes_the_stages_that_it_decides_alone(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = fingerprints.text(SOURCES, tmp_path)
    lock = tmp_path / "requirements/train.txt"
    lock.write_text(lock.read_text(encoding="utf-8").replace("numpy==2.4.0", "numpy==2.5.0"), encoding="utf-8")

    after = fingerprints.text(SOURCES, tmp_path)

    changed = {line.partition(":")[0] for line in set(after.splitlines()) - set(before.splitlines())}
    assert changed == {stage for stage, packages in fingerprints.STAGES.items() if "numpy" in packages}
