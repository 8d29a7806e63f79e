"""Security and governance: what bounds every level."""

from goldenpath.review.standards.security.code import SEC01, SEC05
from goldenpath.review.standards.security.people import SEC04, SEC07, SEC08
from goldenpath.review.standards.security.supply_chain import SEC02, SEC03, SEC06, SEC09

__all__ = ["SEC01", "SEC02", "SEC03", "SEC04", "SEC05", "SEC06", "SEC07", "SEC08", "SEC09"]
