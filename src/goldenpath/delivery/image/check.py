"""Judge the built image: ``make image-check``. The verdicts go to ``reports/container.json`` too."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from goldenpath.delivery.image import docker, gates, identity, running
from goldenpath.delivery.image.gates import Gate
from goldenpath.delivery.image.identity import Identity
from goldenpath.project import contract, params
from goldenpath.project.errors import ProjectError
from goldenpath.serving.rest.request import example_row

REPORT = Path("reports/container.json")


def main() -> int:
    """Print the verdict of every gate.

    Returns:
        0, or 1 when a gate fails or the image cannot be judged.
    """
    asked = argparse.ArgumentParser(prog="image-check", description="Judge the container image.")
    asked.add_argument("--image", default="", help="another name than registry/project:commit")
    asked.add_argument("--base", default="", help="another base than the image names")
    given = asked.parse_args()
    REPORT.unlink(missing_ok=True)  # what was said of another image must not stand for this one
    try:
        expected = identity.of_project(Path())
        image = given.image or expected.name
        found = list(judge(image, given.base, expected))
    except ProjectError as refusal:
        print(f"image-check failed.\n{refusal}", file=sys.stderr)
        return 1
    REPORT.parent.mkdir(exist_ok=True)
    report = {"version": 1, "image": image, "gates": [asdict(gate) for gate in found]}
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for gate in found:
        print(f"{'ok    ' if gate.passed else 'FAILED'}  {gate.name:<14}  {gate.message}")
    if any(not gate.passed for gate in found):
        print("image-check failed.", file=sys.stderr)
        return 1
    return 0


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
        raise ProjectError(f"{image}: no such image. Build it with `make image`.") from error
    yield from gates.of_image(inspected, expected.model_digest)
    yield gates.size(docker.layer_bytes(image), _base_bytes(base or _base_of(inspected)), budget.image_mb)
    row = example_row(contract.load())
    yield from running.gates(image, row, expected.model_digest, budget.ready_seconds, budget.stop_seconds)


def _base_of(inspected: dict[str, object]) -> str:
    config = inspected["Config"]
    labels = (config.get("Labels") if isinstance(config, dict) else None) or {}
    if name := str(labels.get(identity.BASE_NAME) or ""):
        return name
    raise ProjectError(f"The image names no base in its label {identity.BASE_NAME}: build it with `make image`.")


def _base_bytes(base: str) -> int:
    if docker.attempt("image", "inspect", base).returncode:  # BuildKit keeps a base that it fetched to itself
        docker.run("pull", "--quiet", base)
    return docker.layer_bytes(base)


if __name__ == "__main__":
    sys.exit(main())
