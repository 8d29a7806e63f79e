"""The one exception by which adopt refuses."""

from __future__ import annotations

from goldenpath.project.errors import ProjectError


class AdoptError(ProjectError):
    """The table cannot be adopted; nothing was changed. The message says what is wrong and how to fix it."""
