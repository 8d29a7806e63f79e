"""Names of the graph's inputs, which export and predictor share.

Two tensors, not one per column: with one input per column, a call takes twice as long.
"""

NUMBERS = "numbers"
CATEGORIES = "categories"
