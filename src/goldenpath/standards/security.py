"""Security and governance: what bounds every level."""
