"""The error that speaks to the person who runs the project."""


class ProjectError(ValueError):
    """Something the person can mend. The message says what is wrong, where, and how to mend it."""
