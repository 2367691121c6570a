"""Training data out of a run, and candidates from elsewhere into one: ``python -m thoughtrank.data``."""
