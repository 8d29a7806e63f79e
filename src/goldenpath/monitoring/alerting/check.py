"""Hold ``monitoring/`` against the programs that will read it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from goldenpath.monitoring.alerting import programs
from goldenpath.project import yaml_text
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

PROMETHEUS = Path("monitoring/prometheus")
ALERTMANAGER = Path("monitoring/alertmanager/alertmanager.yml")


def check(tests: Mapping[str, str]) -> None:
    """Check the configurations and the rules of the project in the current folder, and run the rules' tests.

    Tests of the team's own rules are taken from ``monitoring/prometheus/tests``, where there are any.

    Args:
        tests: The tests of rendered rules, as files of ``promtool test rules``, by name.

    Raises:
        ProjectError: Something is wrong, or a program that checks it is not installed.
        OSError: A file cannot be read.
    """
    programs.require("promtool", "amtool")
    own = sorted((PROMETHEUS / "tests").glob("*.yaml"))
    texts = [*tests.values(), *(path.read_text(encoding="utf-8") for path in own)]
    documents = [yaml_text.load(text) or {} for text in texts]
    faults = list(of_configuration())
    failed = [] if faults else list(of_tests(tests, own))
    expected = sum(map(_expectations, documents))
    facts.tell(
        {
            "tests": len(documents),
            "failures": len(failed) + len(faults),
            "expectations": expected,
            "fired": sorted(set().union(*map(_fired, documents))),
        }
    )
    if faults or failed:
        raise ProjectError("\n".join([*faults, *failed]))
    print(f"The rules hold in {len(documents)} files of tests, {expected} expectations; the configurations are sound.")


def of_configuration() -> Iterator[str]:
    """What Prometheus and Alertmanager would refuse, in their own words.

    Raises:
        ProjectError: There are no rules.
    """
    rules = sorted((PROMETHEUS / "rules").glob("*.yaml"))
    if not rules:
        raise ProjectError(f"{PROMETHEUS / 'rules'}: holds no *.yaml. Write them: goldenpath render")
    for command in (
        ("promtool", "check", "config", str(PROMETHEUS / "prometheus.yml")),
        ("promtool", "check", "rules", "--lint-fatal", *map(str, rules)),
        ("amtool", "check-config", str(ALERTMANAGER)),
    ):
        done = programs.run(*command)
        if done.returncode:
            yield done.stdout.strip()


def of_tests(tests: Mapping[str, str], own: list[Path]) -> Iterator[str]:
    """How rules differ from what tests expect of them, for each file of tests in which one does."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as threads:
        for name, text in tests.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        paths = (*sorted(Path(folder).iterdir()), *own)
        for done in threads.map(lambda path: programs.run("promtool", "test", "rules", str(path)), paths):
            if done.returncode:
                yield done.stdout.strip()


def _expectations(document: Mapping[str, Any]) -> int:
    tests = document.get("tests") or []
    return sum(len(test.get(key) or []) for test in tests for key in ("alert_rule_test", "promql_expr_test"))


def _fired(document: Mapping[str, Any]) -> set[str]:
    """The alerts that a file of tests expects to fire."""
    cases = (case for test in document.get("tests") or [] for case in test.get("alert_rule_test") or [])
    return {str(case["alertname"]) for case in cases if case.get("exp_alerts")}
