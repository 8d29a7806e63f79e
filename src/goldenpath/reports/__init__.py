"""Readable pages about the model."""
