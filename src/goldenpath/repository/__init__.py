"""What git and DVC hold of a project: one layer for pipeline, gates and review."""
