from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from goldenpath.experiments import effects
from goldenpath.project import params
from goldenpath.project.paths import EXPERIMENTS, PREDICTION_LOG
from goldenpath.reports import charts
from goldenpath.repository.facts import TOLD
from goldenpath.serving import routing
from tests.command import exit_code
from tests.experiments.experiment_factory import LABELS, MODELS, START, Made, Record, lay_out, make
from tests.sample import TEMPLATE

pytestmark = pytest.mark.usefixtures("counter")
Run = Callable[..., int]
PAST = {"stop": START.date() + timedelta(days=20)}


@pytest.fixture(scope="module")
def run() -> Run:
    def called(plan: Path | str, *words: str, labelled: bool = True) -> int:
        labels = [f"--labels={LABELS}"] if labelled else []
        return exit_code("experiment", "report", *labels, *words, str(plan))

    return called


@pytest.fixture(scope="module")
def better(shop_text: str, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose challenger is better, after its report. Do not write to it; see ``promoted``."""
    folder = tmp_path_factory.mktemp("better")
    lay_out(folder, shop_text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(TOLD, "facts.json")
        assert run(make(Made(challenger=0.6))) == 0
    return folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what was decided, to which a page without pictures is enough."""
    for picture in ("band", "ranges"):
        monkeypatch.setattr(charts, picture, lambda *_, **__: "")


@pytest.fixture
def promoted(better: Path, counter: Path) -> Path:
    """A copy of that shop as the working directory."""
    return shutil.copytree(better, counter, dirs_exist_ok=True)


def told() -> dict[str, Any]:
    return json.loads((EXPERIMENTS / "returns.json").read_text())


def guardrail(name: str) -> dict[str, Any]:
    return next(item for item in told()["guardrails"] if item["name"] == name)


def together(records: list[Record]) -> list[Record]:
    """As if all but every fifth had been asked in tens, which take as long as the slower of the two."""
    several = [record for place, record in enumerate(records) if place % 5]
    for start in range(0, len(several), 10):
        took = max(record["latency_ms"] for record in several[start : start + 10])
        for place, record in enumerate(several[start : start + 10]):
            record |= {"id": f"s{start}.{place}", "request": f"s{start}", "latency_ms": took}
    return records


def test_a_challenger_that_is_better_is_promoted(promoted: Path) -> None:
    assert told()["decision"] == "promote"
    assert "above zero" in " ".join(told()["reasons"])


@pytest.mark.parametrize(
    ("made", "decision", "reason"),
    [
        (Made(challenger=0.0), "stop", "the challenger is worse"),
        (Made(plan={"minimum_effect": 4.0}), "stop", "no gain worth having"),
        (Made(plan={"minimum_effect": 0.5}), "go on", "not shown"),
        (Made(plan={"minimum_effect": 0.5, **PAST}), "stop", "The stop of the plan has come"),
        (Made(challenger=0.6, units=300), "go on", "200 of each are wanted"),
        (Made(challenger=0.6, latency_ms=(0.4, 1.6)), "stop", "Latency"),
        (Made(challenger=0.6, latency_ms=(0.4, 1.6), changed=together), "stop", "Latency"),
        (
            Made(champion=0.1, challenger=0.9, harmed=12, units=2000),
            "stop",
            "worse in store 12",
        ),
    ],
    ids=["worse", "futile", "undecided", "over", "few", "slow", "slow among several", "segment"],
)
def test_the_verdict_is_what_was_found(made: Made, decision: str, reason: str, run: Run) -> None:
    assert run(make(made)) == 0

    assert told()["decision"] == decision
    assert reason in " ".join(told()["reasons"])


def lost(records: list[Record]) -> list[Record]:
    return [record for record in records if record["variant"] == "champion" or record["entity"] % 4]


def moved(records: list[Record]) -> list[Record]:
    other = {"champion": "challenger", "challenger": "champion"}
    for record in records:
        if record["entity"] < 5 and record["id"].endswith(("1", "3", "5")):
            record["variant"] = other[record["variant"]]
            record["model"] = MODELS[record["variant"]]
    return records


def remade(records: list[Record]) -> list[Record]:
    return [{**record, "model": "c" * 64} if record["variant"] == "challenger" else record for record in records]


def silent(records: list[Record]) -> list[Record]:
    return [
        {**record, "label": None} if record["variant"] == "challenger" and record["label"] and place % 2 else record
        for place, record in enumerate(records)
    ]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lost, "do not fall into the variants by their shares"),
        (moved, "they changed sides"),
        (remade, "not bbbbbbbbbbbb, which the plan names"),
        (silent, "what is compared is not what was predicted"),
    ],
    ids=["lost", "moved", "remade", "silent"],
)
def test_a_comparison_that_is_none_is_void(
    changed: Callable[[list[Record]], list[Record]], reason: str, run: Run
) -> None:
    assert run(make(Made(challenger=0.6, changed=changed))) == 1

    assert told()["decision"] == "void"
    assert reason in " ".join(told()["reasons"])


def test_the_checklist_is_told_the_decision_and_who_was_where(promoted: Path) -> None:
    facts = json.loads(Path("facts.json").read_text())
    assert (facts["experiment"], facts["decision"]) == ("returns", "promote")
    assert facts["decided"] == told()["decided"]
    assert len(facts["assignments"]) >= 20
    for unit, variant in facts["assignments"].items():
        bucket = int(hashlib.sha256(f"returns-2026:{unit}".encode()).hexdigest()[:8], 16) % 10_000
        assert variant == ("champion" if bucket < 5_000 else "challenger")


