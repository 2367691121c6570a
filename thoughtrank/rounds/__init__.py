"""A round as its stages in order: built from the config, completed one after the other, and what they result in.

``stage_builder`` makes the stages of a round from the config, and ``model_stages`` those of them that training controls have as
well. What happens before them is in ``prefix_mining`` and ``question_screening``; what comes out of them in ``round_results``
and, after the last round, ``run_results``.
"""
