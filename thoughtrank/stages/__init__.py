"""The stages of a round, one file each: generation (or importing), ranking, selection, training, evaluation; then export.

``stage`` says what a stage is, ``build`` makes the stages of a round from the config, ``questions`` runs before the first, and
``round_models`` are the models that the stages pass on. Apart from these, stages do not import each other.
"""
