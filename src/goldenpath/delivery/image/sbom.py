"""What is in the image, as a CycloneDX bill of materials: ``goldenpath image sbom``.

The packages are those of ``requirements/serve.txt`` that the image's Python installs, each with its hashes, the wheel
of ``vendor/`` among them; the model is a component of its own, so that the digest which predicts in production leads to
the bill.
Format: https://cyclonedx.org/docs/1.6/json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import InvalidRequirement, Requirement

from goldenpath.model import signature
from goldenpath.project import distribution
from goldenpath.project.errors import ProjectError
from goldenpath.project.paths import SBOM, SIGNATURE
from goldenpath.repository import lock_file

LOCK = Path("requirements/serve.txt")
LIBRARY = lock_file.PACKAGE
IMAGE_PYTHON = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
"""What the image's Python answers to the conditions of a lock."""


@dataclass(frozen=True)
class Pin:
    """A locked package.

    Attributes:
        name: The package.
        version: The version.
        sha256: Digests of its files.
    """

    name: str
    version: str
    sha256: tuple[str, ...]


def write(root: Path) -> str:
    """Write the bill to :data:`SBOM`.

    Args:
        root: The project's folder.

    Returns:
        How much it names.

    Raises:
        ProjectError: The lock or the model's signature is missing or cannot be read.
    """
    text = bill(root)
    (root / SBOM).parent.mkdir(exist_ok=True)
    (root / SBOM).write_text(text, encoding="utf-8")
    return f"{SBOM}: {len(json.loads(text)['components']) - 1} packages and the model."


def bill(root: Path) -> str:
    """The bill as JSON; the same for the same lock and model, so that it can be committed beside them.

    Raises:
        ProjectError: The lock or the signature is missing or cannot be read.
    """
    described = signature.load(root / SIGNATURE)
    if not (root / LOCK).is_file():
        raise ProjectError(f"{LOCK}: no such file. Run `goldenpath lock`.")
    own = distribution.load(root)
    name, version = own.name, own.version
    product = Component(type=ComponentType.APPLICATION, name=name, version=version, bom_ref=f"{name}@{version}")
    model = Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=f"{name}-model",
        version=described.model_sha256[:12],
        bom_ref=f"model@{described.model_sha256}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=described.model_sha256)],
        properties=[Property(name="contract.sha256", value=described.contract_sha256)],
    )
    packages = [_package(pin) for pin in installed((root / LOCK).read_text(encoding="utf-8"))]
    found = Bom(components=[*packages, model])
    found.metadata.component = product
    found.register_dependency(product, found.components)
    plain = json.loads(make_outputter(found, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del plain["serialNumber"], plain["metadata"]["timestamp"]
    return json.dumps(plain, indent=2) + "\n"


def _package(pin: Pin) -> Component:
    url = PackageURL("pypi", name=pin.name, version=pin.version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.sha256]
    # The lock's hashes are those of a package's files, any of which may be installed, and not of the package. The
    # library alone comes as one file.
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(url)),
        hashes=hashes,
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        purl=url,
        bom_ref=str(url),
        hashes=hashes if pin.name == LIBRARY else [],
        external_references=[files],
    )


def installed(lock: str) -> Iterator[Pin]:
    """The packages of a lock that the image's Python installs; the options of pip between them are passed over.

    Raises:
        ProjectError: A line is neither an option nor a package that is pinned with ``==``.
    """
    for line in lock.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith(("#", "-")):
            continue
        pinned, *hashes = line.split(" --hash=sha256:")
        try:
            requirement = Requirement(pinned)
        except InvalidRequirement as error:
            raise ProjectError(f"{LOCK}: {pinned.strip()!r} is not a locked package. Run `goldenpath lock`.") from error
        if requirement.marker is None or requirement.marker.evaluate(IMAGE_PYTHON):
            version = str(requirement.specifier).removeprefix("==")
            yield Pin(requirement.name, version, tuple(digest.strip() for digest in hashes))
