"""What fits on a device, and what ``auto`` means there: gradient checkpointing, and the tokens of a micro-batch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from thoughtrank.finetuning.memory.peak import TrainingSetup, peak_memory
from thoughtrank.finetuning.memory.setup import Checkpointing, MicroBatchTokens, TrainingParts, training_setup
from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.hardware import DeviceKind

_RESERVED = 1e9
"""Bytes that the CUDA context and the workspaces of libraries take."""
_TOLERANCE = 1.05
"""By how much the allocator's fragments and the error of the estimate may exceed it."""
_STEP, _LARGEST = 512, 1 << 16
_CHOICES = range(8192, 0, -256)
"""What ``micro_batch_tokens=auto`` chooses from. On an H100, training is 8 % faster with 8,192 tokens than with 4,096."""
_ENOUGH = 2048
"""Micro-batches of so many tokens without gradient checkpointing are better than larger ones with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """Keys of ``training`` on a device, with what ``auto`` means there.

    Attributes:
        gradient_checkpointing: it is on.
        micro_batch_tokens: most tokens of a micro-batch; None for no limit.
    """

    gradient_checkpointing: bool
    micro_batch_tokens: int | None

    def text(self) -> str:
        """One line for the user."""
        tokens = self.micro_batch_tokens
        size = "without a limit of tokens" if tokens is None else f"of at most {tokens:,} tokens"
        return f"micro-batches {size}, {'with' if self.gradient_checkpointing else 'without'} gradient checkpointing"


def fits(setup: TrainingSetup, *, memory: float) -> bool:
    """Whether a training fits on a device with so many bytes."""
    return peak_memory(setup).peak * _TOLERANCE + _RESERVED <= memory


def largest_micro_batch(setup: TrainingSetup, *, memory: float) -> int:
    """The most tokens of a micro-batch that fit, in steps of 512 and at most 65,536; 0 where none do."""
    # Memory grows with the tokens. A larger micro-batch does not need fewer of them per step to be safe.
    low, high = 0, _LARGEST // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if fits(replace(setup, tokens=middle * _STEP), memory=memory):
            low = middle
        else:
            high = middle - 1
    return low * _STEP


def device_settings(
    checkpointing: Checkpointing,
    *,
    parts: TrainingParts,
    shape: DecoderShape | None,
    device: DeviceKind,
    memory: float | None,
    liger: bool | None = None,
) -> DeviceSettings:
    """The settings of a training on a device.

    Gradient checkpointing is turned on where the training does not fit without. Micro-batches are as large as fit, without
    gradient checkpointing if that leaves room for 2,048 tokens. Where nothing fits, the settings are those that need the least.

    Args:
        checkpointing: ``training.gradient_checkpointing``.
        parts: of the config.
        shape: of the model; None where it is unknown.
        device: that trains.
        memory: of the device, in bytes; None where it is unknown. Without both, and on other devices than CUDA, ``auto`` is no
            gradient checkpointing and 4,096 tokens.
        liger: Liger's kernels are used on CUDA; None where they are installed.
    """
    settings = DeviceSettings(gradient_checkpointing=checkpointing is True, micro_batch_tokens=parts.unmeasured_tokens)
    if shape is None or memory is None or device != "cuda":
        return settings
    for candidate in _in_order_of_preference(checkpointing, parts.micro_batch_tokens):
        on, limited = candidate.gradient_checkpointing, replace(parts, micro_batch_tokens=candidate.micro_batch_tokens)
        setup = training_setup(limited, shape=shape, device=device, checkpointing=on, liger=liger)
        if setup is None:
            break
        settings = candidate
        if fits(setup, memory=memory):
            break
    return settings


def _in_order_of_preference(checkpointing: Checkpointing, tokens: MicroBatchTokens) -> Iterator[DeviceSettings]:
    """The settings that a config allows on CUDA; those that need the least memory come last."""
    ways = (False, True) if checkpointing == "auto" else (checkpointing,)
    for on in ways:
        if tokens != "auto":
            yield DeviceSettings(gradient_checkpointing=on, micro_batch_tokens=tokens)
            continue
        least = 0 if on is ways[-1] else _ENOUGH
        for choice in _CHOICES:
            if choice >= least:
                yield DeviceSettings(gradient_checkpointing=on, micro_batch_tokens=choice)
