"""Question sources: training and held-out questions (the config group ``questions``)."""
