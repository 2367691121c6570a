"""Optimizer implementations and their learning-rate schedules."""
