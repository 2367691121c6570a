"""The branching decoder of ``engine=transformers``: each prompt is prefilled once and shared by all of its branches."""
