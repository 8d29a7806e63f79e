"""Golden Path: the platform's tool around the project template."""

__version__ = "0.2.0"
