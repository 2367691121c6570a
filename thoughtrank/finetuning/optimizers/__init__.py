"""Optimizers (the config group ``optimizer``) and their learning-rate schedules."""
