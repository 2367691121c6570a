"""Rankers (the config group ``ranker``): which judge calls to make, and how their verdicts become one ranking."""
