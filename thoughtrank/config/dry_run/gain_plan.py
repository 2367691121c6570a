"""What the plan says of the choice of thoughts and of the stage that computes their gains."""

from collections.abc import Iterable

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import RoundCounts, per_round_text, round_counts
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
        rounds = round_counts(config, components, rounds=range(1, config.rounds + 1))
        lines.insert(
            0,
            f"  gains       scores the thoughts of the best-ranked answers, at most {per_round_text(rounds, _scored_text)}, "
            "in nats; for long answers in nats per token",
        )
    return lines


def _scored_text(counts: RoundCounts, rounds: str) -> str:
    return f"{counts.candidates:,} {rounds} ({count(counts.questions, 'question')})"


def gain_tokens(config: RunConfig, components: Components, *, counts: Iterable[RoundCounts]) -> float:
    """Tokens that are read to compute gains in rounds with these counts, typically."""
    if not needs_gains(components.selection):
        return 0.0
    read = _CUT * config.generation.thought_tokens + _ANSWER_TOKENS
    return sum(each.candidates for each in counts) * _WINNERS * read
