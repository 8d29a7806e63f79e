"""Champion and challenger beside each other: what the difference is worth, and whether the experiment may end."""

from goldenpath import pipeline as pipeline  # first of all: it tells OpenMP how to wait, before scikit-learn is loaded
