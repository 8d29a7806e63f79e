"""Traceability and reproducibility: from a prediction back to code, data and run, and from those to the same model."""
