"""Several groups decoded at once: by processes with a copy of the model on a CUDA device each, or by threads of the CPU."""
