"""Sets of characters that thoughts are made to start with (the config group ``prefixes``)."""
