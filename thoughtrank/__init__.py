"""Thought-ranked fine-tuning: generate one thought per prefix, rank the answers blind, train on the best."""

__version__ = "0.1.0"
