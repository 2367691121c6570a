"""Held-out evaluation: statistics, scoring and answer extraction."""
