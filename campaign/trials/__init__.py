"""One module per kind of trial. Each has ``KIND``, which names it and says how many trials there are, and how one is done."""
