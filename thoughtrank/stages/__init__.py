"""The six stages of the pipeline, one file each. They do not import each other."""
