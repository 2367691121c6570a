"""How much memory training needs per device, before a model is loaded, and what fits on a card."""
