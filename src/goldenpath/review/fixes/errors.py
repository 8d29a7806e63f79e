"""Why a fix cannot be made."""

from __future__ import annotations

from goldenpath.review.product.errors import ReviewError


class FixError(ReviewError):
    """A fix cannot be made here; the message says why."""
