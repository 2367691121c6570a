"""Estimates of how fast this machine generates and trains, without loading anything."""

from dataclasses import dataclass

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidate_tokens
from thoughtrank.config.dry_run.generation_rate import H100, Decoding, generated_per_second
from thoughtrank.config.schema import RunConfig
from thoughtrank.finetuning.memory.setup import likely_device
from thoughtrank.models.hardware import DeviceKind, likely_multiplies_bf16
from thoughtrank.prefixes.prefix_sets import most_prefixes

H100_TRAINING = 3.36e14
"""Floating-point operations per second of training on one H100 (measured): 4,096 tokens per micro-batch, float32 masters."""


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


_CPU = Rates(generation=2.5e11, evaluation=2.5e11, training=2.5e11)
"""Achieved by two cores with bf16 instructions (measured, see ``benchmarks``)."""

_CPU_WITHOUT_BF16 = Rates(generation=8e10, evaluation=8e10, training=1.7e11)
"""The same of two cores with AVX2 (measured on a Zen 2), where everything is in float32."""

_MPS = Rates(generation=2e12, evaluation=2e12, training=2e12)
"""One Apple chip (rough)."""


def expected_rates(config: RunConfig, components: Components, *, weights: int) -> Rates:
    """The rates on this machine, all devices together. CUDA devices count as H100s, and so do servers elsewhere.

    Processes on the CPU share its cores.
    """
    device = components.engine.device_estimate()
    if device in ("mps", "cpu"):
        return _rates_of(device)
    one = h100_rates(config, components, weights=weights, questions=components.engine.questions_estimate())
    devices = components.engine.devices_estimate()
    trains = "cuda" if device == "cuda" else likely_device(components.strategy)
    return Rates(
        generation=devices.generation * one.generation,
        evaluation=devices.evaluation * one.evaluation,
        training=components.strategy.world_size * one.training if trains == "cuda" else _rates_of(trains).training,
    )


def _rates_of(device: DeviceKind) -> Rates:
    """Of a device other than CUDA."""
    if device == "mps":
        return _MPS
    return _CPU if likely_multiplies_bf16() else _CPU_WITHOUT_BF16


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
