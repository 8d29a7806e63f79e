"""Documentation: what the product is for, for whom, and how others can run it, change it and trust it."""

from goldenpath.review.standards.documentation.model import DOC06, DOC07, DOC08, DOC09
from goldenpath.review.standards.documentation.operation import DOC11, DOC12
from goldenpath.review.standards.documentation.orientation import DOC02, DOC04, DOC05
from goldenpath.review.standards.documentation.purpose import DOC01, DOC03, DOC10

__all__ = ["DOC01", "DOC02", "DOC03", "DOC04", "DOC05", "DOC06", "DOC07", "DOC08", "DOC09", "DOC10", "DOC11", "DOC12"]
