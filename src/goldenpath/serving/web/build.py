"""Build the page that runs the model in a browser.

The page is a folder of files that any web server can hand out. It holds the exported model and its signature as they
are, the runtime for browsers from the locked npm package, and the contract as a form.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from goldenpath.model.predictor import Predictor
from goldenpath.model.signature import Signature, refuse_other_contract
from goldenpath.project import contract
from goldenpath.project.contract import Contract
from goldenpath.project.paths import MODEL, SIGNATURE, WEB, WEB_PACKAGES
from goldenpath.reports.page import STYLE_SHEET, TEMPLATES
from goldenpath.serving.web import fields
from goldenpath.serving.web.errors import WebError

HERE = Path(__file__).parent
RUNTIME = "onnxruntime-web"
RUNTIME_FILES = {
    "ort.wasm.bundle.min.mjs": "ort.js",  # servers that do not know .mjs send it as something no browser runs
    "ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
}
"""What one thread on the CPU needs of the npm package's ``dist/``, and its name in the page."""
MIB = 2**20


@dataclass(frozen=True)
class Built:
    """A page that was made.

    Attributes:
        folder: Where it lies.
        model: Digest of its model.
        sizes: Bytes of each file, by name, largest first.
        compressed: Bytes of all files together as servers send them.
    """

    folder: Path
    model: str
    sizes: dict[str, int]
    compressed: int


def build(folder: Path = WEB, packages: Path = WEB_PACKAGES) -> Built:
    """Make the page anew, whole or not at all.

    Args:
        folder: Where it goes; what lies there is replaced.
        packages: The ``node_modules`` that holds the runtime.

    Raises:
        ContractError: The contract cannot be used.
        ModelError: The model is missing, damaged, or was trained under another contract.
        WebError: The runtime is not installed, or the contract has a column that a page cannot encode.
    """
    agreed = contract.load()
    described = Predictor.load().signature
    refuse_other_contract(described, agreed)
    version = _runtime_version(packages)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch) / "page"
        shutil.copytree(HERE / "static", made)
        shutil.copy(TEMPLATES / STYLE_SHEET, made)
        shutil.copy(MODEL, made / "model.onnx")
        shutil.copy(SIGNATURE, made / "signature.json")
        (made / "contract.json").write_text(_json(agreed), encoding="utf-8")
        (made / "index.html").write_text(_page(agreed, described, version), encoding="utf-8")
        (made / "onnxruntime").mkdir()
        for source, name in RUNTIME_FILES.items():
            shutil.copy(packages / RUNTIME / "dist" / source, made / "onnxruntime" / name)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return Built(
        folder=folder,
        model=described.model_sha256,
        sizes=dict(sorted(sizes.items(), key=lambda item: -item[1])),
        compressed=sum(len(zlib.compress(path.read_bytes())) for path in files),
    )


def _runtime_version(packages: Path) -> str:
    home = packages / RUNTIME
    missing = [name for name in RUNTIME_FILES if not (home / "dist" / name).is_file()]
    if missing:
        raise WebError(
            f"{home}/dist/{missing[0]}: no such file. Run `goldenpath web`, which installs {RUNTIME} by npm."
        )
    version: str = json.loads((home / "package.json").read_text(encoding="utf-8"))["version"]
    return version


def _json(agreed: Contract) -> str:
    return json.dumps(fields.described(agreed), default=str, ensure_ascii=False)  # YAML reads some timestamps as such


def _page(agreed: Contract, described: Signature, runtime: str) -> str:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("index.html.j2").render(
        about=agreed.about,
        contract_version=agreed.version,
        fields=fields.of(agreed),
        target=agreed.target,
        target_label=fields.label(agreed.target),
        model=described.model_sha256,
        runtime=runtime,
    )


def told(built: Built) -> str:
    """What was made and how large it is, one file of a megabyte's tenth or more a line."""
    total = sum(built.sizes.values())
    sizes = f"{total / MIB:.1f} MiB, {built.compressed / MIB:.1f} MiB where the server compresses"
    lines = [f"{built.folder}: the page of model {built.model[:12]}, {sizes}"]
    large = {name: size for name, size in built.sizes.items() if size >= MIB / 10}
    lines += [f"{size / MIB:8.2f} MiB  {name}" for name, size in large.items()]
    rest = total - sum(large.values())
    lines.append(f"{rest / MIB:8.2f} MiB  {len(built.sizes) - len(large)} other files")
    return "\n".join(lines)
