"""The least that a FastAPI service can do: answer the JSON that it got."""

from typing import Any

from fastapi import FastAPI

app = FastAPI()


@app.post("/predict")
async def echo(body: dict[str, Any]) -> dict[str, Any]:
    """Answer the body."""
    return body
