"""MON-11: the manifest's cost center as a label on everything that is deployed."""

from __future__ import annotations

import re
from typing import Any

import yaml

from goldenpath.review.fixes import edits, files
from goldenpath.review.fixes.edits import Edit
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product import compose
from goldenpath.review.product.manifest import NAME as MANIFEST
from goldenpath.review.product.product import Product

BASE = "deploy/base/kustomization.yaml"
LABEL = "cost-center"


def label(product: Product) -> dict[str, str]:
    """Label all resources of the base with the manifest's cost center; overlays belong to the pipeline.

    Raises:
        FixError: The manifest names no cost center, there is no base, or another cost center is there.
        BrokenFileError: A file does not parse.
    """
    cost = product.mapping(MANIFEST).get("cost")
    center = str(cost.get("cost_center") or "") if isinstance(cost, dict) else ""
    if not re.fullmatch(r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", center):
        raise FixError(f"golden-path.yaml names no cost: cost_center that a label can hold: {center!r}")
    content = product.mapping(BASE)
    if not content and compose.files(product):
        raise FixError(f"write `labels: {{{LABEL}: {center}}}` into every service of compose.yaml")
    if not content:
        raise FixError(f"there is no {BASE} that all environments take in")
    others = {found for path in product.matching("deploy/*kustomization.yaml") for found in _centers(product, path)}
    if others == {center} and center in _centers(product, BASE):
        return {}
    if others - {center}:
        raise FixError(f"deploy/ is labelled {', '.join(sorted(others - {center}))}, golden-path.yaml says {center}")
    labels = content.get("labels")
    entry = {"pairs": {LABEL: center}, "includeTemplates": True}
    intended = content | {"labels": [entry, *(labels if isinstance(labels, list) else [])]}
    return {BASE: edits.must_mean(BASE, _labelled(files.read(product, BASE), center), intended)}


def _centers(product: Product, path: str) -> set[str]:
    """The cost centers that one kustomization names itself."""
    content = product.mapping(path)
    labels = content.get("labels")
    pairs: list[Any] = [content.get("commonLabels")]
    pairs += [item.get("pairs") for item in (labels if isinstance(labels, list) else []) if isinstance(item, dict)]
    return {str(item[LABEL]) for item in pairs if isinstance(item, dict) and item.get(LABEL)}


def _labelled(text: str, center: str) -> str:
    end = files.line_end(text)
    quoted = center if yaml.safe_load(center) == center else f'"{center}"'
    entry = ["- pairs:", f"    {LABEL}: {quoted}", "  includeTemplates: true"]
    labels = edits.value_of(edits.compose(BASE, text), "labels")
    if labels is None:
        gap = "" if text.endswith("\n") else end
        return text + gap + "".join(f"{line}{end}" for line in ["labels:", *(f"  {line}" for line in entry)])
    start = labels.start_mark.index - labels.start_mark.column
    return edits.apply(
        text, [Edit(start, start, "".join(f"{' ' * labels.start_mark.column}{line}{end}" for line in entry))]
    )
