"""Judges: what one look is, who can take it, and how looks are paid for once."""
