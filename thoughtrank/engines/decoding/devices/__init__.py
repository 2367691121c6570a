"""Several devices of one machine: one process with a copy of the model on each, and groups dealt out to them."""
