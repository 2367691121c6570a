"""How many candidates a run generates, and how long they typically are."""

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.prefixes.prefix_sets import most_prefixes

_USED = 0.6
"""Greedy texts end before their limits; this fraction is typical."""


def candidates_per_question(config: RunConfig, components: Components) -> int:
    """At most: each of several models writes one for every prefix, from round 2 on."""
    return most_prefixes(components.prefixes) * len(config.generation.models)


def candidates_per_round(config: RunConfig, components: Components) -> int:
    """At most; those of screening are not counted."""
    return components.questions.train_per_round * candidates_per_question(config, components)


def candidate_tokens(config: RunConfig) -> float:
    """Tokens that a candidate typically has."""
    return _USED * (config.generation.thought_tokens + config.generation.answer_tokens)
