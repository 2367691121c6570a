"""Held-out evaluation: arms, metrics, confidence intervals, scoring, and answer extraction."""
