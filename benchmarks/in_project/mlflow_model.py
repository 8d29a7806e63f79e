"""Save the sample's scikit-learn pipeline as MLflow logs one, into the folder that is named; runs where MLflow is."""

import sys
from pathlib import Path

import mlflow.sklearn
from flight_delays.model import store
from flight_delays.paths import ESTIMATORS

mlflow.sklearn.save_model(store.load(ESTIMATORS)["model"], Path(sys.argv[1]), serialization_format="cloudpickle")
