"""What an image is called and what it says of itself: the commit, the version, the model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from goldenpath.model import signature
from goldenpath.project import distribution, manifest
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import MODEL, SIGNATURE
from goldenpath.repository import git

INPUTS = ("Dockerfile", ".dockerignore", "contract.yaml", "requirements/serve.txt", "vendor", str(SIGNATURE))
"""What the image is made of; the model is held by its digest in the signature."""

REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"
BASE_NAME = "org.opencontainers.image.base.name"
MODEL_VERSION = "goldenpath.model.version"
MODEL_DIGEST = "goldenpath.model.digest"
UNREGISTERED = "unregistered"


@dataclass(frozen=True)
class Identity:
    """The names of one image.

    Attributes:
        repository: Registry and name, without tag.
        revision: The commit; with ``-dirty`` where the files are not those of the commit.
        version: The project's version.
        created: When the commit was made, in seconds since 1970: an image of the same commit is the same image.
        model_version: The model's registered version, ``name@v1.2.3``, or ``unregistered``.
        model_digest: ``sha256:…`` of the ONNX file.
    """

    repository: str
    revision: str
    version: str
    created: int
    model_version: str
    model_digest: str

    @property
    def name(self) -> str:
        """The image's name with its tag."""
        commit, _, dirty = self.revision.partition("-")
        return f"{self.repository}:{commit[:12]}{'-dirty' if dirty else ''}"

    @property
    def arguments(self) -> dict[str, str]:
        """The Dockerfile's arguments."""
        return {
            "REVISION": self.revision,
            "VERSION": self.version,
            "CREATED": datetime.fromtimestamp(self.created, UTC).isoformat(),
            "MODEL_VERSION": self.model_version,
            "MODEL_DIGEST": self.model_digest,
            "SOURCE_DATE_EPOCH": str(self.created),
        }


def of_project(root: Path) -> Identity:
    """The identity of the image that would be built now.

    Raises:
        ProjectError: There is no commit, or no model, or the model is not the one of the signature.
    """
    repository, name, version = _names(root)
    revision = git.run(root, "rev-parse", "HEAD")
    is_dirty = bool(git.run(root, "status", "--porcelain", "--", *INPUTS))
    registered = git.run(root, "tag", "--points-at", "HEAD", "--list", f"{name}@v*").split()
    return Identity(
        repository=repository,
        revision=f"{revision}-dirty" if is_dirty else revision,
        version=version,
        created=int(git.run(root, "log", "-1", "--format=%ct")),
        model_version=registered[-1] if registered and not is_dirty else UNREGISTERED,
        model_digest=f"sha256:{_model_digest(root)}",
    )


def _names(root: Path) -> tuple[str, str, str]:
    """Where images go, the project's name and its version."""
    registry = manifest.required(manifest.load(root).deploy.registry, "deploy.registry", "ghcr.io/your-org")
    product = distribution.load(root)
    return f"{registry}/{product.name}", product.name, product.version


def _model_digest(root: Path) -> str:
    described = signature.load(root / SIGNATURE).model_sha256
    if not (root / MODEL).is_file():
        raise ProjectError(f"{MODEL}: no such file. Run `make run`, or `dvc checkout` to get the committed model.")
    if hashlib.sha256((root / MODEL).read_bytes()).hexdigest() != described:
        raise ProjectError(
            f"{MODEL} is not the model of {SIGNATURE}: it is damaged, or another. Run `make run`, or "
            "`dvc checkout` to get the committed model back."
        )
    return described
