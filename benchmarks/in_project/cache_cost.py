"""CPU time per request of the generated project's service, by cache and by the share of rows that came before.

One row a request, straight into the application: no HTTP, no prediction log, no line of log. Prints a list of JSON
objects with ``cache``, ``share`` and ``us``. Arguments: the caches, as ``CACHE`` names them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time

from goldenpath.project import contract
from goldenpath.serving import logs
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.rest.request import example_row
from goldenpath.serving.settings import Settings

SHARES = (0.0, 0.5, 1.0)
REQUESTS = {"off": 6000, "memory": 6000}
REQUESTS_TO_REDIS = 1500
WARM_UP = 200
ROUNDS = 5
AGAIN = 100  # rows that come again and again
NEVER_SEEN = itertools.count()  # over all rounds: a Redis outlives the service, and remembers


async def cost(cache: str, share: float) -> float:
    """CPU µs per request, where ``share`` of the rows came before."""
    agreed = contract.load()
    row = json.loads(json.dumps(example_row(agreed), default=str))
    name = next(column.name for column in agreed.features if column.type == "number")
    again = [json.dumps(row | {name: 1 + i / 1000}).encode() for i in range(AGAIN)]
    new = (json.dumps(row | {name: 30 + i / 1e5}).encode() for i in NEVER_SEEN)
    chance = random.Random(0)  # noqa: S311 - no secret
    count = REQUESTS.get(cache, REQUESTS_TO_REDIS)
    bodies = [chance.choice(again) if chance.random() < share else next(new) for _ in range(count)]
    app = create_app(Settings(cache=cache))
    async with app.running():
        for body in [*again, *bodies[:WARM_UP]]:
            await ask(app, body)
        await asyncio.sleep(0.3)  # what is written to Redis aside
        started = time.process_time()
        for body in bodies[WARM_UP:]:
            await ask(app, body)
        return (time.process_time() - started) / (count - WARM_UP) * 1e6


async def ask(app: object, body: bytes) -> None:
    """Send one request as a server would, and require an answer."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/predict", "headers": headers}, receive, send)
    if sent[0]["status"] != 200:
        raise SystemExit(f"{body!r}: {sent}")


def main() -> None:
    """Measure all in turn, and print the least of the rounds."""
    logs.write = lambda *_, **__: None
    kinds = [(cache, share) for cache in sys.argv[1:] for share in SHARES]
    rounds = [[asyncio.run(cost(*kind)) for kind in kinds] for _ in range(ROUNDS)]
    least = [min(found) for found in zip(*rounds, strict=True)]
    print(json.dumps([{"cache": c, "share": s, "us": us} for (c, s), us in zip(kinds, least, strict=True)]))


if __name__ == "__main__":
    main()
