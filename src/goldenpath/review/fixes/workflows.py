"""SEC-03: workflows that read by default, and run the actions that were reviewed."""

from __future__ import annotations

from goldenpath.review.fixes import action_pins, files, workflow_rights
from goldenpath.review.fixes.errors import FixError
from goldenpath.review.product.product import Product
from goldenpath.review.standards.security.supply_chain import ACTIONS, WORKFLOWS


def harden(product: Product) -> dict[str, str]:
    """Give jobs that say nothing the right to read, and pin the actions whose commit the repository knows.

    Raises:
        FixError: Nothing could be done; with the reasons.
        BrokenFileError: A file cannot be read.
    """
    workflows, actions = product.matching(*WORKFLOWS), product.matching(*ACTIONS)
    pins = action_pins.known(product, [*workflows, *actions])
    texts, reasons = {}, []
    for path in [*workflows, *actions]:
        before = text = files.read(product, path)
        try:
            text = action_pins.pin(path, before, pins)
            text = workflow_rights.default_to_reading(product, path, text) if path in workflows else text
        except FixError as error:
            reasons.append(str(error))
        if text != before:
            texts[path] = text
    if reasons and not texts:
        raise FixError("; ".join(reasons))
    return texts
