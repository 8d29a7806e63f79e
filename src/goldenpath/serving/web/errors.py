"""The error of this part."""

from __future__ import annotations

from goldenpath.project.errors import ProjectError


class WebError(ProjectError):
    """The page cannot be made."""
