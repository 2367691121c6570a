"""Training controls (the config key ``controls``): the examples that a control is trained on in place of the selected ones."""
