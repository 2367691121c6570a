"""What the plan says of the choice of thoughts and of the stage that computes their gains."""

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidates_per_round
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.schema import RunConfig
from thoughtrank.selection.protocol import GainSelector, needs_gains

_WINNERS = 0.3
"""Fraction of the candidates that may be chosen, typically."""
_CUT = 0.5
"""Fraction of its limit that a thought takes up to its answer, typically."""
_ANSWER_TOKENS = 10
"""Stem and short answer."""


def gain_lines(config: RunConfig, components: Components) -> list[str]:
    """How the thoughts are chosen, and how many are scored; none for a selection of the user's own without gains."""
    selection = components.selection
    if not isinstance(selection, GainSelector):
        return []
    lines = [f"  selection   {selection.plan_line()}"]
    if needs_gains(selection):
        questions, candidates = components.questions.train_per_round, candidates_per_round(config, components)
        lines.insert(
            0,
            f"  gains       scores the thoughts of the best-ranked answers, at most {candidates:,} per "
            f"round ({count(questions, 'question')}), in nats; for long answers in nats per token",
        )
    return lines


def gain_tokens(config: RunConfig, components: Components) -> float:
    """Tokens that are read in all rounds to compute gains, typically."""
    if not needs_gains(components.selection):
        return 0.0
    read = _CUT * config.generation.thought_tokens + _ANSWER_TOKENS
    return config.rounds * candidates_per_round(config, components) * _WINNERS * read
