"""Delivery: which version of the model each environment is told to run, changed by commits and told by git alone."""
