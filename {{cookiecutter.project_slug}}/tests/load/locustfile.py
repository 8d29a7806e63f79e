"""The load of ``make load-test``: callers who each ask for one row, twelve times a second, over a kept connection."""

from __future__ import annotations

import json
import os

from locust import FastHttpUser, constant_throughput, task

REQUESTS_PER_SECOND = 12.5
"""Of each caller: sixteen of them ask 200 times a second, a third of what one instance of the service can take."""


class Caller(FastHttpUser):
    wait_time = constant_throughput(REQUESTS_PER_SECOND)

    @task
    def predict(self) -> None:
        headers = {"X-API-Key": os.environ["LOAD_KEY"]}
        self.client.post("/predict", json=json.loads(os.environ["LOAD_ROW"]), headers=headers, name="/predict")
