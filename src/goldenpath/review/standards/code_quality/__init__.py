"""Code quality: a package instead of a notebook, tests that can fail, and gates that bite, from data to deployment."""

from goldenpath.review.standards.code_quality.code import CQ01, CQ04, CQ05, CQ06, CQ07
from goldenpath.review.standards.code_quality.model import CQ08, CQ11, CQ12, CQ13
from goldenpath.review.standards.code_quality.service import CQ14, CQ15
from goldenpath.review.standards.code_quality.suite import CQ02, CQ03, CQ09, CQ10

__all__ = [
    "CQ01",
    "CQ02",
    "CQ03",
    "CQ04",
    "CQ05",
    "CQ06",
    "CQ07",
    "CQ08",
    "CQ09",
    "CQ10",
    "CQ11",
    "CQ12",
    "CQ13",
    "CQ14",
    "CQ15",
]
