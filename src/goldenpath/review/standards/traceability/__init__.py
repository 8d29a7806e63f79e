"""Traceability and reproducibility: from a prediction back to code, data and run, and from those to the same model."""

from goldenpath.review.standards.traceability.code import TR01, TR02, TR03
from goldenpath.review.standards.traceability.delivery import TR13, TR14, TR15, TR16, TR17, TR18, TR19
from goldenpath.review.standards.traceability.runs import TR08, TR09, TR10, TR11, TR12
from goldenpath.review.standards.traceability.training import TR04, TR05, TR06, TR07

__all__ = [
    "TR01",
    "TR02",
    "TR03",
    "TR04",
    "TR05",
    "TR06",
    "TR07",
    "TR08",
    "TR09",
    "TR10",
    "TR11",
    "TR12",
    "TR13",
    "TR14",
    "TR15",
    "TR16",
    "TR17",
    "TR18",
    "TR19",
]
