"""What an image says of itself, held against the version that it is to be promoted as.

The build writes commit and model into the image as labels, and into its receipt as facts. Where the image lies on this
machine its labels are read; where it does not, the receipt has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goldenpath.delivery import docker, proofs
from goldenpath.delivery.desired_state import Image
from goldenpath.delivery.image.identity import MODEL_DIGEST, MODEL_VERSION, REVISION
from goldenpath.delivery.registry import Version
from goldenpath.project.errors import ProjectError


def refuse_another(root: Path, version: Version, image: Image) -> None:
    """Stop where an image, or the receipt of its build, says that it holds something else than the version.

    Args:
        root: The project's folder.
        version: The registered version.
        image: The image.

    Raises:
        ProjectError: It names another commit, model or version; what it does not say is not judged.
    """
    _compare(version, image, "its labels say", of_image(image))
    _compare(version, image, "the receipt of its build says", _of_receipt(root, version, image))


def of_image(image: Image) -> dict[str, str]:
    """The labels of an image on this machine; none where it is not here, or where there is no Docker to ask."""
    for name in (str(image), image.digest):
        if found := docker.inspected(name):
            return dict((found.get("Config") or {}).get("Labels") or {})
    return {}


def _of_receipt(root: Path, version: Version, image: Image) -> dict[str, str]:
    builds = [item for item in proofs.receipts(root, version) if item["id"] == proofs.BUILD and item["exit_code"] == 0]
    of_this = [item["facts"] for item in builds if item["facts"].get("image") == image.digest]
    said: dict[str, Any] = of_this[-1] if of_this else {}
    names = {"revision": REVISION, "model_digest": MODEL_DIGEST, "model": MODEL_VERSION}
    return {label: str(said[fact]) for fact, label in names.items() if said.get(fact)}


def _compare(version: Version, image: Image, by: str, said: Mapping[str, str]) -> None:
    model = f"sha256:{version.model_sha256}" if version.model_sha256 else ""
    wanted = {
        "commit": (REVISION, version.commit),
        "model": (MODEL_DIGEST, model),
        "version": (MODEL_VERSION, version.name),
    }
    for what, (label, value) in wanted.items():
        if said.get(label) and value and said[label] != value:
            raise ProjectError(
                f"{image} is no image of {version.name}: {by} {what} {said[label]}, the registry says {value}. Build "
                f"it on its commit: git checkout {version.name} && {proofs.RECORDED_BY[proofs.BUILD]}"
            )
