"""How good a model is: metrics, their intervals, segments, and the curves behind the pictures."""
