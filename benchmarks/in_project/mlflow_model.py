"""Save the sample's scikit-learn pipeline as MLflow logs one, into the folder that is named; runs where MLflow is."""

import sys
from pathlib import Path

import mlflow.sklearn

from goldenpath.model import store
from goldenpath.project.paths import ESTIMATORS

mlflow.sklearn.save_model(store.load(ESTIMATORS)["model"], Path(sys.argv[1]), serialization_format="cloudpickle")
