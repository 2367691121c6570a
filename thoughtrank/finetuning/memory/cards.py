"""What fits on a card, and whether gradient checkpointing is needed for it."""

from dataclasses import dataclass, replace

from thoughtrank.finetuning.distributed.devices import DeviceKind
from thoughtrank.finetuning.memory.peak import TrainingSetup, peak_memory
from thoughtrank.finetuning.memory.setup import Checkpointing, TrainingParts, training_setup
from thoughtrank.models.decoder_shape import DecoderShape

CARDS = (24, 48, 80, 141)
"""Memory of common cards in GB: RTX 3090 and 4090, L40S and A6000, A100 and H100, H200."""

_RESERVED = 1e9
"""Bytes that the CUDA context and the workspaces of libraries take."""
_TOLERANCE = 1.05
"""By how much the allocator's fragments and the error of the estimate may exceed it."""
_STEP, _LARGEST = 512, 1 << 16


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFit:
    """How a training fits on a card.

    Attributes:
        checkpointing: gradient checkpointing is needed.
        tokens: the largest micro-batch; 0 where the longest example does not fit.
    """

    checkpointing: bool
    tokens: int


def card_fit(
    parts: TrainingParts, *, shape: DecoderShape, device: DeviceKind, memory: float, liger: bool | None = None
) -> CardFit | None:
    """Without gradient checkpointing if the configured micro-batch fits so, else with it; None where the sizes are unknown."""
    fit = None
    for checkpointing in (False, True):
        setup = training_setup(parts, shape=shape, device=device, checkpointing=checkpointing, liger=liger)
        if setup is None:
            return None
        tokens = largest_micro_batch(setup, memory=memory)
        fit = CardFit(checkpointing=checkpointing, tokens=tokens if tokens >= parts.longest_example else 0)
        if tokens >= parts.tokens:
            break
    return fit


def resolve_checkpointing(
    setting: Checkpointing, *, parts: TrainingParts, shape: DecoderShape | None, device: DeviceKind, memory: int | None
) -> bool:
    """What ``training.gradient_checkpointing=auto`` means: on where the training does not fit without.

    Args:
        setting: of the config.
        parts: of the config.
        shape: of the model; None where it is unknown, which turns ``auto`` off.
        device: that trains.
        memory: of the device, in bytes; None where it is unknown, which turns ``auto`` off.
    """
    if setting != "auto":
        return setting
    if shape is None or memory is None:
        return False
    setup = training_setup(parts, shape=shape, device=device, checkpointing=False)
    return setup is not None and not fits(setup, memory=memory)
