"""Data out of a run, and candidates made elsewhere into one: ``python -m thoughtrank.data``."""
