"""Facts of a product that several criteria of this part need."""

from __future__ import annotations

import re
from typing import Any

from goldenpath.review.product import prometheus
from goldenpath.review.product.product import Product
from goldenpath.review.standards.proofs import as_mapping, as_mappings

CONTRACT = "contract.yaml"
LINEAGE = "models/lineage.json"
SIGNATURE = "models/signature.json"
RULES = prometheus.FOLDER
PLACEHOLDER = re.compile(r"\bexample\.(?:com|org|net)\b|\byour-(?:org|team)\b", re.IGNORECASE)
"""What a generated file says before anybody has filled it in."""
VERSION = re.compile(r"(?P<name>[^#@]+)@(?P<version>v\d+\.\d+\.\d+\S*)")


def service_paths(product: Product) -> tuple[str, ...]:
    """What a run of the service depends on; everything, where there is no package."""
    packages = product.python.packages
    return (*packages, "requirements", "models", CONTRACT, "params.yaml") if packages else ()


def read_mapping(product: Product, path: str) -> dict[str, Any]:
    """A JSON file that must hold an object; empty where it is missing or holds something else."""
    return as_mapping(product.json(path))


def model_digest(product: Product) -> str:
    """The digest of the model that lineage and signature agree on; empty where they do not."""
    declared = str(read_mapping(product, SIGNATURE).get("model_sha256") or "")
    subjects = as_mappings(read_mapping(product, LINEAGE).get("subject"))
    return declared if declared in {str(as_mapping(item.get("digest")).get("sha256")) for item in subjects} else ""


def is_model(model: str, versions: list[str]) -> bool:
    """Whether versions that a service told are all the model's digest, or its beginning."""
    return bool(model and versions) and all(len(item) >= 12 and model.startswith(item) for item in versions)


def model_inputs(product: Product) -> set[str]:
    """The names of the inputs that the model takes, by its signature."""
    return {str(item.get("name")) for item in as_mappings(read_mapping(product, SIGNATURE).get("inputs"))}
