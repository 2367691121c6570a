"""The gain of a thought: by how much it raises the probability of the answer."""
