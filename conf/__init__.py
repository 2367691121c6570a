"""The config groups of the command line, one folder each."""
