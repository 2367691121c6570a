"""Rough duration of a run, from floating-point operations and the rates of a machine."""

from dataclasses import dataclass
from typing import NamedTuple

from thoughtrank.config.dry_run.candidate_counts import candidate_tokens
from thoughtrank.config.dry_run.evaluation_plan import ArmQuestions, evaluation_tokens
from thoughtrank.config.dry_run.machine_rates import Rates
from thoughtrank.config.dry_run.training_tokens import training_tokens
from thoughtrank.config.schema import RunConfig

H100_DOLLARS_PER_HOUR = 3.0
"""Assumed in November 2026; lists of that year say 2 to 5."""

_DAY = 24.0

TRAINING_PASSES = 3
"""Forward passes that forward and backward pass cost together."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Floating-point operations of a run.

    Attributes:
        generation: of candidates.
        evaluation: of replies, and of reading thoughts for their gains.
        training: of trainings.
    """

    generation: float
    evaluation: float
    training: float

    def hours(self, rates: Rates) -> "Hours":
        """How long they take."""
        generation = self.generation / rates.generation + self.evaluation / rates.evaluation
        return Hours(generation=generation / 3600, training=self.training / rates.training / 3600)


class Hours(NamedTuple):
    """Of generation and evaluation, and of training."""

    generation: float
    training: float


def run_operations(
    config: RunConfig, *, weights: int, prefixes: int, questions: int, held_out: ArmQuestions, scored: float = 0.0
) -> Operations:
    """What a run computes.

    Args:
        config: of the run.
        weights: of the model.
        prefixes: per question, of all models.
        questions: per round.
        held_out: each arm of the evaluation with the number of its questions.
        scored: tokens that are read to compute gains, in all rounds.
    """
    generated = config.rounds * questions * prefixes * candidate_tokens(config)
    return Operations(
        generation=2 * weights * generated,
        evaluation=2 * weights * (evaluation_tokens(config, questions=held_out) + scored),
        training=2 * weights * TRAINING_PASSES * training_tokens(config, questions=questions),
    )


def time_line(work: Operations, *, rates: Rates, device: str, dollars_per_hour: float | None) -> str:
    """The estimate as one line of the plan.

    Args:
        work: of the run.
        rates: of this machine.
        device: kind of device that generates and trains.
        dollars_per_hour: price of this machine; None if unknown.
    """
    hours = work.hours(rates)
    where = f"this {device}, counted as an H100," if device == "cuda" else f"this {device},"
    each = " and ".join(dict.fromkeys(f"{rate:.1e}" for rate in (rates.generation, rates.training)))
    price = "" if dollars_per_hour is None else f"; {dollars(sum(hours), dollars_per_hour)}"
    return (
        f"very roughly {duration(hours.generation)} of generation and evaluation and {duration(hours.training)} of training "
        f"on {where} at {each} operations per second{price}"
    )


def h100_lines(work: Operations, *, here: Rates, h100: Rates) -> list[str]:
    """What one H100 would take, where this machine would take more than a day longer; else nothing."""
    hours = sum(work.hours(h100))
    if sum(work.hours(here)) < hours + _DAY:
        return []
    return [
        f"on one H100 80 GB {duration(hours)}, {dollars(hours, H100_DOLLARS_PER_HOUR)}, a price assumed in November 2026"
    ]


def dollars(hours: float, per_hour: float) -> str:
    """What a machine costs."""
    return f"about ${hours * per_hour:,.2f} at ${per_hour:,.2f} per hour"


def duration(hours: float) -> str:
    """A rough duration in words."""
    if hours < 1 / 40:
        return "a minute"
    if hours < 2:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