@pytest.mark.usefixtures("undrawn")
def test_the_first_decision_stands(promoted: Path, run: Run) -> None:
    before = told()

    run(make(Made(challenger=0.0), seed=2))

    assert told()["gain"] != before["gain"]
    assert (told()["decision"], told()["decided"]) == ("promote", before["decided"])
    assert "Today it would be: stop." in told()["reasons"][-1]


@pytest.mark.usefixtures("undrawn")
def test_a_changed_plan_is_another_experiment(promoted: Path, run: Run) -> None:
    run(make(Made(challenger=0.6, plan={"minimum_units": 5_000})))

    assert told()["decision"] == "go on"


def scraped(*counts: tuple[str, int, int]) -> str:
    """Write what /metrics would have told of requests by variant and status, and return the argument that names it."""
    registry = CollectorRegistry()
    requests = Counter("http_requests", "HTTP responses.", ["path", "status", "variant"], registry=registry)
    for variant, status, count in counts:
        requests.labels("/predict", status, variant).inc(count)
    Path("metrics.txt").write_bytes(generate_latest(registry))
    return "--metrics=metrics.txt"


@pytest.mark.usefixtures("undrawn")
def test_a_challenger_whose_requests_fail_is_stopped(run: Run) -> None:
    metrics = scraped(
        *(("champion", 200, 9_000), ("champion", 500, 3), ("champion", 429, 900)),
        *(("challenger", 200, 9_000), ("challenger", 500, 400)),
    )
    nothing_worse = {"error_rate": 0, "refusal_rate": 0, "roc_auc": 0, "segment_harm": 0}

    run(make(Made(challenger=0.6, units=500, plan={"guardrails": nothing_worse})), metrics)

    assert told()["decision"] == "stop"
    assert guardrail("error_rate")["state"] == "broken"
    assert guardrail("refusal_rate")["state"] == "kept"


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("failures", "state"), [(1, "kept"), (400, "broken")])
def test_a_request_that_both_answered_is_one_of_each(failures: int, state: str, run: Run) -> None:
    metrics = scraped(("mixed", 200, 9_000), ("champion", 500, 1), ("challenger", 500, failures))

    run(make(Made(challenger=0.6, units=300)), metrics)

    assert guardrail("error_rate")["state"] == state


@pytest.mark.usefixtures("undrawn")
def test_a_shadow_is_compared_row_by_row_which_tells_more(run: Run) -> None:
    run(make(Made(challenger=0.5)))
    apart = told()["gain"]
    run(make(Made(challenger=0.5, plan={"shadow": True})))

    paired = told()["gain"]

    assert paired["high"] - paired["low"] < 0.7 * (apart["high"] - apart["low"])
    assert paired["units"][0] == paired["units"][1]


@pytest.mark.usefixtures("undrawn")
def test_predictions_without_entity_count_by_request(run: Run) -> None:
    def anonymous(records: list[Record]) -> list[Record]:
        return [{**record, "entity": None, "request": str(record["entity"])} for record in records]

    run(make(Made(challenger=0.6, changed=anonymous)))

    assert told()["decision"] == "promote"


@pytest.mark.usefixtures("undrawn")
def test_batches_which_have_no_routes_are_no_part_of_it(run: Run) -> None:
    def with_batch(records: list[Record]) -> list[Record]:
        batch = [{**record, "id": f"b{record['id']}", "mode": "batch", "variant": "champion"} for record in records]
        return [*records, *batch]

    run(make(Made(challenger=0.6, changed=with_batch)))

    assert told()["decision"] == "promote"


def test_before_any_label_is_known_it_goes_on(run: Run) -> None:
    run(make(Made()), labelled=False)

    assert told()["decision"] == "go on"
    assert told()["gain"]["value"] is None
    assert "Too few units tell yet." in (EXPERIMENTS / "returns.html").read_text()


def test_the_page_asks_nothing_of_the_network_and_tells_what_was_found_and_what_was_not(promoted: Path) -> None:
    page = (EXPERIMENTS / "returns.html").read_text()
    text = (EXPERIMENTS / "returns.md").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert page.count('<svg class="chart"') == 2
    assert "Promote: the challenger is better." in page
    assert "Promote: the challenger is better." in text
    assert len(told()["over_time"]) == 20
    assert guardrail("error_rate")["state"] == "unknown"
    assert "not known: give --metrics FILE" in page


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"metric": "average_precision"}, "average_precision cannot decide an experiment"),
        ({"guardrails": {"speed": 2.0}}, "speed: there is no such guardrail. There are latency_ratio"),
        ({"start": date(2030, 1, 1)}, "0 predictions of champion and 0 of challenger since 2030-01-01 can be compared"),
    ],
    ids=["metric", "guardrail", "start"],
)
def test_what_cannot_be_compared_is_refused_in_words(
    plan: dict[str, Any], message: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(make(Made(plan=plan, units=50))) == 1

    assert message in capsys.readouterr().err
    assert not EXPERIMENTS.exists()


def test_without_a_plan_the_command_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("experiment", "report") == 2

    assert "Missing argument 'PLAN'" in capsys.readouterr().err
    assert not PREDICTION_LOG.exists()


def test_the_example_of_the_folder_is_a_plan_that_the_service_takes(tmp_path: Path) -> None:
    text = (TEMPLATE / "docs" / "how-to" / "experiments.md").read_text()
    example = tmp_path / "example.yaml"
    example.write_text(text.partition("```yaml\n")[2].partition("```")[0])

    plan = routing.load(example)

    assert plan.metric in effects.metrics("binary", params.load().value)
    assert plan.variants == {"champion": 50, "challenger": 50}
