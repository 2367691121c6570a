"""Implementations of attention, loss, norms and MLPs that use less memory or time than the stock ones."""
