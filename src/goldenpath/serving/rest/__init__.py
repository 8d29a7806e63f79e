"""The model as a REST service."""
