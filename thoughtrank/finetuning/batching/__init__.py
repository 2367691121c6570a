"""From training examples to batches: tokenization, order, packing and padding."""
