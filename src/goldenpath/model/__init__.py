"""From contract columns to predictions."""

import os

# ONNX Runtime reports names of models to its maker unless this stands before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
