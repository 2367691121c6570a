"""Rough duration of a run, from floating-point operations and the rates of a machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from thoughtrank.config.dry_run.candidate_counts import RoundCounts, candidate_tokens
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.evaluation_plan import ArmQuestions, evaluation_tokens
from thoughtrank.config.dry_run.machine_rates import Rates
from thoughtrank.config.dry_run.training_tokens import training_tokens
from thoughtrank.config.schema import RunConfig
from thoughtrank.models.hardware import DeviceKind

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

    def hours(self, rates: Rates, *, controls: float = 0.0) -> "Hours":
        """How long they take.

        Args:
            rates: of a machine.
            controls: hours of the training controls on it.
        """
        generation = self.generation / rates.generation + self.evaluation / rates.evaluation
        return Hours(generation=generation / 3600, training=self.training / rates.training / 3600, controls=controls)


class Hours(NamedTuple):
    """Of generation and evaluation, of training, and of the training controls with all that they do."""

    generation: float
    training: float
    controls: float = 0.0


def run_operations(
    config: RunConfig,
    *,
    weights: int,
    counts: Sequence[RoundCounts],
    held_out: ArmQuestions,
    scope: CommandScope,
    scored: float = 0.0,
) -> Operations:
    """What a run computes, or a part of it, without its controls.

    Args:
        config: of the run.
        weights: of the model.
        counts: of each round of the run.
        held_out: each arm of the evaluation with the number of its questions.
        scope: the part.
        scored: tokens that are read to compute gains in this part.
    """
    generated = sum(counts[number - 1].generated for number in scope.of("generation")) * candidate_tokens(config)
    replied = evaluation_tokens(config, questions=held_out, rounds=scope.of("evaluation"))
    trained = training_tokens(config, questions=[each.questions for each in counts], rounds=scope.of("training"))
    return Operations(
        generation=2 * weights * generated,
        evaluation=2 * weights * (replied + scored),
        training=2 * weights * TRAINING_PASSES * trained,
    )


def time_line(
    hours: Hours, *, rates: Rates, machine: str, dollars_per_hour: float | None, command: Hours | None = None
) -> str:
    """The estimate as one line of the plan.

    Args:
        hours: of the whole run.
        rates: of this machine.
        machine: what generates and trains, in words.
        dollars_per_hour: price of this machine; None if unknown.
        command: of the command, where it stops before the run ends.
    """
    each = " and ".join(dict.fromkeys(f"{rate:.1e}" for rate in (rates.generation, rates.training)))
    price = "" if dollars_per_hour is None else f"; {dollars(sum(hours), dollars_per_hour)}"
    until = ""
    if command is not None:
        cost = "" if dollars_per_hour is None else f" ({dollars(sum(command), dollars_per_hour)})"
        until = f"{duration(sum(command))} until it stops{cost} and "
    controls = f", {duration(hours.controls)} of controls" if hours.controls else ""
    return (
        f"very roughly {until}{duration(sum(hours))} in all ({duration(hours.generation)} of generation and evaluation, "
        f"{duration(hours.training)} of training{controls}) {machine}, at {each} operations per second{price}"
    )


def machine_text(generates: DeviceKind | None, *, trains: DeviceKind) -> str:
    """Where a run generates and trains, in words.

    Args:
        generates: kind of device; None where servers elsewhere generate.
        trains: kind of device.
    """
    if generates is None:
        return f"if the servers generate as fast as one H100, and on {_device_text(trains)} for training"
    return f"on {_device_text(generates)}"


def _device_text(device: DeviceKind) -> str:
    return f"this {device}, counted as an H100" if device == "cuda" else f"this {device}"


def h100_lines(here: Hours, *, h100: Hours) -> list[str]:
    """What one H100 would take, where this machine would take more than a day longer; else nothing."""
    if sum(here) < sum(h100) + _DAY:
        return []
    return [
        f"on one H100 80 GB {duration(sum(h100))}, {dollars(sum(h100), H100_DOLLARS_PER_HOUR)}, a price assumed in "
        "November 2026"
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
