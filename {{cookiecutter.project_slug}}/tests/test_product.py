"""The library's conformance suite: every stage, door and rule on this product's own data, contract and model."""

from goldenpath.conformance.suite import *  # noqa: F403
