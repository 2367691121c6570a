"""Attention, loss and layer implementations that use less memory or time than the stock ones."""
