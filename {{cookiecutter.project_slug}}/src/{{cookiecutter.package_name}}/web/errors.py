"""The error of this part."""

from __future__ import annotations

from ..errors import ProjectError


class WebError(ProjectError):
    """The page cannot be made."""
