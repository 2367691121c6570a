"""Rankers: which looks to ask of a judge, and how to read one order from them."""
