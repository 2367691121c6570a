"""What fits on a card, and whether gradient checkpointing is needed for it."""

from dataclasses import dataclass, replace

from thoughtrank.finetuning.memory.device_fit import device_settings, fits, largest_micro_batch
from thoughtrank.finetuning.memory.setup import TrainingParts, training_setup
from thoughtrank.models.decoder_shape import DecoderShape

CARDS = (24, 48, 80, 141)
"""Memory of common cards in GB: RTX 3090 and 4090, L40S and A6000, A100 and H100, H200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFit:
    """How a training fits on a card.

    Attributes:
        checkpointing: gradient checkpointing is needed, or chosen by ``auto``.
        tokens: of the largest micro-batch that fits, or the limit that ``micro_batch_tokens=auto`` chooses; 0 where the
            longest example does not fit.
        enough: the micro-batches of the config fit.
    """

    checkpointing: bool
    tokens: int
    enough: bool


def card_fit(parts: TrainingParts, *, shape: DecoderShape, memory: float, liger: bool | None = None) -> CardFit | None:
    """Without gradient checkpointing if the configured micro-batch fits so, else with it; None where the sizes are unknown.

    Args:
        parts: of the config.
        shape: of the model.
        memory: of the card, in bytes.
        liger: Liger's kernels are used; None where they are installed.
    """
    if parts.micro_batch_tokens == "auto":
        return _automatic_fit(parts, shape=shape, memory=memory, liger=liger)
    fit = None
    for checkpointing in (False, True):
        setup = training_setup(parts, shape=shape, device="cuda", checkpointing=checkpointing, liger=liger)
        if setup is None:
            return None
        tokens = largest_micro_batch(setup, memory=memory)
        fit = CardFit(
            checkpointing=checkpointing,
            tokens=tokens if tokens >= parts.longest_example else 0,
            enough=tokens >= parts.tokens,
        )
        if fit.enough:
            break
    return fit


def _automatic_fit(parts: TrainingParts, *, shape: DecoderShape, memory: float, liger: bool | None) -> CardFit | None:
    """What both ``auto`` choose."""
    chosen = device_settings("auto", parts=parts, shape=shape, device="cuda", memory=memory, liger=liger)
    on, tokens = chosen.gradient_checkpointing, chosen.micro_batch_tokens
    limited = replace(parts, micro_batch_tokens=tokens)
    setup = training_setup(limited, shape=shape, device="cuda", checkpointing=on, liger=liger)
    if setup is None:
        return None
    enough = fits(setup, memory=memory)
    return CardFit(checkpointing=on, tokens=tokens or 0 if enough else 0, enough=enough)
