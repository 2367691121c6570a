"""Prefix sets: the text or sampling each thought is forced to begin with (the config group ``prefixes``)."""
