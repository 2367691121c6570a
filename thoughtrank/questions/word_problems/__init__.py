"""Generated arithmetic word problems: families, numbers, wordings."""
