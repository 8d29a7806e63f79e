"""From contract columns to predictions."""
