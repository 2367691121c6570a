"""Training batches: tokenization, the batch plan, packing and padding."""
