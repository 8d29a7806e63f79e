"""The container image: how it is built and named, what it has to hold, and what is in it."""
