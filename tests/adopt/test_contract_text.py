from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.adopt.contract_text import contract_text
from goldenpath.adopt.infer import Guess
from goldenpath.project import contract
from goldenpath.project.contract import Column

OTHERS = [
    Guess(Column("y", "y", "boolean", frozenset(["target"])), ("Named as TARGET",)),
    Guess(Column("x", "the x", "number", frozenset(["feature"])), ()),
]


def reloaded(column: Column, tmp_path: Path, **more: Any) -> Column:
    path = tmp_path / "contract.yaml"
    guesses = [*OTHERS, Guess(column, ("Why",), **more)]
    path.write_text(contract_text(guesses, "shop", "orders", "orders.csv", "y"), "utf-8")
    return contract.load(path)[column.name]


@pytest.mark.parametrize(
    "column",
    [
        Column("a", "Größe: (€) #1", "string", frozenset(["feature", "segment"]), enum=("no", "1", "null", "é: #", "")),
        Column("a", "a", "integer", frozenset(["feature"]), enum=(0, 1), required=True, nominal=True),
        Column("a", "a", "number", frozenset(["feature"]), minimum=-1e-7, maximum=2.5e9, description="no"),
        Column("a", "true", "string", frozenset(["feature"]), max_length=10, classification="confidential"),
        Column("a", "1e3", "string", frozenset(["excluded"]), reason='It said "no": {a, b}'),
    ],
)
def test_a_column_reads_back_as_it_was(column: Column, tmp_path: Path) -> None:
    assert reloaded(column, tmp_path) == column


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text not in ("y", "the x")))
def test_any_name_and_value_reads_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    column = Column("a", text, "string", frozenset(["feature"]), enum=(text,))

    found = reloaded(column, tmp_path_factory.mktemp("text"))

    assert (found.physical_name, found.enum) == (text, (text,))


def test_every_guess_is_explained_in_a_comment_above_its_column(tmp_path: Path) -> None:
    reloaded(Column("a", "a", "integer", frozenset(["feature"])), tmp_path, note="Look\nhere")

    lines = (tmp_path / "contract.yaml").read_text("utf-8").splitlines()

    position = lines.index("      - name: a")
    assert lines[position - 2 : position] == ["      # Why.", "      # Look here."]
