"""Rough duration of a run, from floating-point operations and the rates of a machine."""

from dataclasses import dataclass

from thoughtrank.config.dry_run.evaluation_plan import evaluation_tokens
from thoughtrank.config.dry_run.machine_rates import Rates, candidate_tokens
from thoughtrank.config.schema import RunConfig

TRAINING_PASSES = 3
"""Forward passes that forward and backward pass cost together. One example per question is assumed."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Floating-point operations of a run.

    Attributes:
        generation: of generation and evaluation.
        training: of training.
    """

    generation: float
    training: float


def run_operations(
    config: RunConfig, *, weights: int, prefixes: int, questions: int, held_out: int, scored: float = 0.0
) -> Operations:
    """What a run computes.

    Args:
        config: of the run.
        weights: of the model.
        prefixes: per question.
        questions: per round.
        held_out: number of held-out questions.
        scored: tokens that are read to compute gains, in all rounds.
    """
    generated = config.rounds * questions * prefixes * candidate_tokens(config)
    generated += evaluation_tokens(config, held_out=held_out) + scored
    rounds = config.rounds * (config.rounds + 1) / 2 if config.training.examples == "all" else config.rounds
    trained = rounds * config.training.epochs * questions * (candidate_tokens(config) + 100)
    return Operations(generation=2 * weights * generated, training=2 * weights * TRAINING_PASSES * trained)


def time_line(work: Operations, *, rates: Rates, device: str) -> str:
    """The estimate as one line of the plan.

    Args:
        work: of the run.
        rates: of this machine.
        device: kind of device that generates and trains.
    """
    hours = work.generation / rates.generation / 3600, work.training / rates.training / 3600
    each = " and ".join(dict.fromkeys(f"{rate:.1e}" for rate in (rates.generation, rates.training)))
    return (
        f"very roughly {duration(hours[0])} of generation and evaluation and {duration(hours[1])} of training on this "
        f"{device}, at {each} operations per second"
    )


def duration(hours: float) -> str:
    """A rough duration in words."""
    if hours < 1 / 40:
        return "a minute"
    if hours < 2:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
