"""A model made worse on purpose: it no longer sees some of its columns."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx
from onnx import helper, numpy_helper

from goldenpath.model.features import MISSING_CATEGORY, categories_of, numbers_of
from goldenpath.model.onnx_names import CATEGORIES, NUMBERS
from goldenpath.model.signature import Signature

SEEN = "_seen"


def blinded(model: bytes, described: Signature, columns: Collection[str]) -> bytes:
    """The same graph, to which some columns are always missing: what a source that went dry does to a model.

    Args:
        model: The ONNX file's content.
        described: Its signature, which names the columns.
        columns: The columns that it no longer sees.

    Returns:
        Another ONNX file's content.
    """
    loaded = onnx.load_from_string(model)
    no_number = numpy_helper.from_array(np.array([np.nan], dtype=np.float32))
    no_category = numpy_helper.from_array(np.array([MISSING_CATEGORY], dtype=object))
    graph, added = loaded.graph, []
    for name, held, missing in (
        (NUMBERS, numbers_of(described.inputs), no_number),
        (CATEGORIES, categories_of(described.inputs), no_category),
    ):
        if not held:
            continue
        for node in graph.node:
            node.input[:] = [f"{name}{SEEN}" if item == name else item for item in node.input]
        missing.name = f"{name}_missing"
        hidden = numpy_helper.from_array(np.array([[column.name in columns for column in held]]), f"{name}_hidden")
        graph.initializer.extend([missing, hidden])
        added.append(helper.make_node("Where", [hidden.name, missing.name, name], [f"{name}{SEEN}"]))
    for position, node in enumerate(added):
        graph.node.insert(position, node)
    content: bytes = loaded.SerializeToString()
    return content
