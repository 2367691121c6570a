"""Prefix sets: the openers that thoughts are forced to begin with (the config group ``prefixes``)."""
