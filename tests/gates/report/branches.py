"""A product's branch, small and by hand: what its pipeline left at the base and now, and what its gates reported."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from goldenpath.delivery.image.check import REPORT as CONTAINER
from goldenpath.delivery.image.gates import Gate as ImageGate
from goldenpath.evaluation.drift_measures import Drift, size
from goldenpath.gates import gate as checks
from goldenpath.gates.data_change import Output, Rows
from goldenpath.gates.model.findings import Champion, Gate, Report
from goldenpath.gates.report import collect, sections
from goldenpath.gates.report.outline import Outline
from goldenpath.gates.report.verdicts import REVIEW
from goldenpath.project import paths

OLD_MODEL, NEW_MODEL = "aa" * 32, "bb" * 32
PARAMS: dict[str, Any] = {"value": {"currency": "EUR"}, "model": {"max_iter": 10, "seed": 0}}
CHECKS = {
    "secrets": paths.SECRETS,
    "lock": paths.LOCK_CHECK,
    "contract": paths.CONTRACT_DIFF,
    "data": paths.DATA_CHECK,
}
PAIRED = Gate("non_inferiority.roc_auc", "pass", "Better.", 0.02, 0.01, 0.03, "worse by less than 0.005")


@dataclass(frozen=True)
class Branch:
    """A branch's work tree; its base is ``main``."""

    root: Path

    @property
    def base(self) -> str:
        """The commit to compare with."""
        return git(self.root, "rev-parse", "main")

    def write(self, path: Path, content: Any) -> None:
        """Put a report or a result in its place."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(json.dumps(content), encoding="utf-8")

    def results(self, model: str, auc: float, *, group: str = "north", group_auc: float = 0.6, rows: int = 100) -> None:
        """What a pipeline leaves in git; the tables behind its plots, which take long to draw, are ``curve``."""
        record = {"value": auc, "low": auc - 0.01, "high": auc + 0.01}
        model_metrics = {"roc_auc": record, "cost_per_row": record}
        self.write(paths.METRICS, {"task": "binary", "rows": rows, "model": model_metrics})
        ends = {"roc_auc": {"low": group_auc - 0.02, "high": group_auc + 0.02}}
        judged = {"rows": 50, "metrics": {"roc_auc": group_auc}, "intervals": ends}
        tiny = {"column": "region", "group": "tiny", "rows": 2, "metrics": None}
        self.write(paths.SEGMENTS, [{"column": "region", "group": group, **judged}, tiny])
        self.write(paths.SIGNATURE, {"model_sha256": model})
        self.write(paths.VALIDATION_REPORT, {"rows": rows + 20, "valid": rows, "quarantined": 20})
        self.write(paths.SPLIT_REPORT, {part: {"rows": rows // 4} for part in ("train", "test")})
        cost = {"train": {"started": "1", "seconds": 10 * auc, "peak_memory_mib": 100}}
        details = {"byproducts": [{"name": "stage-costs", "annotations": cost}]}
        self.write(paths.LINEAGE, {"predicate": {"runDetails": details}})
        outs = [{"path": "models/model.onnx", "md5": model[:8], "size": round(auc * 2**20)}]
        (self.root / paths.DVC_LOCK).write_text(yaml.safe_dump({"stages": {"export": {"outs": outs}}}))

    def curve(self, auc: float) -> None:
        """The table behind a plot."""
        points = [{"false_positive_rate": x, "true_positive_rate": x**auc} for x in (0.0, 0.5, 1.0)]
        self.write(paths.PLOTS / "roc.json", points)

    def check(self, name: str, verdict: str = "pass", reasons: tuple[str, ...] = (), **found: Any) -> None:
        """What one of the checks leaves, written as the checks write it."""
        judged = {"verdict": verdict, "reasons": list(reasons), **found}
        checks.run(name, self.root / CHECKS[name], lambda: judged, lambda _: "")

    def drifted(self, column: str = "age", psi: float = 0.4) -> None:
        """A data gate that is green and saw one column move, and one stay."""
        moves = [
            {"column": name, **asdict(Drift(by, by / 2, 0.0, 0.1)), "new_rows_psi": None, "size": size(by)}
            for name, by in (("still", 0.01), (column, psi))
        ]
        self.check(
            "data",
            base=self.base,
            changed=[asdict(Output(str(paths.RAW), "1", "2"))],
            rows=[asdict(Rows(str(paths.RAW), 120, 220))],
            comparison={"added": 100, "added_violations": 3, "lost": 7, "lost_by": "matched by time"},
            drift=moves,
        )

    def judged(self, *gates: Gate, comparison: Any = "compared", model: str = NEW_MODEL, notes: Any = ()) -> None:
        """What the model gate leaves."""
        champion = Champion("main", self.base, OLD_MODEL, comparison, "Judged beside the model of the base.")
        measured = {"candidate": {"roc_auc": 0.7}, "champion": {"roc_auc": 0.68}}
        self.write(paths.GATES, Report(model, champion, 100, 100, measured, gates or (PAIRED,), notes).to_json())

    def image(self, *gates: ImageGate) -> None:
        """What the container's gate leaves."""
        found = gates or (ImageGate("size", True, "120 MB beyond the base, of 200 allowed"),)
        self.write(CONTAINER, {"version": 1, "image": "shop:1", "gates": [asdict(gate) for gate in found]})

    def reviewed(
        self,
        gate: str | None = "green",
        findings: Any = (),
        changes: Any = None,
        before: int | None = 1,
        level: int = 2,
    ) -> None:
        """What the platform's tool leaves: ``goldenpath check --baseline main --format json``."""
        gained = {"id": "TR-13", "before": "fail", "now": "pass", "met_before": False, "met": True}
        criterion = {"id": "TR-13", "title": "Versions in git"}
        product = {
            "name": "Shop",
            "folder": ".",
            "level": level,
            "meaning": "automated training",
            "base": self.base,
            "base_level": before,
            "changes": [gained] if changes is None else changes,
            "findings": list(findings),
            "next_steps": [],
            "parts": [{"name": "part", "criteria": [criterion]}],
        }
        self.write(REVIEW, {"schema": 1, "gate": gate, "products": [product]})

    def all_green(self) -> None:
        """Every gate ran, and is green."""
        for name in CHECKS:
            self.check(name)
        self.drifted()
        self.judged()
        self.image()
        self.reviewed()

    def outline(self) -> Outline:
        """The report of this branch."""
        return sections.outline(collect.collect(self.root, "main"))


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
