"""Champion and challenger side by side, in a service in this process and as a process of its own."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import ModelError
from goldenpath.project import contract
from goldenpath.project.paths import CHALLENGER, MODEL, SIGNATURE
from goldenpath.serving.rest.app import create_app
from goldenpath.serving.routing import RoutingError, load
from goldenpath.serving.settings import Settings, SettingsError, read
from tests.serving import plan
from tests.serving.running_service import Serve, Start


def champion() -> str:
    digest: str = json.loads(SIGNATURE.read_text())["model_sha256"]
    return digest


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().split("\n")[:-1]]


def counted(shown: str, name: str, variant: str, model: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels, among those that are shown."""
    wanted = [f'{key}="{value}"' for key, value in (labels | {"variant": variant, "model_version": model}).items()]
    lines = [
        line for line in shown.splitlines() if line.startswith(name + "{") and all(part in line for part in wanted)
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.fixture
def entities() -> Iterator[Any]:
    """Entities without end, such as the contract allows."""
    entity = contract.load().entity
    if entity is None or entity.enum or entity.pattern or entity.type not in ("string", "integer"):
        pytest.skip("the contract has no entity that can be made up")
    return (f"N{number}" if entity.type == "string" else number for number in range(10_000))


def test_a_request_without_an_entity_is_assigned_by_its_id(serve: Serve, row: dict[str, Any], project: Path) -> None:
    digest = plan.write()
    client = serve(routes=plan.PLAN, prediction_log=project / "log")

    answers = {
        name: client.post("/predict", json=row, headers={"X-Request-ID": name}).json()["model"]
        for name in (f"order-{number}" for number in range(40))
    }
    shown = client.get("/metrics").text
    client.__exit__(None, None, None)

    models = {"champion": champion(), "challenger": digest}
    variant_of = load(plan.PLAN).variant_of
    assert set(answers.values()) == set(models.values())
    assert answers == {name: models[variant_of(name)] for name in answers}
    assert {item["request"]: item["variant"] for item in records(project / "log")} == {
        name: variant_of(name) for name in answers
    }
    for variant, model in models.items():
        asked = sum(variant_of(name) == variant for name in answers)
        assert counted(shown, "http_requests_total", variant, model, path="/predict", status="200") == asked
        assert counted(shown, "predictions_total", variant, model, mode="rest") == asked


def test_an_entity_keeps_its_variant_among_many_rows_and_calls(
    serve: Serve, row: dict[str, Any], project: Path, entities: Iterator[Any]
) -> None:
    digest = plan.write()
    client = serve(routes=plan.PLAN, prediction_log=project / "log")
    name = contract.load().entity.name  # the fixture has seen one
    rows = [row | {name: next(entities)} for _ in range(30)]

    together = client.post("/predict", json=rows).json()
    alone = [client.post("/predict", json=item).json()["model"] for item in rows]
    client.__exit__(None, None, None)

    variant_of = load(plan.PLAN).variant_of
    expected = [{"champion": champion(), "challenger": digest}[variant_of(str(item[name]))] for item in rows]
    assert set(expected) == {champion(), digest}
    assert [item.get("model", together["model"]) for item in together["predictions"]] == alone == expected
    logged = records(project / "log")
    assert [item["variant"] for item in logged] == [variant_of(str(item["entity"])) for item in logged]
    assert {name} & set(logged[0]["inputs"]) == set()


def test_a_personal_entity_is_assigned_by_what_the_log_keeps_of_it(
    serve: Serve, row: dict[str, Any], project: Path, entities: Iterator[Any]
) -> None:
    entity = contract.load().entity
    assert entity is not None
    path = Path("contract.yaml")
    before, found, after = path.read_text().partition(f"name: {entity.name}\n")
    path.write_text(before + found + after.replace("classification: public", "classification: confidential", 1))
    described = json.loads(SIGNATURE.read_text()) | {"contract_sha256": contract.load().sha256}
    SIGNATURE.write_text(json.dumps(described))
    plan.write()
    (project / "key").write_text("a key that hashes are made with")
    log = project / "log"
    client = serve(routes=plan.PLAN, prediction_log=log, prediction_log_key_file=project / "key")

    for _ in range(20):
        assert client.post("/predict", json=row | {entity.name: next(entities)}).status_code == 200
    client.__exit__(None, None, None)

    variant_of = load(plan.PLAN).variant_of
    assert {len(item["entity"]) for item in records(log)} == {64}
    assert {item["variant"] for item in records(log)} == {"champion", "challenger"}
    assert all(item["variant"] == variant_of(item["entity"]) for item in records(log))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda: (CHALLENGER / MODEL.name).unlink(), "No such file or directory; experiments/other-trees.yaml wants"),
        (lambda: (CHALLENGER / MODEL.name).write_bytes(b"damaged"), "onnx is "),
        (
            lambda: plan.PLAN.write_text(re.sub("model: .*", f"model: {'f' * 64}", plan.PLAN.read_text())),
            "wants ffffff",
        ),
        (lambda: (CHALLENGER / SIGNATURE.name).unlink(), "signature.json: no such file"),
        (lambda: (CHALLENGER / SIGNATURE.name).write_text(SIGNATURE.read_text()), "its signature is for"),
    ],
)
def test_a_challenger_that_is_not_the_one_of_the_plan_stops_the_start(project: Path, spoil: Any, words: str) -> None:
    plan.write()
    spoil()

    with pytest.raises(ModelError, match=words):
        create_app(Settings(routes=plan.PLAN))


