"""The model gate: a candidate beside the champion of the base branch, on the same held-out rows, against the limits.

``goldenpath gate model`` runs it; ``docs/how-to/gates.md`` says what each gate asks.
"""
