from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from goldenpath.model.signature import ModelError
from goldenpath.model.task import Kind
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.paths import MODEL, SIGNATURE
from goldenpath.serving.web import build, fields, show
from goldenpath.serving.web.errors import WebError
from tests.serving.web.made_model import KINDS, write

PAGE = {
    *("base.css", "contract.json", "encode.js", "icon.svg", "index.html", "model.js", "model.onnx", "page.css"),
    *("page.js", "rules.js", "signature.json", "onnxruntime/ort.js", "onnxruntime/ort-wasm-simd-threaded.wasm"),
}


class Inputs(HTMLParser):
    """The columns of a form's inputs, and what labels and descriptions of inputs point at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.labelled: list[str] = []
        self.ids: set[str] = set()
        self.described: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attributes}
        self.ids.add(held.get("id", ""))
        if tag in ("input", "select"):
            self.names.append(held["data-column"])
            self.described |= set(held["aria-describedby"].split())
        if tag == "label":
            self.labelled.append(held["for"].removeprefix("in-"))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """What npm would have brought, in name."""
    dist = tmp_path / "node_modules" / build.RUNTIME / "dist"
    dist.mkdir(parents=True)
    (dist.parent / "package.json").write_text('{"version": "1.2.3"}')
    for name in build.RUNTIME_FILES:
        (dist / name).write_text(name)
    return tmp_path / "node_modules"


def made(folder: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Contract:
    write(folder, kind)
    monkeypatch.chdir(folder)
    return contract.load()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_every_kind_holds_model_signature_runtime_and_a_labelled_input_for_each_column(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    agreed = made(tmp_path, kind, monkeypatch)

    built = build.build(packages=packages)

    assert set(built.sizes) == PAGE
    assert (built.folder / "model.onnx").read_bytes() == MODEL.read_bytes()
    assert (built.folder / "signature.json").read_bytes() == SIGNATURE.read_bytes()
    form = Inputs((built.folder / "index.html").read_text())
    assert form.names == form.labelled == [column.name for column in agreed.features]
    assert form.described <= form.ids
    told = json.loads((built.folder / "contract.json").read_text())
    assert told["sha256"] == agreed.sha256
    assert told["target"]["name"] == agreed.target.name


def test_what_cannot_be_built_leaves_the_page_that_is_there(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "binary", monkeypatch)
    folder = build.build(packages=packages).folder
    Path("contract.yaml").write_text(Path("contract.yaml").read_text() + "# changed\n")

    with pytest.raises(ModelError, match="not the contract that the model was trained under"):
        build.build(packages=packages)
    with pytest.raises(ModelError, match="not the contract"):
        build.build(packages=tmp_path / "none")

    assert (folder / "index.html").is_file()
    assert [path.name for path in folder.parent.iterdir()] == ["web"]


def test_a_missing_runtime_is_told_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "regression", monkeypatch)

    with pytest.raises(WebError, match=r"no such file. Run `goldenpath web`"):
        build.build(packages=tmp_path / "none")


def test_a_page_that_cannot_be_shown_says_why(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "binary", monkeypatch)
    with pytest.raises(WebError, match=r"index.html: no such file. Run `goldenpath web`"):
        show.server(0)
    build.build(packages=packages)

    with show.server(0) as running, pytest.raises(WebError, match=r"cannot be listened on: .* --port"):
        show.server(running.server_port)


def test_a_field_speaks_as_the_contract_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = made(tmp_path, "multiclass", monkeypatch)

    form = {field.name: field for field in fields.of(agreed)}

    assert form["size"].label == "Size on the label"
    assert [choice.label for choice in form["size"].choices] == ["S \N{EN DASH} small", "M"]
    assert [choice.value for choice in form["member"].choices] == [True, False]
    assert form["price"].limits == "\N{MINUS SIGN}0.5 to 100"
    assert form["price"].rules["range"] == agreed["price"].rules["range"].text
    assert (form["store"].category, form["store"].required) == (True, True)


def test_a_time_that_only_names_something_is_refused(shop: Any) -> None:
    def change(content: Any) -> None:
        content["schema"][0]["properties"][1] |= {"logicalType": "timestamp", "enum": None}

    with pytest.raises(WebError, match="column 'store' is a time with scale nominal"):
        fields.of(contract.load(shop(change)))
