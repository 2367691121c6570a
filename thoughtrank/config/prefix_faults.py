"""How the prefixes fit the engine and the questions."""

from thoughtrank.config.components import Components
from thoughtrank.prefixes.prefix_sets import PrefixSets


def first_choice_faults(components: Components) -> list[str]:
    """Prefixes that begin with one of the model's likeliest tokens, where the engine cannot choose it."""
    if components.engine.chooses_first_token:
        return []
    if all(prefix.first_choice is None for prefix in components.prefixes.prefixes()):
        return []
    return [
        "this engine cannot start a thought with one of the model's likeliest tokens: choose engine=transformers, or "
        "prefixes that are texts"
    ]


def earlier_question_faults(components: Components) -> list[str]:
    """Prefixes that an earlier run chose on questions which this run evaluates on.

    Sources that split a data set by ``held_out`` and ``development`` train on questions that a run with larger values tests.
    """
    if not isinstance(components.prefixes, PrefixSets):
        return []
    questions = components.questions
    kept_apart = {question.question_id for question in (*questions.evaluation(), *questions.development())}
    return [
        f"prefixes.{name}.run: {len(seen)} of the {len(chosen_on)} questions on which its prefixes were chosen are test or "
        "development questions of this run: take questions.held_out and questions.development from that run, or name another"
        for name, chosen_on in ((name, each.chosen_on()) for name, each in components.prefixes.sets.items())
        if (seen := chosen_on & kept_apart)
    ]
