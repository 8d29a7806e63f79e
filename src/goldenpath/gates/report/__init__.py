"""One report of a pull request: what its gates said, and what it changes in data, parameters, model, cost and level."""
