"""Question sources (the config group ``questions``), their split into rounds and held-out questions."""
