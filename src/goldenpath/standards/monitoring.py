"""Monitoring and support: knowing that it works, and that it still does."""
