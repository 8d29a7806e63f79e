"""The load of ``goldenpath load-test``: callers who each ask for one row, twelve times a second."""

from __future__ import annotations

import json
import os

from locust import FastHttpUser, constant_throughput, task

REQUESTS_PER_SECOND = 12.5
"""Of each caller: sixteen of them ask 200 times a second, a third of what one instance of the service can take."""


class Caller(FastHttpUser):
    """One caller."""

    wait_time = constant_throughput(REQUESTS_PER_SECOND)

    @task
    def predict(self) -> None:
        """Ask for the prediction of the row that the command gave."""
        headers = {"X-API-Key": os.environ["LOAD_KEY"]}
        self.client.post("/predict", json=json.loads(os.environ["LOAD_ROW"]), headers=headers, name="/predict")
