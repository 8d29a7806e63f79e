"""Judge the built image: ``goldenpath image check``. The verdicts go to ``reports/container.json`` too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from goldenpath.delivery.image import docker, gates, identity, running
from goldenpath.delivery.image.gates import Gate
from goldenpath.delivery.image.identity import Identity
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.project.exit_codes import Exit
from goldenpath.project.files import write_json
from goldenpath.serving.rest.request import example_row

REPORT = Path("reports/container.json")


def check(root: Path, *, name: str = "", base_image: str = "") -> Exit:
    """Print the verdict of every gate of the image, and write them down.

    Args:
        root: The project's folder.
        name: Another name than registry/project:commit.
        base_image: Another base than the image names.

    Returns:
        ``OK``, or ``FAILED`` where a gate fails.

    Raises:
        ProjectError: The image cannot be judged: Docker, the image or its base is not there.
    """
    (root / REPORT).unlink(missing_ok=True)  # what was said of another image must not stand for this one
    expected = identity.of_project(root)
    image = name or expected.name
    judged = list(judge(image, base_image, expected))
    write_json(root / REPORT, {"version": 1, "image": image, "gates": [asdict(gate) for gate in judged]})
    for gate in judged:
        print(f"{'ok    ' if gate.passed else 'FAILED'}  {gate.name:<14}  {gate.message}")
    if any(not gate.passed for gate in judged):
        print("image check failed.", file=sys.stderr)
        return Exit.FAILED
    return Exit.OK


def judge(image: str, base: str, expected: Identity) -> Iterator[Gate]:
    """Every gate of the image.

    Args:
        image: The image's name.
        base: Its base; the one that it names unless told.
        expected: The project as it is now.

    Raises:
        ProjectError: Docker, the image or its base is not there.
    """
    budget = params.load().container
    try:
        inspected = docker.image(image)
    except ProjectError as error:
        if "no such image" not in str(error).lower():
            raise
        raise ProjectError(f"{image}: no such image. Build it with `goldenpath image build`.") from error
    yield from gates.of_image(inspected, expected.model_digest)
    yield gates.size(docker.layer_bytes(image), _base_bytes(base or _base_of(inspected)), budget.image_mb)
    row = example_row(contract.load())
    yield from running.gates(image, row, expected.model_digest, budget.ready_seconds, budget.stop_seconds)


def _base_of(inspected: dict[str, object]) -> str:
    config = inspected["Config"]
    labels = (config.get("Labels") if isinstance(config, dict) else None) or {}
    if name := str(labels.get(identity.BASE_NAME) or ""):
        return name
    raise ProjectError(
        f"The image names no base in its label {identity.BASE_NAME}: build it with `goldenpath image build`."
    )


def _base_bytes(base: str) -> int:
    if docker.attempt("image", "inspect", base).returncode:  # BuildKit keeps a base that it fetched to itself
        docker.run("pull", "--quiet", base)
    return docker.layer_bytes(base)
