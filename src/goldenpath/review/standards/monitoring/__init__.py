"""Monitoring and support: knowing that it works, and that it still does."""

from goldenpath.review.standards.monitoring.alerts import MON02, MON09
from goldenpath.review.standards.monitoring.model import MON01, MON06, MON07, MON08
from goldenpath.review.standards.monitoring.organisation import MON12, MON13, MON14, MON15, MON16
from goldenpath.review.standards.monitoring.service import MON03, MON04, MON05
from goldenpath.review.standards.monitoring.upkeep import MON10, MON11

__all__ = [
    "MON01",
    "MON02",
    "MON03",
    "MON04",
    "MON05",
    "MON06",
    "MON07",
    "MON08",
    "MON09",
    "MON10",
    "MON11",
    "MON12",
    "MON13",
    "MON14",
    "MON15",
    "MON16",
]
