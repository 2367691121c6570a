"""Optimizer implementations, and the learning-rate schedule they share."""
