"""The typed schema of ``conf/``, the components made from it, and every check that runs before a model loads."""
