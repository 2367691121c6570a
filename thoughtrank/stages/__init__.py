"""The stages of a round, one file each, in pipeline order. They do not import each other."""
