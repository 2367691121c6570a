"""Model sources: where the model of round 0 comes from (the config group ``model``)."""
