from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from goldenpath.project.paths import LINEAGE, METRICS, MODEL, RAW, REQUIREMENTS
from goldenpath.repository import lineage


def materials(statement: dict[str, Any]) -> dict[str, Any]:
    dependencies = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return {item.get("name") or item["uri"]: item for item in dependencies}


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_lineage_names_the_model_and_all_that_went_into_it(inside: Path) -> None:
    statement = json.loads(LINEAGE.read_text())

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert {item["name"]: item["digest"]["sha256"] for item in statement["subject"]}[str(MODEL)] == lineage.sha256(
        MODEL
    )
    found = materials(statement)
    for path in (RAW, REQUIREMENTS, Path("contract.yaml")):
        assert found[str(path)]["digest"]["sha256"] == lineage.sha256(path)
    assert any(name.startswith("pkg:pypi/scikit-learn@") for name in found)
    parameters = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert parameters["model"]["learning_rate"] > 0
    assert "gates" not in parameters, "what judges a model may change without a new one"


def test_lineage_names_the_commit_and_whether_files_differ_from_it(project: Path) -> None:
    git("init", "-q")
    (project / METRICS).parent.mkdir(exist_ok=True)
    (project / METRICS).write_text("of the run before")
    git("add", "contract.yaml", "params.yaml", str(METRICS))
    git("commit", "-qm", "start")
    (project / METRICS).write_text("of this run")

    clean = materials(lineage.statement([], [], {}))["git"]
    (project / "params.yaml").write_text("changed")
    dirty = materials(lineage.statement([], [], {}))["git"]

    assert clean["digest"]["gitCommit"] == git("rev-parse", "HEAD")
    assert clean["annotations"] == {"dirty": False}
    assert dirty["annotations"] == {"dirty": True}
