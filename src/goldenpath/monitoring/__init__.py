"""The model in production: what it is asked, whether that still looks like its training data, and how right it was."""

from goldenpath import pipeline as pipeline  # first of all: it tells OpenMP how to wait, before scikit-learn is loaded
