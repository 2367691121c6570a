"""Values as users type them: the ranges of numbers in the config, and paths."""
