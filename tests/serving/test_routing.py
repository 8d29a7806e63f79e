from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.serving.routing import RoutingError, load, parse
from tests.serving import plan


def test_a_plan_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    content = plan.content_of(stop=date(2026, 12, 31), start=date(2026, 12, 1), guardrails={"latency_ms": 20})
    path.write_text(yaml.safe_dump(content, sort_keys=False))

    found = load(path)

    assert (found.name, found.stop, found.start) == ("other-trees", date(2026, 12, 31), date(2026, 12, 1))
    assert (found.variants, found.guardrails) == ({"champion": 50.0, "challenger": 50.0}, {"latency_ms": 20.0})
    assert not found.is_shadow


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"salt": None, "metric": None}, "lacks metric, salt"),
        ({"sal": "x"}, "sal: not understood"),
        ({"name": "Other Trees"}, "want small letters"),
        ({"minimum_effect": -1}, "minimum_effect is -1, want a number above 0"),
        ({"minimum_effect": float("nan")}, "minimum_effect is nan"),
        ({"minimum_units": 1.5}, "minimum_units is 1.5, want a whole number"),
        ({"stop": "soon"}, "stop is 'soon', want a day such as 2026-12-31, or a number of units"),
        ({"stop": True}, "stop is True"),
        ({"start": 7}, "start is 7, want a day"),
        ({"candidate": "shop"}, "candidate is 'shop', want a registered version"),
        ({"model": "abc"}, "model is 'abc', want the SHA-256"),
        ({"variants": {"champion": 50, "challenger": 40}}, "add up to 90, want 100"),
        ({"variants": {"champion": 100, "challenger": 0}}, "the share of challenger is 0"),
        ({"variants": {"blue": 50, "green": 50}}, "want a share for champion and one for challenger"),
        ({"variants": [50, 50]}, "want a share for champion"),
        ({"guardrails": ["latency"]}, "want limits by name"),
        ({"guardrails": {"latency_ms": "low"}}, "guardrails: latency_ms is 'low'"),
        ({"shadow": "perhaps"}, "shadow is 'perhaps', want true or false"),
    ],
)
def test_what_is_wrong_with_a_plan_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RoutingError) as refusal:
        parse(plan.content_of(**changes))

    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "words"), [(None, "No such file"), ("a: [", "not YAML"), ("- a", "not a mapping"), ("", "not a mapping")]
)
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "plan.yaml"
    if text is not None:
        path.write_text(text)

    with pytest.raises(RoutingError, match=f"plan.yaml: .*{words}"):
        load(path)


def test_the_assignment_is_that_of_the_written_rule() -> None:
    found = parse(plan.content_of(variants={"challenger": 12.5, "champion": 87.5}))

    for unit in map(str, range(1_000)):
        bucket = int(hashlib.sha256(f"other-trees-1:{unit}".encode()).hexdigest()[:8], 16) % 10_000
        assert found.variant_of(unit) == ("challenger" if bucket < 1_250 else "champion")


def test_shares_are_kept_and_another_salt_draws_anew() -> None:
    found = parse(plan.content_of(variants={"champion": 80, "challenger": 20}))
    again = replace(found, salt="other-trees-2")
    units = [f"N{number}" for number in range(20_000)]

    both = Counter((found.variant_of(unit), again.variant_of(unit)) for unit in units)

    # Four standard deviations of a binomial share of 0.2, and of 0.04 where the draws are independent.
    assert abs(sum(both["challenger", other] for other in ("champion", "challenger")) / 20_000 - 0.2) < 0.0113
    assert abs(both["challenger", "challenger"] / 20_000 - 0.04) < 0.0056
