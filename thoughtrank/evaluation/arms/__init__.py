"""The arms of an evaluation: what each forces at the start of a reply, and how the answer is read."""
