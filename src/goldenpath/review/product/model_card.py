"""The model card: a Hugging Face card, a header in YAML and sections in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from goldenpath.review.product import markdown
from goldenpath.review.product.errors import BrokenFileError

if TYPE_CHECKING:
    from goldenpath.review.product.markdown import Document
    from goldenpath.review.product.product import Product

PLACES = ("docs/model-card.md", "docs/model_card.md", "MODEL_CARD.md", "model-card.md", "models/README.md")


@dataclass(frozen=True)
class ModelCard:
    """A card.

    Attributes:
        path: The file; empty where there is none.
        text: All of it.
        metrics: The numbers of the header's ``model-index``, by the metric's ``type``.
        document: The sections.
    """

    path: str = ""
    text: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    document: Document = field(default_factory=lambda: markdown.Document(""))


def read(product: Product) -> ModelCard:
    """Read the first card of the usual names.

    Raises:
        BrokenFileError: Its header is not YAML, or its ``model-index`` is not one.
    """
    path = next((place for place in PLACES if place in product.paths), "")
    document = markdown.read(product, path) if path else None
    if document is None:
        return ModelCard()
    text = product.text(path) or ""
    header = _header(path, text)
    try:
        metrics = {str(item["type"]): float(item["value"]) for item in _metrics(header)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenFileError(path, "model-index: want results, each with metrics of a type and a value") from error
    return ModelCard(path, text, metrics, document)


def _header(path: str, text: str) -> dict[str, Any]:
    parts = text.split("\n---", 1)
    if not text.startswith("---\n") or len(parts) < 2:
        return {}
    try:
        found = yaml.safe_load(parts[0])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BrokenFileError(path, "its header is not YAML", mark.line + 1 if mark else None) from error
    return found if isinstance(found, dict) else {}


def _metrics(header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for model in header.get("model-index") or []:
        for result in model.get("results") or []:
            yield from result.get("metrics") or []
