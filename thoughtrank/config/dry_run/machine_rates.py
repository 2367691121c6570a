"""Estimates of how fast this machine generates and trains, without loading anything."""

from dataclasses import dataclass

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidate_tokens
from thoughtrank.config.dry_run.generation_rate import H100, Decoding, generated_per_second
from thoughtrank.config.schema import RunConfig
from thoughtrank.prefixes.prefix_sets import most_prefixes

_OPERATIONS_PER_SECOND = {"cpu": 2.5e11, "mps": 2.0e12}
"""Achieved rates by kind of device: two CPU cores (measured, see ``benchmarks``), and one Apple chip (rough)."""

H100_TRAINING = 3.36e14
"""The same of training on one H100: 4,096 tokens per micro-batch, float32 master weights (measured)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Floating-point operations per second, two per weight and token of a forward pass.

    Attributes:
        generation: of candidates.
        evaluation: of replies, and of reading thoughts for their gains.
        training: of trainings.
    """

    generation: float
    evaluation: float
    training: float


def expected_rates(config: RunConfig, components: Components, *, weights: int) -> Rates:
    """The rates on this machine, all devices together. CUDA devices count as H100s, unknown ones as CPUs.

    Processes on the CPU share its cores.
    """
    device = components.engine.device_estimate()
    if device != "cuda":
        rate = _OPERATIONS_PER_SECOND.get(device, _OPERATIONS_PER_SECOND["cpu"])
        return Rates(generation=rate, evaluation=rate, training=rate)
    one = h100_rates(config, components, weights=weights, questions=components.engine.questions_estimate())
    devices = components.engine.devices_estimate()
    return Rates(
        generation=devices.generation * one.generation,
        evaluation=devices.evaluation * one.evaluation,
        training=components.strategy.world_size * one.training,
    )


def h100_rates(config: RunConfig, components: Components, *, weights: int, questions: int) -> Rates:
    """The rates of one H100 that decodes so many questions together."""
    work = decoding(config, components, weights=weights, questions=questions)
    generation = 2 * weights * generated_per_second(H100, work)
    return Rates(generation=generation, evaluation=generation, training=H100_TRAINING)


def decoding(config: RunConfig, components: Components, *, weights: int, questions: int) -> Decoding:
    """What is decoded together, with so many questions in a group."""
    return Decoding(
        weights=weights,
        kv_bytes=components.model.kv_cache_bytes_per_token(),
        new_tokens=candidate_tokens(config),
        branches=questions * most_prefixes(components.prefixes),
    )
