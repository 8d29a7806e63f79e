"""Evidently's default drift preset on the rows of ``drift_rows.py FOLDER``; prints the columns that drifted as JSON.

Runs in an environment of its own. Above a thousand rows the preset judges by effect size: the normed Wasserstein
distance of numbers and the Jensen-Shannon distance of categories, both from 0.1 on.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

folder = Path(sys.argv[1])
base, now = (pd.read_parquet(folder / f"{name}.parquet") for name in ("base", "now"))
result = Report([DataDriftPreset()]).run(now, base)
moved = []
for metric in result.dict()["metrics"]:
    config = metric["config"]
    if config["type"].endswith("ValueDrift") and metric["value"] >= config["threshold"]:
        moved.append(config["column"])
print(json.dumps(moved))
