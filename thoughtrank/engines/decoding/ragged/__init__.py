"""Decoding with a KV cache in which every branch has a region of its own that grows with what the branch wrote."""
