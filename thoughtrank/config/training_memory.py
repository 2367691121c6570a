"""The memory of a run's training on the device at hand: whether it fits, found before a model loads."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from thoughtrank.config.components import Components
from thoughtrank.config.schema import GenerationConfig, RunConfig, TrainingConfig
from thoughtrank.finetuning.memory.device_fit import DeviceSettings, device_settings, fits
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import TrainingParts, likely_device, training_setup
from thoughtrank.finetuning.protocols import Adapter, Optimizer, Strategy
from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.hardware import cuda_memory
from thoughtrank.models.huggingface import HuggingFaceModel

_PROMPT_TOKENS = 128
"""A question of a few sentences with its chat template."""


class TrainingComponents(Protocol):
    """The components that train, as ``Components`` has them."""

    @property
    def optimizer(self) -> Optimizer:
        """The update rule."""

    @property
    def adapter(self) -> Adapter:
        """Which weights are trained."""

    @property
    def strategy(self) -> Strategy:
        """Where they are trained."""


def longest_example(generation: GenerationConfig) -> int:
    """Tokens of an example whose thought and answer are at their limits."""
    return _PROMPT_TOKENS + generation.thought_tokens + generation.answer_tokens


def training_parts(
    training: TrainingConfig, *, generation: GenerationConfig, components: TrainingComponents
) -> TrainingParts:
    """What decides about the memory of a training."""
    return TrainingParts(
        optimizer=components.optimizer,
        adapter=components.adapter,
        strategy=components.strategy,
        weights=training.weights,
        precision=training.precision,
        packing=training.packing,
        compile=training.compile,
        batch_size=training.batch_size,
        micro_batch_size=training.micro_batch_size,
        micro_batch_tokens=training.micro_batch_tokens,
        longest_example=longest_example(generation),
    )


def device_memory(strategy: Strategy) -> int | None:
    """Bytes of the device that trains; None where it is no CUDA device, or unknown."""
    return cuda_memory() if likely_device(strategy) == "cuda" else None


def settings_of_folder(
    training: TrainingConfig, folder: Path, *, generation: GenerationConfig, components: TrainingComponents
) -> DeviceSettings:
    """The settings with which the model in a folder trains here: as the config has them, or what ``auto`` means."""
    shape = HuggingFaceModel(name=str(folder)).decoder_shape()
    return settings_here(training, shape=shape, generation=generation, components=components)


def settings_here(
    training: TrainingConfig,
    *,
    shape: DecoderShape | None,
    generation: GenerationConfig,
    components: TrainingComponents,
) -> DeviceSettings:
    """The same for a model whose shape is known, or not."""
    return device_settings(
        training.gradient_checkpointing,
        parts=training_parts(training, generation=generation, components=components),
        shape=shape,
        device=likely_device(components.strategy),
        memory=device_memory(components.strategy),
    )


def memory_faults(config: RunConfig, components: Components) -> list[str]:
    """Why the training does not fit the device at hand, in one sentence.

    Nothing where sizes or device are unknown, and where the run stops before it trains.
    """
    if config.stop_after not in (None, "training"):
        return []
    shape, memory = components.model.decoder_shape(), device_memory(components.strategy)
    if shape is None or memory is None:
        return []
    training, generation = config.training, config.generation
    parts = training_parts(training, generation=generation, components=components)
    chosen = settings_here(training, shape=shape, generation=generation, components=components)
    parts = replace(parts, micro_batch_tokens=chosen.micro_batch_tokens)
    checkpointing = chosen.gradient_checkpointing
    setup = training_setup(parts, shape=shape, device="cuda", checkpointing=checkpointing)
    if setup is None or fits(setup, memory=memory):
        return []
    ways = ["training.weights=bf16_kahan", "adapter=lora", "a strategy that shards"]
    if training.micro_batch_tokens != "auto":
        ways.insert(0, "training.micro_batch_tokens=auto")
    if not checkpointing:
        ways.insert(0, "training.gradient_checkpointing=auto")
    return [
        f"training needs about {peak_memory(setup).peak / 1e9:.1f} GB for a micro-batch of {setup.tokens:,} tokens, and the "
        f"device has {memory / 1e9:.1f} GB: use {', '.join(ways[:-1])} or {ways[-1]}; dry_run=true lists what fits"
    ]
