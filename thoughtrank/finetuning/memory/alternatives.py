"""Other settings of a training that need less memory per device, and on which cards each of them fits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.memory.cards import CARDS, CardFit, card_fit
from thoughtrank.finetuning.memory.setup import TrainingParts
from thoughtrank.finetuning.strategies import AutoStrategy, DeepSpeedStrategy, FSDPStrategy
from thoughtrank.models.decoder_shape import DecoderShape

DEVICES = 8
"""Devices of a node."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to train.

    Attributes:
        name: its settings as they are typed, or ``as configured``.
        parts: of its config.
    """

    name: str
    parts: TrainingParts


def alternatives(parts: TrainingParts) -> list[Alternative]:
    """The config itself, and others: on one device first, those that change least before others."""
    found = [
        Alternative("as configured", parts),
        Alternative(_bf16_name(parts), replace(parts, weights="bf16_kahan", precision="auto")),
        *(Alternative(_node_name(name), replace(parts, strategy=strategy)) for name, strategy in _sharding()),
        Alternative("strategy=deepspeed_zero3_offload", replace(parts, strategy=_zero(3, devices=1, offload=True))),
    ]
    if not parts.adapter.freezes_model:
        lora = replace(parts, adapter=Lora(), strategy=AutoStrategy(accelerator="cuda"))
        found.append(Alternative("adapter=lora", lora))
    return [each for index, each in enumerate(found) if not index or (each.parts != parts and _works(each.parts))]


def fitting(
    parts: TrainingParts, *, shape: DecoderShape, cards: Sequence[int] = CARDS, liger: bool | None = None
) -> dict[int, tuple[Alternative, CardFit] | None]:
    """For each card the first alternative that fits on it; None where none does.

    Args:
        parts: of the config.
        shape: of the model.
        cards: memory of each in GB.
        liger: Liger's kernels are used; None where they are installed.
    """
    ways = alternatives(parts)
    return {card: _first(ways, shape=shape, card=card, liger=liger) for card in cards}


def table_rows(parts: TrainingParts, *, shape: DecoderShape, cards: Iterable[int] = CARDS) -> list[list[str]]:
    """Each alternative with the ``tokens`` of its fit per card, and a note where it needs gradient checkpointing."""
    columns = list(cards)
    return [
        [
            each.name,
            *(_cell(card_fit(each.parts, shape=shape, memory=1e9 * card, liger=False)) for card in columns),
        ]
        for each in alternatives(parts)
    ]


def _bf16_name(parts: TrainingParts) -> str:
    name = "training.weights=bf16_kahan"
    return name if parts.precision == "auto" else f"{name} training.precision=auto"


def _node_name(strategy: str) -> str:
    return f"strategy={strategy} strategy.devices={DEVICES}"


def _sharding() -> list[tuple[str, DeepSpeedStrategy | FSDPStrategy]]:
    return [
        ("deepspeed_zero1", _zero(1)),
        ("deepspeed_zero2", _zero(2)),
        ("deepspeed_zero3", _zero(3)),
        ("fsdp", FSDPStrategy(accelerator="cuda", devices=DEVICES)),
    ]


def _zero(stage: Literal[1, 2, 3], *, devices: int = DEVICES, offload: bool = False) -> DeepSpeedStrategy:
    return DeepSpeedStrategy(stage=stage, offload=offload, accelerator="cuda", devices=devices)


def _works(parts: TrainingParts) -> bool:
    """Whether the components fit together and the batch divides."""
    faults = training_faults(
        weights=parts.weights,
        precision=parts.precision,
        optimizer=parts.optimizer,
        adapter=parts.adapter,
        strategy=parts.strategy,
    )
    return not faults and parts.batch_size % parts.strategy.world_size == 0


def _first(
    ways: Sequence[Alternative], *, shape: DecoderShape, card: int, liger: bool | None
) -> tuple[Alternative, CardFit] | None:
    for each in ways:
        fit = card_fit(each.parts, shape=shape, memory=1e9 * card, liger=liger)
        if fit is not None and fit.enough:
            return each, fit
    return None


def _cell(fit: CardFit | None) -> str:
    if fit is None or not fit.tokens:
        return "–"
    return f"{fit.tokens:,}{', checkpointing' if fit.checkpointing else ''}"
