"""Selection (the config group ``selection``): which ranked candidates become training examples."""
