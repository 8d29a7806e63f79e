"""Alerts: their rules and routes are checked, and a test page shows that they reach somebody."""
