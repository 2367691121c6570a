"""Exporting a run's examples to other trainers, and importing candidates from elsewhere: ``python -m thoughtrank.data``."""