def test_a_challenger_of_another_contract_stops_the_start(project: Path) -> None:
    plan.write()
    path = CHALLENGER / SIGNATURE.name
    path.write_text(json.dumps(json.loads(path.read_text()) | {"contract_sha256": "0" * 64}))

    with pytest.raises(ModelError, match=r"The challenger cannot be used.*shop@v1\.2\.3.*not the contract"):
        create_app(Settings(routes=plan.PLAN))


def test_a_plan_that_cannot_be_used_stops_the_start(project: Path) -> None:
    plan.write(variants={"champion": 60, "challenger": 60})

    with pytest.raises(RoutingError) as error:
        create_app(Settings(routes=plan.PLAN))

    assert str(error.value) == f"{plan.PLAN}: the variants' shares add up to 120, want 100. See docs/how-to/routing.md."


def test_a_name_beside_the_plans_names_is_refused() -> None:
    with pytest.raises(SettingsError, match="VARIANT=blue with ROUTES=plan"):
        read({"VARIANT": "blue", "ROUTES": "plan.yaml"})


def test_a_new_challenger_takes_over_and_a_bad_one_does_not(start: Start, row: dict[str, Any]) -> None:
    first = plan.write(variants={"champion": 0.01, "challenger": 99.99})
    service = start(ROUTES=str(plan.PLAN))
    begun = service.ask(row)[2]["model"]

    second = plan.write("the next challenger", variants={"champion": 0.01, "challenger": 99.99})
    service.process.send_signal(signal.SIGHUP)
    changed = service.told("model reloaded")
    then = service.ask(row)[2]["model"]
    (CHALLENGER / MODEL.name).write_bytes(b"damaged")
    service.process.send_signal(signal.SIGHUP)
    refused = service.told("model reload failed; keeping the current model")

    assert (begun, then, service.ask(row)[2]["model"]) == (first, second, second)
    assert (changed["model"], changed["before"], changed["challenger"]) == (champion(), champion(), second)
    assert (refused["challenger"], refused["experiment"]) == (second, "other-trees")
    assert f"wants {second[:12]}" in refused["reason"]
    shown = [line for line in service.ask(path="/metrics")[2].splitlines() if line.startswith("model_info")]
    assert {digest for digest in (champion(), first, second) if any(digest in line for line in shown)} == {
        champion(),
        second,
    }


def test_a_failing_challenger_is_counted_as_its_own_fault(
    serve: Serve, row: dict[str, Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = plan.write(variants={"champion": 0.01, "challenger": 99.99})
    client: TestClient = serve(routes=plan.PLAN)
    monkeypatch.setattr(Predictor, "predict_one", lambda *_: 1 / 0)

    status = client.post("/predict", json=row).status_code

    shown = client.get("/metrics").text
    assert status == 500
    assert counted(shown, "http_requests_total", "challenger", digest, path="/predict", status="500") == 1


def test_a_challenger_that_fails_among_rows_of_both_is_counted_as_its_own_fault(
    serve: Serve, row: dict[str, Any], project: Path, monkeypatch: pytest.MonkeyPatch, entities: Iterator[Any]
) -> None:
    digest = plan.write()
    name = contract.load().entity.name  # the fixture has seen one
    rows = [row | {name: next(entities)} for _ in range(30)]
    client: TestClient = serve(routes=plan.PLAN)
    sound = client.post("/predict", json=rows).status_code
    predict = Predictor.predict

    def failing(self: Predictor, asked: Any) -> Any:
        return 1 / 0 if self.signature.model_sha256 == digest else predict(self, asked)

    monkeypatch.setattr(Predictor, "predict", failing)
    failed = client.post("/predict", json=rows).status_code

    shown = client.get("/metrics").text
    assert (sound, failed) == (200, 500)
    assert counted(shown, "http_requests_total", "mixed", champion(), path="/predict", status="200") == 1
    assert counted(shown, "http_requests_total", "challenger", digest, path="/predict", status="500") == 1
    assert counted(shown, "http_requests_total", "mixed", champion(), path="/predict", status="500") == 0
