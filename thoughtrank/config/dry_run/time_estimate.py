"""Rough duration of a run, from floating-point operations and stated rates."""

from thoughtrank.config.dry_run.evaluation_plan import evaluation_tokens
from thoughtrank.config.schema import RunConfig

_FLOPS_PER_SECOND = {"cpu": 2.5e11, "cuda": 1.0e14, "mps": 2.0e12}
"""Achieved matmul rates by kind of device: two CPU cores (measured), one data-centre GPU and one Apple chip (rough)."""

TRAINING_PASSES = 3
"""Forward passes that forward and backward pass cost together. One example per question is assumed."""


def operations_per_second(device: str) -> float:
    """The rate of a kind of device; of one that is not known, that of a CPU."""
    return _FLOPS_PER_SECOND.get(device, _FLOPS_PER_SECOND["cpu"])


def time_line(
    config: RunConfig,
    *,
    device: str,
    weights: int | None,
    prefixes: int,
    questions: int,
    held_out: int,
    scored: float = 0.0,
) -> str:
    """The estimate as one line of the plan.

    Args:
        config: of the run.
        device: kind of device that generates.
        weights: of the model; None if unknown.
        prefixes: per question.
        questions: per round.
        held_out: number of held-out questions.
        scored: tokens that are read to compute gains, in all rounds.
    """
    if weights is None:
        return "unknown until the model is downloaded"
    rate = operations_per_second(device)
    # Greedy texts end before their limits; 0.6 of them is typical.
    candidate_tokens = 0.6 * (config.generation.thought_tokens + config.generation.answer_tokens)
    generated = config.rounds * questions * prefixes * candidate_tokens
    generated += evaluation_tokens(config, held_out=held_out) + scored
    rounds = config.rounds * (config.rounds + 1) / 2 if config.training.examples == "all" else config.rounds
    trained = rounds * config.training.epochs * questions * (candidate_tokens + 100)
    hours = [2 * weights * tokens / rate / 3600 for tokens in (generated, TRAINING_PASSES * trained)]
    return (
        f"very roughly {duration(hours[0])} of generation and evaluation and {duration(hours[1])} of training on this "
        f"{device}, at {rate:.1e} operations per second"
    )


def duration(hours: float) -> str:
    """A rough duration in words."""
    if hours < 1 / 40:
        return "a minute"
    if hours < 2:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
