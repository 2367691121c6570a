"""The stages of a round, one file each: generation (or importing), ranking, selection, training, evaluation; then export.

``stage`` says what a stage is, ``usable_questions`` runs before the first, and ``round_models`` are the models that the stages
pass on. Apart from these, stages do not import each other; ``thoughtrank.rounds`` puts them together.
"""
