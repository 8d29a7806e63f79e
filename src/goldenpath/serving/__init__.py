"""The model as a service."""
