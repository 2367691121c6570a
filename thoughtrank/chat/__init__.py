"""A chat with a model of a run: ``python -m thoughtrank.chat FOLDER [QUESTION]``."""
