"""Pictures of a run for pages and papers, from its stored tables."""
