"""Text in, text out: what writes thoughts and answers. The rest of the project knows only ``engine.py``."""
