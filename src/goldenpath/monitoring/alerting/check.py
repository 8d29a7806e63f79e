"""Hold ``monitoring/`` against the programs that will read it: ``make monitoring-check``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from goldenpath.monitoring.alerting import programs
from goldenpath.project.errors import ProjectError
from goldenpath.repository import facts

PROMETHEUS = Path("monitoring/prometheus")
ALERTMANAGER = Path("monitoring/alertmanager/alertmanager.yml")


def main() -> int:
    """Check the configurations and the rules, and run the rules' tests.

    Returns:
        0, or 1 when something is wrong or could not be checked; the reasons went to standard error.
    """
    try:
        programs.require("promtool", "amtool")
        tests = _files("tests")
        faults = list(of_configuration())
        failed = {} if faults else dict(of_tests(tests))
        expected = sum(map(_expectations, tests))
    except (ProjectError, OSError, yaml.YAMLError) as refusal:
        print(f"monitoring-check failed.\n{refusal}", file=sys.stderr)
        return 1
    facts.tell({"tests": len(tests), "failures": len(failed) + len(faults), "expectations": expected})
    if faults or failed:
        print("monitoring-check failed.", *faults, *failed.values(), sep="\n", file=sys.stderr)
        return 1
    print(f"The rules hold in {len(tests)} files of tests, {expected} expectations; the configurations are sound.")
    return 0


def of_configuration() -> Iterator[str]:
    """What Prometheus and Alertmanager would refuse, in their own words."""
    for command in (
        ("promtool", "check", "config", str(PROMETHEUS / "prometheus.yml")),
        ("promtool", "check", "rules", "--lint-fatal", *map(str, _files("rules"))),
        ("amtool", "check-config", str(ALERTMANAGER)),
    ):
        done = programs.run(*command)
        if done.returncode:
            yield done.stdout.strip()


def of_tests(tests: list[Path]) -> Iterator[tuple[Path, str]]:
    """The files of tests in which a rule does not do as expected, and how it differs."""
    for test in tests:
        done = programs.run("promtool", "test", "rules", str(test))
        if done.returncode:
            yield test, done.stdout.strip()


def _files(folder: str) -> list[Path]:
    found = sorted((PROMETHEUS / folder).glob("*.yaml"))
    if not found:
        raise ProjectError(f"{PROMETHEUS / folder}: holds no *.yaml. Get it back: git checkout -- {PROMETHEUS}")
    return found


def _expectations(path: Path) -> int:
    tests: list[dict[str, Any]] = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("tests") or []
    return sum(len(test.get(key) or []) for test in tests for key in ("alert_rule_test", "promql_expr_test"))


if __name__ == "__main__":
    sys.exit(main())
