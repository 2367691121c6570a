"""Rough duration of a run, from floating-point operations and stated rates."""

from dataclasses import dataclass

from thoughtrank.config.dry_run.evaluation_plan import evaluation_tokens
from thoughtrank.config.schema import RunConfig

_FLOPS_PER_SECOND = {"cpu": 2.5e11, "cuda": 2.7e14, "mps": 2.0e12}
"""Achieved rates of generation by kind of device: two CPU cores and one H100 with 248 branches in flight (measured, see
``benchmarks``), and one Apple chip (rough)."""

_TRAINING_FLOPS_PER_SECOND = {"cuda": 3.36e14}
"""The same of training, where it differs: one H100 at 4,096 tokens with float32 master weights (measured)."""

TRAINING_PASSES = 3
"""Forward passes that forward and backward pass cost together. One example per question is assumed."""


def operations_per_second(device: str) -> float:
    """The rate of generation on a kind of device; of one that is not known, that of a CPU."""
    return _FLOPS_PER_SECOND.get(device, _FLOPS_PER_SECOND["cpu"])


def training_operations_per_second(device: str, *, processes: int = 1) -> float:
    """The rate of training, all devices together; processes on the CPU share its cores."""
    return _TRAINING_FLOPS_PER_SECOND.get(device, operations_per_second(device)) * (
        processes if device == "cuda" else 1
    )


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
    """What a run computes; for the arguments see ``time_line``."""
    # Greedy texts end before their limits; 0.6 of them is typical.
    candidate_tokens = 0.6 * (config.generation.thought_tokens + config.generation.answer_tokens)
    generated = config.rounds * questions * prefixes * candidate_tokens
    generated += evaluation_tokens(config, held_out=held_out) + scored
    rounds = config.rounds * (config.rounds + 1) / 2 if config.training.examples == "all" else config.rounds
    trained = rounds * config.training.epochs * questions * (candidate_tokens + 100)
    return Operations(generation=2 * weights * generated, training=2 * weights * TRAINING_PASSES * trained)


def time_line(
    config: RunConfig,
    *,
    device: str,
    processes: int = 1,
    weights: int | None,
    prefixes: int,
    questions: int,
    held_out: int,
    scored: float = 0.0,
) -> str:
    """The estimate as one line of the plan.

    Args:
        config: of the run.
        device: kind of device that generates and trains.
        processes: of training.
        weights: of the model; None if unknown.
        prefixes: per question.
        questions: per round.
        held_out: number of held-out questions.
        scored: tokens that are read to compute gains, in all rounds.
    """
    if weights is None:
        return "unknown until the model is downloaded"
    rates = operations_per_second(device), training_operations_per_second(device, processes=processes)
    work = run_operations(
        config, weights=weights, prefixes=prefixes, questions=questions, held_out=held_out, scored=scored
    )
    hours = work.generation / rates[0] / 3600, work.training / rates[1] / 3600
    each = " and ".join(dict.fromkeys(f"{rate:.1e}" for rate in rates))
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
