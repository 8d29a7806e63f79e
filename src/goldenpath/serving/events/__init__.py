"""The model on a stream of events."""
