"""Rough duration of a run, from floating-point operations and stated rates."""

from thoughtrank.config.schema import RunConfig

_FLOPS_PER_SECOND = {"cpu": 2.5e11, "cuda": 1.0e14, "mps": 2.0e12}
"""Achieved matmul rates by kind of device: two CPU cores (measured), one data-centre GPU and one Apple chip (rough)."""


def time_line(
    config: RunConfig, *, device: str, weights: int | None, prefixes: int, questions: int, replies: int
) -> str:
    """The estimate as one line of the plan.

    Args:
        config: of the run.
        device: kind of device that generates.
        weights: of the model; None if unknown.
        prefixes: per question.
        questions: per round.
        replies: to held-out questions, per round.
    """
    if weights is None:
        return "unknown until the model is downloaded"
    rate = _FLOPS_PER_SECOND.get(device, _FLOPS_PER_SECOND["cpu"])
    # Greedy texts end before their limits; 0.6 and 0.5 are typical.
    candidate_tokens = 0.6 * (config.generation.thought_tokens + config.generation.answer_tokens)
    generated = config.rounds * questions * prefixes * candidate_tokens
    generated += (config.rounds + 1) * replies * (0.5 * config.reply_tokens + 60)
    # One example per question; forward and backward cost about three forward passes.
    rounds = config.rounds * (config.rounds + 1) / 2 if config.training.examples == "all" else config.rounds
    trained = rounds * config.training.epochs * questions * (candidate_tokens + 100)
    hours = [2 * weights * tokens / rate / 3600 for tokens in (generated, 3 * trained)]
    return (
        f"very roughly {_duration(hours[0])} of generation and evaluation and {_duration(hours[1])} of training on this "
        f"{device}, at {rate:.1e} operations per second"
    )


def _duration(hours: float) -> str:
    if hours < 1 / 40:
        return "a minute"
    if hours < 2:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
